import type { ServerResponse } from 'node:http';
import type { Clock } from '@pawl/shared/concurrency/clock';
import { PawlError } from '@pawl/shared/errors/pawl-error';

/** What {@link PendingAnswers} are made of. */
export interface PendingAnswersOptions {
  /** Most entries of answers on their way. A single answer is always let through. */
  readonly maxEntries: number;
  /** Time that a client may take for one, ms; then its connection is closed. */
  readonly timeoutMs: number;
  readonly clock: Pick<Clock, 'schedule'>;
}

/**
 * Bounds the memory of long answers that clients do not take: an answer is larger than what was asked, and a client that never
 * reads leaves it in the process.
 */
export class PendingAnswers {
  readonly #options: PendingAnswersOptions;
  #entries = 0;

  constructor(options: PendingAnswersOptions) {
    this.#options = options;
  }

  /**
   * Counts an answer that is about to be made, until it has left the process or its client has gone.
   * @throws PawlError OVERLOADED where too many are on their way.
   */
  add(entries: number, response: Pick<ServerResponse, 'once' | 'closed' | 'destroy'>): void {
    const { maxEntries, timeoutMs, clock } = this.#options;
    if (response.closed) return;
    if (this.#entries > 0 && this.#entries + entries > maxEntries)
      throw new PawlError('OVERLOADED', { message: 'Too many answers wait for their clients to read them.' });
    this.#entries += entries;
    const cancel = clock.schedule(timeoutMs, () => response.destroy());
    response.once('close', () => {
      cancel();
      this.#entries -= entries;
    });
  }
}
