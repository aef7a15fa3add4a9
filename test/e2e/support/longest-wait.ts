import type { Phase } from '@pawl/shared/modelversion/model-version';
import type { Entry } from './history.ts';

/** A wait that is worth telling, seconds: longer than any of these tests has to wait. */
const LONG_SECONDS = 60;

const moving = new Set<Phase>(['Pending', 'Verifying', 'Canary', 'Promoting']);

/**
 * Where a rollout stood longest, in one line, so that a slow run says what it waited for.
 * @param entries statuses in the order in which they were seen.
 * @param since milliseconds since the epoch; what was seen before is left out.
 * @returns nothing when no version was at one step for {@link LONG_SECONDS}.
 */
export function longestWait(entries: readonly Entry[], since = 0): string | undefined {
  const waits = new Map<string, { readonly from: number; readonly last: Entry; readonly seconds: number }>();
  let longest: { readonly last: Entry; readonly seconds: number } | undefined;
  for (const entry of entries) {
    if (entry.at < since) continue;
    const before = waits.get(entry.name);
    const isSame = before?.last.phase === entry.phase && before.last.step === entry.step;
    const from = isSame ? before.from : entry.at;
    // A status counts until the next one was seen.
    const ended = before === undefined ? undefined : { ...before, seconds: (entry.at - before.from) / 1000 };
    if (ended !== undefined && moving.has(ended.last.phase) && ended.seconds > (longest?.seconds ?? 0)) longest = ended;
    waits.set(entry.name, { from, last: entry, seconds: 0 });
  }
  if (longest === undefined || longest.seconds < LONG_SECONDS) return undefined;
  const { name, phase, step, message } = longest.last;
  return `${name} was ${phase} at step ${step} for ${Math.round(longest.seconds)} s: ${message}`;
}
