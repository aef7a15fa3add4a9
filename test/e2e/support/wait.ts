import { setTimeout as sleep } from 'node:timers/promises';

/** How long a wait may take. Generous: it only bounds a run that will fail; nothing is measured by it. */
export const PATIENCE_MS = 300_000;

export interface WaitOptions {
  readonly timeoutMs?: number;
  readonly everyMs?: number;
}

/**
 * Asks until the answer is not undefined. An error of `ask` counts as "not yet" and is told when time is up: an API server
 * that is away for a while is part of the tests.
 */
export async function waitFor<T>(
  what: string,
  ask: () => Promise<T | undefined> | T | undefined,
  { timeoutMs = PATIENCE_MS, everyMs = 300 }: WaitOptions = {},
): Promise<T> {
  const end = performance.now() + timeoutMs;
  let error: unknown;
  do {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
      error = undefined;
    } catch (cause) {
      if (cause instanceof GivenUp) throw cause;
      error = cause;
    }
    await sleep(everyMs);
  } while (performance.now() < end);
  throw new Error(`waited ${timeoutMs / 1000} s in vain for ${what}`, { cause: error });
}

/** Thrown in a wait when it has become impossible that it ends well. */
export class GivenUp extends Error {}
