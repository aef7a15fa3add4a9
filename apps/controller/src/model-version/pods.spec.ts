import type { ContainerStatus, Pod } from '@pawl/shared/kubernetes/objects';
import { aPod } from '@pawl/test-kit/pods';
import { podFacts } from './pods.ts';

const MADE = Date.parse('2026-01-02T00:00:00Z');
const podOf = (status: NonNullable<Pod['status']> = {}): Pod => ({
  ...aPod('p', {
    metadata: {
      name: 'p',
      namespace: 'ns',
      uid: 'u',
      labels: {},
      annotations: {},
      creationTimestamp: '2026-01-02T00:00:00Z',
    },
    spec: { containers: [{ name: 'inference', ports: [{ name: 'http', containerPort: 9000 }] }] },
  }),
  status,
});
const container = (status: Partial<ContainerStatus>): ContainerStatus => ({
  name: 'inference',
  restartCount: 0,
  ready: false,
  ...status,
});
const ended = (reason: string, exitCode: number, message?: string) => ({
  terminated: { reason, exitCode, ...(message !== undefined && { message }) },
});

describe('a pod', () => {
  it('is ready by its condition, and in service by its label', () => {
    const pod = podOf({ podIP: '10.0.0.7', conditions: [{ type: 'Ready', status: 'True' }] });
    expect(podFacts(pod)).toMatchObject({ isReady: true, isInService: false, address: '10.0.0.7:9000' });
    const labelled = { ...pod, metadata: { ...pod.metadata, labels: { 'pawl.dev/in-service': 'true' } } };
    expect(podFacts(labelled).isInService).toBe(true);
  });

  it('has an address with brackets in an IPv6 cluster', () => {
    expect(podFacts(podOf({ podIP: 'fd00::7' })).address).toBe('[fd00::7]:9000');
  });

  it('without a status has none of it', () => {
    expect(podFacts({ ...podOf(), status: undefined } as never)).toMatchObject({ isReady: false, address: undefined });
  });
});

describe.each<[string, NonNullable<Pod['status']>, Partial<ReturnType<typeof podFacts>>]>([
  [
    'crashes when it is in CrashLoopBackOff, with its last message',
    {
      containerStatuses: [
        container({
          restartCount: 2,
          state: { waiting: { reason: 'CrashLoopBackOff' } },
          lastState: ended('OOMKilled', 137),
        }),
      ],
    },
    {
      crashed: 'ends again and again: container inference restarted 2 times, last with OOMKilled 137',
      heldUp: undefined,
    },
  ],
  [
    'is killed when it runs out of memory, as often as it restarted',
    {
      containerStatuses: [
        container({
          restartCount: 2,
          ready: true,
          lastState: { terminated: { reason: 'OOMKilled', exitCode: 137, finishedAt: '2026-01-02T03:00:00Z' } },
        }),
      ],
    },
    {
      crashed: undefined,
      killed: {
        words: 'ran out of memory: container inference ended 2 times, last with OOMKilled 137',
        times: 2,
        isEvicted: false,
        at: Date.parse('2026-01-02T03:00:00Z'),
        since: MADE,
      },
    },
  ],
  [
    'is killed once more before it has restarted',
    { containerStatuses: [container({ restartCount: 1, state: ended('OOMKilled', 137) })] },
    { killed: expect.objectContaining({ times: 2, at: undefined }) as never },
  ],
  [
    'is not killed when it ends by itself',
    { containerStatuses: [container({ restartCount: 2, lastState: ended('Error', 137) })] },
    { killed: undefined },
  ],
  [
    'is killed when its node evicts it',
    {
      phase: 'Failed',
      reason: 'Evicted',
      message: 'The node was low on resource: memory. ',
      conditions: [{ type: 'DisruptionTarget', status: 'True', lastTransitionTime: '2026-01-02T03:00:00Z' }],
    },
    {
      killed: {
        words: 'was evicted: The node was low on resource: memory.',
        times: 1,
        isEvicted: true,
        at: Date.parse('2026-01-02T03:00:00Z'),
        since: MADE,
      },
    },
  ],
  [
    'crashes when it restarted three times, even if it runs now',
    { containerStatuses: [container({ restartCount: 3, state: {}, lastState: ended('Error', 1, 'boom') })] },
    { crashed: 'ends again and again: container inference restarted 3 times, last with Error 1: boom' },
  ],
  [
    'does not crash when it restarted once',
    { containerStatuses: [container({ restartCount: 1, lastState: ended('Error', 1) })] },
    { crashed: undefined, waiting: 'container inference restarted 1 times, last with Error 1' },
  ],
  [
    'is held up when no node takes it',
    { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes' }] },
    { heldUp: 'no node takes it: 0/1 nodes' },
  ],
  [
    'is held up when its image cannot be had',
    { containerStatuses: [container({ state: { waiting: { reason: 'ImagePullBackOff', message: 'denied' } } })] },
    { heldUp: 'container inference: ImagePullBackOff (denied)', crashed: undefined },
  ],
  [
    'is held up, and does not crash, when the verified bundle cannot be fetched any more',
    {
      initContainerStatuses: [
        container({
          name: 'fetch-model',
          restartCount: 5,
          state: { waiting: { reason: 'CrashLoopBackOff' } },
          lastState: ended('Error', 1, 'BUNDLE_STORE_UNREACHABLE: refused'),
        }),
      ],
    },
    {
      heldUp: 'container fetch-model failed, last with Error 1: BUNDLE_STORE_UNREACHABLE: refused',
      crashed: undefined,
    },
  ],
])('a pod %s', (_title, status, expected) => {
  it('and that is told', () => {
    expect(podFacts(podOf(status))).toMatchObject(expected);
  });
});
