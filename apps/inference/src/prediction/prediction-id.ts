import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Answer } from '@pawl/shared/execution/answer';

/** The claims of a prediction id. */
export interface PredictionClaims {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly version: string;
  readonly label: string;
  /** Four decimals. */
  readonly confidence: number;
}

/**
 * Prediction ids are signed tokens, not database keys: a later feedback contains everything that is needed to count it,
 * and cannot be forged (docs/decisions/0004).
 */
export class PredictionIds {
  readonly #key: Buffer;
  readonly #now: () => number;

  /**
   * @param secret key of the HMAC; undefined takes a random one, so that ids end with the process.
   * @param now milliseconds since the epoch.
   */
  constructor(secret: string | undefined, now: () => number = Date.now) {
    this.#key = secret === undefined ? randomBytes(32) : Buffer.from(secret);
    this.#now = now;
  }

  /** `<claims>.<signature>`, both base64url; the nonce keeps two equal predictions apart. */
  issue(answer: Answer, version: string): string {
    const nonce = randomBytes(6).toString('base64url');
    const claims = [this.#now(), version, answer.label, answer.confidence.toFixed(4), nonce].join('|');
    const payload = Buffer.from(claims).toString('base64url');
    return `${payload}.${this.#sign(payload)}`;
  }

  /** The claims of an id that this key signed, or undefined. */
  verify(id: string): PredictionClaims | undefined {
    const [payload = '', signature = ''] = id.split('.', 2);
    const expected = Buffer.from(this.#sign(payload));
    const given = Buffer.from(signature);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
    const [time, version = '', label = '', confidence] = Buffer.from(payload, 'base64url').toString().split('|');
    return { time: Number(time), version, label, confidence: Number(confidence) };
  }

  #sign(payload: string): string {
    // 128 bits are enough for a token that only changes a counter.
    return createHmac('sha256', this.#key).update(payload).digest().subarray(0, 16).toString('base64url');
  }
}
