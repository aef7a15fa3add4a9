import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '@pawl/shared/concurrency/clock';
import { PawlError } from '@pawl/shared/errors/pawl-error';

/** What feedback has of a core while predictions wait for theirs. */
const SHARE_OF_A_CORE = 0.01;

/** What {@link FeedbackTurns} are made of. */
export interface FeedbackTurnsOptions {
  /** Most bytes of bodies that have not had their turn, while predictions wait. A single body always may. */
  readonly maxWaitingBytes: number;
  readonly clock: Clock;
  /** Whether predictions want all the CPU that there is. */
  readonly isBusy: () => boolean;
}

/** Ends a piece of work, and resolves when the next one may begin. */
export type Pause = () => Promise<void>;

/**
 * When feedback is worked on. One body at a time is, so that however many arrive at once, only one of them takes the memory of
 * a parsed one. Predictions go before it: while some of them wait, feedback rests after each piece of work for so long that it
 * takes no more than a hundredth of a core, and what comes faster than that is turned away.
 */
export class FeedbackTurns {
  readonly #options: FeedbackTurnsOptions;
  #waitingBytes = 0;
  /** Resolves when the latest body is done with; it never rejects. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: FeedbackTurnsOptions) {
    this.#options = options;
  }

  /**
   * @param bytes of a body; 0: its size is not known yet
   * @throws PawlError OVERLOADED where it may not wait.
   */
  assertRoom(bytes: number): void {
    const { maxWaitingBytes, isBusy } = this.#options;
    if (this.#waitingBytes === 0 || this.#waitingBytes + bytes <= maxWaitingBytes || !isBusy()) return;
    throw new PawlError('OVERLOADED', {
      message: 'Feedback comes faster than the predictions of this pod leave time to count it.',
      hint: 'Send it again after Retry-After; it can be given later as well.',
    });
  }

  /**
   * Does the work on a body when its turn has come.
   * @param bytes of the body
   * @param work calls its argument after each piece, of a millisecond or so.
   * @throws PawlError OVERLOADED where too much waits already; and the errors of `work`.
   */
  async take<T>(bytes: number, work: (pause: Pause) => Promise<T>): Promise<T> {
    this.assertRoom(bytes);
    this.#waitingBytes += bytes;
    const before = this.#turn;
    const { promise: done, resolve: pass } = Promise.withResolvers<undefined>();
    this.#turn = done;
    try {
      await before;
      const pause = this.#pauses();
      try {
        return await work(pause);
      } finally {
        // The next body waits for this rest, and the answer to this one does not.
        void pause().then(() => {
          pass(undefined);
        });
      }
    } finally {
      this.#waitingBytes -= bytes;
    }
  }

  /** Pauses of a piece of work that begins now. */
  #pauses(): Pause {
    const { clock, isBusy } = this.#options;
    let begun = clock.monotonic();
    return async () => {
      const workedMs = clock.monotonic() - begun;
      if (isBusy())
        await new Promise<void>((resolve) => void clock.schedule(workedMs * (1 / SHARE_OF_A_CORE - 1), resolve));
      else await nextTurn();
      begun = clock.monotonic();
    };
  }
}
