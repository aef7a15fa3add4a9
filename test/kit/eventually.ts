import { setTimeout as sleep } from 'node:timers/promises';

/** How long a wait may take, in ms. Generous: it only bounds a run that will fail; nothing is measured by it. */
const PATIENCE_MS = 90_000;

/** How a wait is bounded. */
export interface WaitOptions {
  /** Ends the wait with an error, ms; {@link PATIENCE_MS} by default. */
  readonly timeoutMs?: number;
  /** Pause between two questions, ms; 20 by default. */
  readonly everyMs?: number;
}

/** Thrown by a question when it has become impossible that the wait ends well; it ends at once. */
export class GivenUp extends Error {}

/**
 * Asks until the answer is neither undefined nor false, and returns it. An error of `ask` counts as "not yet": a server
 * that is away for a while is part of many tests.
 * @param what what is waited for, for the error
 * @throws Error after `timeoutMs`, with the last error of `ask` as its cause; what `ask` gave up with
 */
export async function eventually<T>(
  what: string,
  ask: () => T | Promise<T>,
  { timeoutMs = PATIENCE_MS, everyMs = 20 }: WaitOptions = {},
): Promise<Exclude<T, undefined | false>> {
  const end = performance.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer as Exclude<T, undefined | false>;
      cause = undefined;
    } catch (error) {
      if (error instanceof GivenUp) throw error;
      cause = error;
    }
    if (performance.now() > end) throw new Error(`waited ${timeoutMs / 1000} s without success for ${what}`, { cause });
    await sleep(everyMs);
  }
}
