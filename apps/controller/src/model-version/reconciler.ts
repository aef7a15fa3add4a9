import type { Clock } from '@pawl/shared/concurrency/clock';
import type { KubernetesApi } from '@pawl/shared/kubernetes/kubernetes-api';
import type { NextReconcile } from '../runtime/controller-loop.ts';
import type { EventRecorder } from '../runtime/events.ts';
import type { Logger } from '../runtime/logger.ts';
import { AcceptanceRunner } from './acceptance-runner.ts';
import { act } from './act.ts';
import { Announcer } from './announcer.ts';
import { type Caches, ofModel } from './caches.ts';
import type { Action } from './decision.ts';
import { gather, type Observed, type Sources } from './gather.ts';
import { plan } from './plan.ts';
import type { PodClient } from './pod-client.ts';
import { Refusals } from './refusals.ts';
import { StatusWriter } from './status-writer.ts';
import type { Verifier } from './verifier.ts';

export interface ReconcilerOptions {
  readonly api: Pick<KubernetesApi, 'get' | 'apply' | 'mergePatch' | 'delete'>;
  readonly caches: Caches;
  readonly pods: PodClient;
  readonly verifier: Pick<Verifier, 'states' | 'start'>;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly logger: Logger;
  /** Asks for another look at a key. */
  readonly enqueue: (key: string) => void;
  readonly clock: Clock;
  /** Aborted when the process ends: stops what runs in the background. */
  readonly signal: AbortSignal;
}

/** Moves the versions of one model in one namespace, and its pods, towards the desired state. */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #statuses: StatusWriter;
  readonly #acceptances: AcceptanceRunner;
  readonly #refusals = new Refusals();
  readonly #sources: Sources;

  constructor(options: ReconcilerOptions) {
    const { api, caches, pods, verifier, events, logger, clock, signal, enqueue } = options;
    this.#options = options;
    this.#statuses = new StatusWriter(api, new Announcer(events, logger));
    this.#acceptances = new AcceptanceRunner({ api, pods, onChange: enqueue, logger, clock, signal });
    const now = () => clock.now();
    this.#sources = { api, caches, pods, verifier, acceptances: this.#acceptances, refusals: this.#refusals, now };
  }

  /** One pass. @param key see `keyOfModel`. */
  async reconcile(key: string, signal: AbortSignal): Promise<NextReconcile> {
    this.#statuses.requireFresh(ofModel(this.#options.caches, key).versions);
    const observed = await gather(this.#sources, key, signal);
    const decided = plan(observed.facts);
    this.#refusals.retain(key, decided.actions);
    await this.#statuses.record(decided, observed.facts, signal);
    await this.#carryOut(decided.actions, observed, signal);
    if (observed.failure !== undefined) throw observed.failure;
    return { requeueAfterMs: decided.requeueAfterMs };
  }

  /** In order; the first action that fails ends the pass. */
  async #carryOut(actions: readonly Action[], observed: Observed, signal: AbortSignal): Promise<void> {
    const { key } = observed;
    for (const action of actions)
      try {
        await this.#carryOutOne(action, observed, signal);
        this.#refusals.succeeded(key, action);
      } catch (error) {
        this.#refusals.note(key, action, error);
        throw error;
      }
  }

  async #carryOutOne(action: Action, observed: Observed, signal: AbortSignal): Promise<void> {
    const { key, config } = observed;
    const { policy, publicKeyPem } = config;
    if (action.kind === 'ask-acceptance') this.#acceptances.start(key, action, config);
    else if (action.kind !== 'verify') await act(this.#options.api, action, observed, signal);
    else if (policy !== undefined)
      this.#options.verifier.start(key, action.version, { artifact: policy.artifact, publicKeyPem });
  }
}
