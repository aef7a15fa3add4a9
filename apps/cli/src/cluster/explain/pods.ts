import { labels } from '@pawl/shared/modelversion/names';
import type { ContainerStatus, Pod, Terminated } from '@pawl/shared/kubernetes/objects';
import { plain, truncate } from '../../terminal/text.ts';
import type { Evidence } from './evidence.ts';

/** What matters about one pod. */
export interface PodSummary {
  readonly name: string;
  readonly ready: boolean;
  /** Whether the Service sends it requests. */
  readonly inService: boolean;
  readonly restarts: number;
  /** Running, or what it waits for: CrashLoopBackOff, ImagePullBackOff, Unschedulable ... */
  readonly state: string;
  /** The waiting message, or how a container last ended. */
  readonly detail?: string;
}

/** Waiting reasons that every healthy start passes through. */
const harmless = new Set(['PodInitializing', 'ContainerCreating']);

export function summarizePod(pod: Pod): PodSummary {
  const { status = {}, metadata } = pod;
  const containers = containersOf(pod);
  const unschedulable = status.conditions?.find((each) => each.type === 'PodScheduled' && each.status === 'False');
  const waiting =
    containers.find((each) => each.state?.waiting !== undefined && !harmless.has(each.state.waiting.reason ?? '')) ??
    containers.find((each) => each.state?.waiting !== undefined);
  const state =
    metadata.deletionTimestamp !== undefined
      ? 'Terminating'
      : unschedulable !== undefined
        ? (unschedulable.reason ?? 'Unschedulable')
        : (waiting?.state?.waiting?.reason ?? status.reason ?? status.phase ?? 'Unknown');
  const detail =
    ending(containers) ?? unschedulable?.message ?? waiting?.state?.waiting?.message ?? status.message ?? undefined;
  return {
    name: metadata.name,
    ready: status.conditions?.some((each) => each.type === 'Ready' && each.status === 'True') ?? false,
    inService: metadata.labels?.[labels.inService] === 'true',
    restarts: containers.reduce((sum, each) => sum + each.restartCount, 0),
    state,
    ...(detail === undefined ? {} : { detail: plain(detail) }),
  };
}

/** Time after a bad end in which a pod that is ready again still counts as not well, ms. */
const LATELY_MS = 10 * 60_000;
/** Time that a pod may take to become ready, ms. */
const START_MS = 2 * 60_000;

const containersOf = ({ status = {} }: Pod): readonly ContainerStatus[] => [
  ...(status.initContainerStatuses ?? []),
  ...(status.containerStatuses ?? []),
];

/** Whether a container of the pod ended badly not long ago; one whose end bears no time did. */
export function hasCrashedLately(pod: Pod, now: Date): boolean {
  return containersOf(pod).some(({ state, lastState }) => {
    const ended = failed(state?.terminated) ?? failed(lastState?.terminated);
    if (ended === undefined) return false;
    const at = Date.parse(ended.finishedAt ?? '');
    return Number.isNaN(at) || now.getTime() - at < LATELY_MS;
  });
}

/** Whether the pod is new and on its way, as every healthy pod is at first. */
export function isStarting(pod: Pod, now: Date): boolean {
  const { ready, restarts, state, detail } = summarizePod(pod);
  const madeAt = Date.parse(pod.metadata.creationTimestamp ?? '');
  const isUsual = ['Pending', 'Running'].includes(state) || harmless.has(state);
  return !ready && restarts === 0 && detail === undefined && isUsual && now.getTime() - madeAt < START_MS;
}

/** How a container of the pod last ended, if not well. */
function ending(containers: readonly ContainerStatus[]): string | undefined {
  for (const container of containers) {
    const ended = failed(container.state?.terminated) ?? failed(container.lastState?.terminated);
    if (ended === undefined) continue;
    const message = ended.message === undefined ? '' : `: ${truncate(plain(ended.message), 400, '...')}`;
    return `${container.name} ended with ${ended.reason ?? 'Error'} (exit ${ended.exitCode})${message}`;
  }
  return undefined;
}

const failed = (terminated: Terminated | undefined): Terminated | undefined =>
  terminated !== undefined && terminated.exitCode !== 0 ? terminated : undefined;

/** What a canary pod said or what is known of it when it died. */
export function lastWords(evidence: Evidence): string | undefined {
  if (!evidence.pods.ok) return undefined;
  for (const pod of evidence.pods.value) {
    const words = ending(containersOf(pod));
    if (words !== undefined) return words;
  }
  return undefined;
}
