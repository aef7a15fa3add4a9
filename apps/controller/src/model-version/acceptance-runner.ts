import type { Clock } from '@pawl/shared/concurrency/clock';
import { startDeadline } from '@pawl/shared/concurrency/deadline';
import { inBackground } from '@pawl/shared/concurrency/in-background';
import type { KubernetesApi } from '@pawl/shared/kubernetes/kubernetes-api';
import { configMaps } from '@pawl/shared/kubernetes/objects';
import type { Acceptance, ModelVersion } from '@pawl/shared/modelversion/model-version';
import type { Logger } from '../runtime/logger.ts';
import type { Action } from './decision.ts';
import type { AcceptanceRun } from './facts.ts';
import { readImages, type ModelConfig } from './model-config.ts';
import type { PodClient } from './pod-client.ts';
import { attemptOf } from './request-annotations.ts';

export interface AcceptanceRunnerOptions {
  readonly api: Pick<KubernetesApi, 'get'>;
  readonly pods: Pick<PodClient, 'askAcceptance'>;
  /** Tells that there is more to know about the versions of a key. */
  readonly onChange: (key: string) => void;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Aborted when the process ends. */
  readonly signal: AbortSignal;
}

/** Which pod to ask, and for which version. */
type Asking = Extract<Action, { readonly kind: 'ask-acceptance' }>;

const RETRY_MS = 2_000;

/**
 * Sends the acceptance images to canary pods in the background. A restart may lose its results: the images are then
 * sent again.
 */
export class AcceptanceRunner {
  readonly #options: AcceptanceRunnerOptions;
  readonly #runs = new Map<string, { readonly key: string; readonly run: AcceptanceRun }>();

  constructor(options: AcceptanceRunnerOptions) {
    this.#options = options;
  }

  /** How the versions of a key answered, by attempt. Drops the runs of that key whose version is gone or decided. */
  runs(key: string, versions: readonly ModelVersion[]): ReadonlyMap<string, AcceptanceRun> {
    const open = new Set(versions.filter(({ status }) => status?.verdict === undefined).map(attemptOf));
    const runs = new Map<string, AcceptanceRun>();
    for (const [attempt, known] of this.#runs) {
      if (known.key !== key) continue;
      if (open.has(attempt)) runs.set(attempt, known.run);
      else if (known.run.kind !== 'running') this.#runs.delete(attempt);
    }
    return runs;
  }

  /** Begins; does nothing while the same attempt is being asked. @param config with a valid policy. */
  start(key: string, asking: Asking, config: ModelConfig): void {
    const attempt = attemptOf(asking.version);
    if (config.policy === undefined || this.#runs.get(attempt)?.run.kind === 'running') return;
    this.#runs.set(attempt, { key, run: { kind: 'running' } });
    const { policy, imagesIn = [] } = config;
    const asked = this.#ask(asking, policy.acceptance, imagesIn)
      .then(
        (acceptance): AcceptanceRun => ({ kind: 'answered', acceptance }),
        (error: unknown): AcceptanceRun => ({
          kind: 'unanswered',
          message: messageOf(error),
          retryAt: this.#options.clock.now() + RETRY_MS,
        }),
      )
      .then((run) => {
        this.#runs.set(attempt, { key, run });
        this.#options.onChange(key);
      });
    inBackground(asked, (error) => {
      this.#options.logger.error({ key, err: error }, 'The result of the acceptance images could not be passed on.');
    });
  }

  async #ask(
    { version, pod, address, template }: Asking,
    { minCorrect, timeoutSeconds }: NonNullable<ModelConfig['policy']>['acceptance'],
    imagesIn: readonly string[],
  ): Promise<Acceptance> {
    const { api, pods, clock } = this.#options;
    const deadline = startDeadline(clock, timeoutSeconds * 1000, this.#options.signal);
    try {
      const { signal } = deadline;
      const { namespace } = version.metadata;
      // The caches do not keep the images.
      const found = imagesIn.map(async (name) => {
        const config = await api.get(configMaps, namespace, name, { signal });
        if (config === undefined) throw new Error(`the ConfigMap ${name} is gone`);
        return config;
      });
      const images = readImages(await Promise.all(found));
      const { digest } = version.spec.artifact;
      const rules = { digest, template, minCorrect, now: () => clock.now(), signal };
      return await pods.askAcceptance(address, images, rules).catch((error: unknown) => {
        throw new Error(`pod ${pod}: ${messageOf(error)}`, { cause: error });
      });
    } finally {
      deadline.done();
    }
  }
}

const messageOf = (error: unknown): string => (error as { readonly message?: string }).message ?? String(error);
