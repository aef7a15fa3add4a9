import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inRepository } from '@pawl/test-kit/repository';

/** A photograph with the label that is true. */
export interface Photograph {
  readonly label: string;
  readonly bytes: Uint8Array;
}

const folder = inRepository('charts/pawl/acceptance');
const shipped: readonly Photograph[] = readdirSync(folder)
  .filter((name) => name.endsWith('.jpg'))
  .map((name) => ({ label: name.split('.')[0] ?? '', bytes: readFileSync(join(folder, name)) }));
/** Pictures of neither. */
const strangers = ['owl', 'tiger'].map((name) =>
  readFileSync(inRepository(`apps/inference/public/examples/${name}.jpg`)),
);
/** What is not taken, for different reasons. */
const broken = [
  Buffer.from('no picture at all'),
  Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'),
  shipped[0]?.bytes.subarray(0, 2_000),
];

/** Requests at once that no small queue takes. */
const CROWD = 24;

/** What users do, one turn in so many. */
export interface Habits {
  /** A picture of neither. */
  strangersEvery: number;
  /** A file that is no picture. */
  brokenEvery: number;
  /** Feedback that says that the label was the other one. */
  liesEvery: number;
  /** More requests at once than a small queue takes. */
  crowdEvery: number;
  /** Milliseconds between two turns. */
  pauseMs: number;
}

/** Users of a service, until they are told to leave: pictures of all kinds, and what they say of the answers. */
export class Users {
  readonly habits: Habits = { strangersEvery: 7, brokenEvery: 6, liesEvery: 9, crowdEvery: 40, pauseMs: 100 };
  readonly #url: string;
  readonly #leaving: AbortSignal;
  readonly #photographs: readonly Photograph[];
  #next = 0;

  /** @param leaving when they leave. */
  constructor(url: string, leaving: AbortSignal, photographs: readonly Photograph[] = shipped) {
    this.#url = url;
    this.#leaving = leaving;
    this.#photographs = photographs;
  }

  async stay(): Promise<void> {
    for (let turn = 1; !this.#leaving.aborted; turn += 1) {
      const { strangersEvery, brokenEvery, liesEvery, crowdEvery, pauseMs } = this.habits;
      await this.#ask(turn, turn % liesEvery === 0);
      if (turn % strangersEvery === 0) {
        const stranger = strangers[(turn / strangersEvery) % strangers.length];
        await this.#tell(await this.#post('/predict', stranger, 'image/jpeg'), 'neither');
      }
      if (turn % brokenEvery === 0)
        await this.#post('/predict', broken[(turn / brokenEvery) % broken.length], 'image/jpeg');
      if (turn % crowdEvery === 0)
        await Promise.all(
          Array.from({ length: CROWD }, () => this.#post('/predict', this.#photograph()?.bytes, 'image/jpeg')),
        );
      await sleep(pauseMs);
    }
  }

  /** Somebody asks about a photograph and says what it was, now and then twice, or of a prediction that nobody made. */
  async #ask(turn: number, isLie: boolean): Promise<void> {
    const photograph = this.#photograph();
    if (photograph === undefined) return;
    const answer = await this.#post('/predict', photograph.bytes, 'image/jpeg');
    const label = isLie ? (photograph.label === 'cat' ? 'dog' : 'cat') : photograph.label;
    await this.#tell(answer, label);
    if (turn % 5 === 0) await this.#tell(answer, label);
    if (turn % 15 === 0) await this.#tell({ prediction_id: 'no.id' }, label);
  }

  #photograph(): Photograph | undefined {
    this.#next += 1;
    return this.#photographs[this.#next % this.#photographs.length];
  }

  async #tell(answer: unknown, label: string): Promise<void> {
    const { prediction_id: id } = (answer ?? {}) as { readonly prediction_id?: string };
    if (id !== undefined)
      await this.#post('/feedback', JSON.stringify({ prediction_id: id, label }), 'application/json');
  }

  async #post(path: string, body: Uint8Array | string | undefined, type: string): Promise<unknown> {
    const headers = { 'content-type': type };
    const answer = await fetch(this.#url + path, { method: 'POST', body: (body ?? null) as BodyInit | null, headers });
    return answer.json();
  }
}
