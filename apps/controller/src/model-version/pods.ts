import {
  annotations,
  FETCH_CONTAINER,
  HTTP_PORT_NAME,
  INFERENCE_CONTAINER,
  labels,
} from '@pawl/shared/modelversion/names';
import type { ContainerState, ContainerStatus, Pod } from '@pawl/shared/kubernetes/objects';
import type { Killed, PodFacts } from './facts.ts';
import { milliseconds } from './time.ts';

/** Restarts of a container after which it counts as crashed. */
const CRASHES = 3;
const DEFAULT_PORT = 8000;

/** What a rollout needs to know of a pod. */
export function podFacts(pod: Pod): PodFacts {
  const { metadata, status } = pod;
  const condition = (type: string) => status?.conditions?.find((one) => one.type === type);
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const scheduled = condition('PodScheduled');
  return {
    name: metadata.name,
    uid: metadata.uid ?? '',
    address: status?.podIP === undefined ? undefined : address(status.podIP, port(pod)),
    digest: metadata.annotations?.[annotations.digest],
    isReady: condition('Ready')?.status === 'True',
    isInService: metadata.labels?.[labels.inService] === 'true',
    heldUp:
      scheduled?.reason === 'Unschedulable'
        ? `no node takes it: ${scheduled.message ?? ''}`
        : containers.map(heldUp).find((words) => words !== undefined),
    crashed: containers.map(crash).find((words) => words !== undefined),
    killed: killed(pod),
    waiting: containers.map(waiting).find((words) => words !== undefined),
  };
}

const address = (ip: string, port: number) => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`);

const port = (pod: Pod) =>
  pod.spec.containers
    .find(({ name }) => name === INFERENCE_CONTAINER)
    ?.ports?.find(({ name }) => name === HTTP_PORT_NAME)?.containerPort ?? DEFAULT_PORT;

/** Waiting reasons of a container whose image cannot be had. */
const NO_IMAGE = ['ErrImagePull', 'ImagePullBackOff', 'ErrImageNeverPull', 'InvalidImageName', 'ImageInspectError'];

/**
 * The bundle was verified before: a pod that cannot fetch it, or has no image to run, says nothing about the weights.
 */
function heldUp({ name, state, lastState }: ContainerStatus): string | undefined {
  const waiting = state?.waiting;
  if (waiting?.reason !== undefined && NO_IMAGE.includes(waiting.reason))
    return `container ${name}: ${waiting.reason}${waiting.message === undefined ? '' : ` (${waiting.message})`}`;
  const failed = [state, lastState].find((one) => (one?.terminated?.exitCode ?? 0) !== 0);
  return name === FETCH_CONTAINER && failed !== undefined ? `container ${name} failed${ending(failed)}` : undefined;
}

function crash(status: ContainerStatus): string | undefined {
  const { name, restartCount, state, lastState } = status;
  if (name === FETCH_CONTAINER) return undefined;
  if (state?.waiting?.reason !== 'CrashLoopBackOff' && restartCount < CRASHES) return undefined;
  return `ends again and again: container ${name} restarted ${restartCount} times${ending(lastState ?? state)}`;
}

/** Its container restarts after running out of memory; a pod that was evicted stays as it ended. */
function killed({ metadata, status }: Pod): Killed | undefined {
  const since = time(metadata.creationTimestamp) ?? 0;
  if (status?.reason === 'Evicted') {
    const at = time(status.conditions?.find(({ type }) => type === 'DisruptionTarget')?.lastTransitionTime);
    const words = `was evicted${status.message === undefined ? '' : `: ${status.message.trim()}`}`;
    return { words, times: 1, isEvicted: true, at, since };
  }
  for (const { name, restartCount, state, lastState } of status?.containerStatuses ?? []) {
    const end = [state, lastState].find((one) => one?.terminated?.reason === 'OOMKilled');
    if (end === undefined) continue;
    const times = Math.max(1, restartCount + (end === state ? 1 : 0));
    const words = `ran out of memory: container ${name} ended ${times} times${ending(end)}`;
    return { words, times, isEvicted: false, at: time(end.terminated?.finishedAt), since };
  }
  return undefined;
}

const time = (at: string | undefined): number | undefined => (at === undefined ? undefined : milliseconds(at));

function waiting({ name, state, lastState, ready, restartCount }: ContainerStatus): string | undefined {
  const reason = state?.waiting?.reason;
  const message = state?.waiting?.message;
  if (reason !== undefined && reason !== 'PodInitializing')
    return `container ${name} waits: ${reason}${message === undefined ? '' : ` (${message})`}${ending(lastState)}`;
  if (restartCount > 0 && !ready) return `container ${name} restarted ${restartCount} times${ending(lastState)}`;
  return undefined;
}

/** The end that the kubelet recorded, with the container's own words where it left some. */
function ending(state: ContainerState | undefined): string {
  const end = state?.terminated;
  if (end === undefined) return '';
  const words = end.message?.trim();
  return `, last with ${end.reason ?? 'exit'} ${end.exitCode}${words === undefined ? '' : `: ${words.slice(0, 300)}`}`;
}

/** The first words that say why a pod of these is not ready; undefined where none says. */
export const whyNoneIsReady = (pods: readonly (PodFacts | undefined)[]): string | undefined =>
  pods.map((pod) => pod?.crashed ?? pod?.heldUp ?? pod?.waiting).find((words) => words !== undefined);
