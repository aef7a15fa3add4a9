import { createHmac, createSecretKey, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Manifest } from '@pawl/shared/bundle/manifest';
import type { Answer } from '@pawl/shared/execution/answer';

/** The claims of a prediction id. */
export interface PredictionClaims {
  /** Milliseconds since the epoch, by the clock of the pod that answered. */
  readonly time: number;
  /** Name of the model. */
  readonly model: string;
  readonly version: string;
  /** The label that was answered, also where the model abstained. */
  readonly label: string;
  readonly abstained: boolean;
  /** Four decimals. */
  readonly confidence: number;
}

/** What a {@link PredictionIds} found to be signed. */
export interface VerifiedId {
  readonly claims: PredictionClaims;
  /** 128 bits that no other id has, and that nobody can choose: the signature. */
  readonly fingerprint: Buffer;
}

/** Longest id, characters: that of the longest names a manifest may have is shorter. */
const MAX_ID_LENGTH = 1024;
/** `<claims>.<signature>`: base64url of some bytes and of 16, whose last character has two bits, so that there is one spelling. */
const ID = /^([\w-]+)\.([\w-]{21}[AQgw])$/;

/**
 * Prediction ids are signed tokens, not database keys: a later feedback contains everything that is needed to count it,
 * and cannot be forged (docs/decisions/0004).
 */
export class PredictionIds {
  /** The first signs, all verify. */
  readonly #keys: readonly [KeyObject, ...KeyObject[]];
  readonly #now: () => number;

  /**
   * @param secret key of the HMAC; undefined takes a random one, so that ids end with the process.
   * @param oldSecrets other keys whose ids are still taken.
   * @param now milliseconds since the epoch.
   */
  constructor(secret: string | undefined, oldSecrets: readonly string[] = [], now: () => number = Date.now) {
    const own = secret === undefined ? randomBytes(32) : Buffer.from(secret);
    const old = oldSecrets.map((each) => createSecretKey(Buffer.from(each)));
    this.#keys = [createSecretKey(own), ...old];
    this.#now = now;
  }

  /** The id of a prediction; the nonce keeps two equal ones apart. */
  issue(answer: Answer, { name, version }: Pick<Manifest, 'name' | 'version'>): string {
    const nonce = randomBytes(6).toString('base64url');
    const said = [answer.label, answer.abstained === true ? 1 : 0, answer.confidence.toFixed(4)];
    const claims = [this.#now(), name, version, ...said, nonce].join('|');
    const payload = Buffer.from(claims).toString('base64url');
    return `${payload}.${sign(payload, this.#keys[0]).toString('base64url')}`;
  }

  /** What an id says that one of the keys signed, or undefined. */
  verify(id: string): VerifiedId | undefined {
    if (id.length > MAX_ID_LENGTH) return undefined;
    const [, payload, signature] = ID.exec(id) ?? [];
    if (payload === undefined || signature === undefined) return undefined;
    const given = Buffer.from(signature, 'base64url');
    if (!this.#keys.some((key) => timingSafeEqual(given, sign(payload, key)))) return undefined;
    const claims = parseClaims(Buffer.from(payload, 'base64url').toString());
    return claims === undefined ? undefined : { claims, fingerprint: given };
  }
}

/** Claims as {@link PredictionIds.issue} writes them; undefined for those of a release that wrote others. */
function parseClaims(text: string): PredictionClaims | undefined {
  const fields = text.split('|');
  const [time = '', model = '', version = '', label = '', abstained = '', confidence = ''] = fields;
  if (fields.length !== 7 || !/^\d{1,15}$/.test(time) || !/^[01]$/.test(abstained)) return undefined;
  return { time: Number(time), model, version, label, abstained: abstained === '1', confidence: Number(confidence) };
}

/** 128 bits are enough for a token that only changes a counter. */
const sign = (payload: string, key: KeyObject): Buffer =>
  createHmac('sha256', key).update(payload).digest().subarray(0, 16);
