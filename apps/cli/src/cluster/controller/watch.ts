import type { Lease } from '@pawl/shared/kubernetes/objects';
import { CONTROLLER_SELECTOR } from '@pawl/shared/modelversion/names';
import { age, plain } from '../../terminal/text.ts';
import { attempt, type Found } from '../connection/attempt.ts';
import type { Cluster } from '../connection/cluster.ts';

/**
 * Whether the controller of a namespace still looks at its versions. Statuses are written only when something changes, so an
 * old one is right while the controller looks, and a guess when it does not. Its Lease tells the two apart.
 */
export type Watch =
  /** Until when it is known to have looked, RFC 3339. */
  | { readonly kind: 'looking'; readonly at: string }
  /** Its Lease is no longer renewed. */
  | { readonly kind: 'stopped'; readonly since: string }
  /** There is no Lease, so no controller ever ran in the namespace, or somebody deleted it. */
  | { readonly kind: 'absent' }
  /** The Lease could not be read. */
  | { readonly kind: 'unknown'; readonly why: string };

/** The clock of a command. */
export interface Time {
  readonly now: () => Date;
  sleep(ms: number): Promise<void>;
}

/** Shortest time without a renewal that counts, ms; a Lease that was given back names less, and the next holder needs time. */
const SHORTEST_MS = 15_000;
/** Time in which a controller that works renews its Lease, ms: it tries every 2 seconds. */
const RENEWED_WITHIN_MS = 5_000;

/** Pure: what a Lease says at a time. */
export function judgeLease(lease: Found<Lease | undefined>, now: Date): Watch {
  if (!lease.ok) return { kind: 'unknown', why: lease.why };
  const { renewTime, leaseDurationSeconds = 0 } = lease.value?.spec ?? {};
  const renewedAt = Date.parse(renewTime ?? '');
  if (Number.isNaN(renewedAt)) return { kind: 'absent' };
  const at = new Date(renewedAt).toISOString();
  const isStale = now.getTime() - renewedAt > Math.max(SHORTEST_MS, leaseDurationSeconds * 1000);
  return isStale ? { kind: 'stopped', since: at } : { kind: 'looking', at };
}

/**
 * Reads the Lease of a namespace. The time in it is the controller's and clocks differ, so one that looks stale is read
 * again: a controller that works has renewed it meanwhile.
 */
export async function readWatch(cluster: Cluster, namespace: string, time: Time): Promise<Watch> {
  const read = () => attempt(cluster.controllerLease(namespace));
  const watch = judgeLease(await read(), time.now());
  if (watch.kind !== 'stopped') return watch;
  await time.sleep(RENEWED_WITHIN_MS);
  const again = judgeLease(await read(), time.now());
  const isRenewed = again.kind === 'stopped' && again.since !== watch.since;
  return isRenewed ? { kind: 'looking', at: time.now().toISOString() } : again;
}

/** What must be known before statuses are believed, and what to do; undefined while the controller looks. */
export interface WatchWarning {
  /** A sentence. */
  readonly text: string;
  /** What to do, as the rest of a sentence. */
  readonly next: string;
  readonly command: string;
}

/**
 * The warning about statuses that nobody keeps up to date.
 *
 * @param kubectl `kubectl -n demo`, with what reaches the same cluster.
 */
export function watchWarning(watch: Watch, namespace: string, now: Date, kubectl: string): WatchWarning | undefined {
  const look = {
    next: 'See why it does not run; where there is none, install the chart again',
    command: `${kubectl} get deployments,pods -l ${CONTROLLER_SELECTOR}`,
  };
  switch (watch.kind) {
    case 'looking':
    case 'unknown':
      return undefined;
    case 'stopped': {
      const text = `The controller has not looked at namespace ${namespace} since ${watch.since.replace(/\.\d+Z$/, 'Z')} (${age(watch.since, now)} ago); what follows is as of then.`;
      return { text, ...look };
    }
    case 'absent': {
      const text = `No controller looks at namespace ${namespace}: it has no Lease of one; what follows is as of the last status, and may be wrong by now.`;
      return { text, ...look };
    }
  }
}

/** What is said where the Lease could not be read; empty otherwise. */
export const watchDoubt = (watch: Watch, namespace: string): string =>
  watch.kind === 'unknown'
    ? `Whether the controller still looks at namespace ${namespace} is not known: its Lease could not be read (${plain(watch.why)}).`
    : '';
