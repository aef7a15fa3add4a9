import { PawlError } from '@pawl/shared/errors/pawl-error';
import type { Classification, Interest } from '@pawl/shared/execution/image-task';
import { type BackendUsage, ModelBackend } from '../../src/model/model-backend.ts';

/** The model port's test double: answers a fixed logit, or what a test tells it to. */
export class FakeModelBackend extends ModelBackend {
  /** What the next classifications do; the default answers "cat" with probability 0.9526. */
  behaviour: (chunks: readonly Uint8Array[], interest: Interest) => Promise<Classification> = () =>
    Promise.resolve(this.answer(-3));
  room = Infinity;
  readyWorkers = 1;
  /** Images that reached the backend. */
  readonly seen: Buffer[] = [];
  closed = false;
  inFlight = 0;
  readonly #stuck = Promise.withResolvers<string>();

  answer(logit: number, frames = 1, stage?: Classification['stage']): Classification {
    return {
      output: [logit],
      projections: [],
      stage,
      image: { format: 'jpeg', width: 640, height: 480, frames },
      timings: { queueMs: 1, decodeMs: 2, inferMs: 3 },
    };
  }

  override load(): Promise<void> {
    return Promise.resolve();
  }

  override hasRoom(count: number): boolean {
    return count <= this.room;
  }

  override classify(chunks: readonly Uint8Array[], interest: Interest): Promise<Classification> {
    this.seen.push(Buffer.concat(chunks));
    if (this.room < 1) return Promise.reject(new PawlError('OVERLOADED', { message: 'full' }));
    return this.behaviour(chunks, interest);
  }

  override get usage(): BackendUsage {
    return {
      queueDepth: 0,
      inFlight: this.inFlight,
      readyWorkers: this.readyWorkers,
      workerDeaths: 0,
      decoderDeaths: 0,
    };
  }

  override get stuck(): Promise<string> {
    return this.#stuck.promise;
  }

  /** A worker hangs from now on. */
  hang(reason: string): void {
    this.#stuck.resolve(reason);
  }

  override close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}
