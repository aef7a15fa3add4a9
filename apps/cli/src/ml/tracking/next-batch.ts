import type { EventOf, RunEvent } from './run-events.ts';

/** Events that are sent at once. */
type Together = 'params' | 'tags' | 'metrics';

/** What is sent next: several events of a kind that may go together, or one event. */
export type EventBatch =
  | { readonly [Kind in Together]: { readonly kind: Kind; readonly events: readonly EventOf<Kind>[] } }[Together]
  | { readonly kind: 'one'; readonly events: readonly [Exclude<RunEvent, { event: Together }>] };

/** Pure: the events from `start` on that are sent next. `start` is below the number of events. */
export function nextBatch(events: readonly RunEvent[], start: number): EventBatch {
  const first = events[start];
  if (first === undefined) throw new RangeError(`no event ${start} among ${events.length}`);
  if (first.event === 'params') return { kind: 'params', events: runOf(events, start, 'params') };
  if (first.event === 'tags') return { kind: 'tags', events: runOf(events, start, 'tags') };
  if (first.event === 'metrics') return { kind: 'metrics', events: runOf(events, start, 'metrics') };
  return { kind: 'one', events: [first] };
}

/** The events of one kind from `start` to the first of another kind. */
function runOf<Kind extends Together>(
  events: readonly RunEvent[],
  start: number,
  kind: Kind,
): readonly EventOf<Kind>[] {
  const found: EventOf<Kind>[] = [];
  for (const event of events.slice(start)) {
    if (event.event !== kind) break;
    found.push(event as EventOf<Kind>);
  }
  return found;
}
