import { annotations, CANARY, labels } from '@pawl/shared/modelversion/names';
import { type Pod, pods } from '@pawl/shared/kubernetes/objects';
import { isNotFound } from '@pawl/shared/kubernetes/api-error';
import type { KubeClient } from '@pawl/shared/kubernetes/client';
import type { Informer } from '../../src/runtime/informer.ts';
import { type Behaviour, PodService, good } from './pod-service.ts';

/** Loopback addresses are handed out once per process; the second byte keeps processes apart. */
let lastAddress = 0;
const nextAddress = () => {
  lastAddress += 1;
  return `127.${10 + (process.pid % 240)}.${Math.floor(lastAddress / 250)}.${1 + (lastAddress % 250)}`;
};

/**
 * Plays the kubelet for pods that no scheduler takes (`schedulerName: none`): gives each an address, a service behind it
 * and the status that the weights' behaviour asks for. The rest of Kubernetes is the real one.
 */
export class FakePods {
  readonly #client: KubeClient;
  readonly #model: string;
  readonly #port: number;
  readonly #behaviours = new Map<string, Behaviour>();
  readonly #services = new Map<string, PodService>();
  readonly #failures: unknown[] = [];
  #closed = false;

  constructor(client: KubeClient, informer: Informer<Pod>, { model, port }: { model: string; port: number }) {
    this.#client = client;
    this.#model = model;
    this.#port = port;
    informer.onChange((now, before) => {
      if (now !== undefined) this.#follow(now);
      else if (before !== undefined) this.#end(before);
    });
  }

  /** How pods behave that serve a digest; good unless told. */
  behave(digest: string, behaviour: Partial<Behaviour>): void {
    this.#behaviours.set(digest, { ...good, ...behaviour });
  }

  /** What went wrong with the pretence itself. */
  get failures(): readonly unknown[] {
    return this.#failures;
  }

  close(): void {
    this.#closed = true;
    for (const service of this.#services.values()) service.close();
  }

  #follow(pod: Pod): void {
    const { uid = '' } = pod.metadata;
    const known = this.#services.get(uid);
    if (known !== undefined) known.isInService = pod.metadata.labels?.[labels.inService] === 'true';
    else if (!this.#closed) this.#start(pod, uid).catch((error: unknown) => this.#failures.push(error));
  }

  async #start(pod: Pod, uid: string): Promise<void> {
    const digest = pod.metadata.annotations?.[annotations.digest];
    const behaviour = digest === undefined ? { ...good, pod: 'never-ready' as const } : this.#behaviourOf(digest);
    const service = new PodService(this.#model, digest ?? '', behaviour);
    this.#services.set(uid, service);
    service.isInService = pod.metadata.labels?.[labels.inService] === 'true';
    const address = nextAddress();
    await service.listen(address, this.#port);
    const { namespace, name } = pod.metadata;
    const isCanary = pod.metadata.labels?.[labels.track] === CANARY;
    const kind = behaviour.pod === 'late' ? (isCanary ? 'ready' : 'never-ready') : behaviour.pod;
    try {
      const status = statusOf(kind, address);
      await this.#client.mergePatch(pods, namespace, name, { status }, { subresource: 'status' });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  #behaviourOf(digest: string): Behaviour {
    return this.#behaviours.get(digest) ?? good;
  }

  #end({ metadata }: Pod): void {
    this.#services.get(metadata.uid ?? '')?.close();
  }
}

function statusOf(kind: Exclude<Behaviour['pod'], 'late'>, podIP: string): object {
  const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  const condition = (type: string, status: string, rest: object = {}) => ({
    type,
    status,
    lastTransitionTime: now,
    ...rest,
  });
  if (kind === 'unschedulable')
    return {
      phase: 'Pending',
      conditions: [
        condition('PodScheduled', 'False', { reason: 'Unschedulable', message: '0/3 nodes are available: no room' }),
      ],
    };
  const isReady = kind === 'ready';
  const ready = isReady ? 'True' : 'False';
  const started = { running: { startedAt: now } };
  const crashed = { terminated: { exitCode: 1, reason: 'Error', message: 'the weights do not load' } };
  return {
    phase: 'Running',
    podIP,
    podIPs: [{ ip: podIP }],
    conditions: [
      condition('PodScheduled', 'True'),
      condition('Initialized', 'True'),
      condition('ContainersReady', ready),
      condition('Ready', ready),
    ],
    containerStatuses: [
      {
        name: 'inference',
        image: 'none',
        imageID: '',
        ready: isReady,
        ...(kind === 'crash-looping'
          ? { restartCount: 4, state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: crashed }
          : { restartCount: 0, state: started }),
      },
    ],
  };
}
