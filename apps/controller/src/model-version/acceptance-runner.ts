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
import { type Refused, isTold, refusedAgain } from './refusals.ts';
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

/** The pod was not asked. */
class ImagesUnread extends Error {}

interface Run {
  readonly key: string;
  readonly run: AcceptanceRun;
  /** How the API server refused the images at the last attempt. */
  readonly refused?: Refused | undefined;
}

/**
 * Sends the acceptance images to canary pods in the background. A restart may lose its results: the images are then
 * sent again.
 */
export class AcceptanceRunner {
  readonly #options: AcceptanceRunnerOptions;
  readonly #runs = new Map<string, Run>();

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
    const before = this.#runs.get(attempt)?.refused;
    this.#runs.set(attempt, { key, run: { kind: 'running', refused: toTell(before) }, refused: before });
    const { policy, imagesIn = [] } = config;
    const asked = this.#ask(asking, policy.acceptance, imagesIn)
      .then(
        (acceptance): Run => ({ key, run: { kind: 'answered', acceptance } }),
        (error: unknown): Run => {
          const isWithoutImages = error instanceof ImagesUnread ? true : undefined;
          const cause = error instanceof ImagesUnread ? error.cause : error;
          const refused = refusedAgain(before, 'to show the acceptance images', cause);
          const message = messageOf(cause);
          const retryAt = this.#options.clock.now() + RETRY_MS;
          const run = { kind: 'unanswered', message, retryAt, isWithoutImages, refused: toTell(refused) } as const;
          return { key, run, refused };
        },
      )
      .then((run) => {
        this.#runs.set(attempt, run);
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
    const { pods, clock } = this.#options;
    const deadline = startDeadline(clock, timeoutSeconds * 1000, this.#options.signal);
    try {
      const { signal } = deadline;
      const images = await this.#images(version.metadata.namespace, imagesIn, signal);
      const { digest } = version.spec.artifact;
      const rules = { digest, template, minCorrect, now: () => clock.now(), signal };
      return await pods.askAcceptance(address, images, rules).catch((error: unknown) => {
        throw new Error(`pod ${pod}: ${messageOf(error)}`, { cause: error });
      });
    } finally {
      deadline.done();
    }
  }

  /** The caches do not keep the images. @throws ImagesUnread */
  async #images(namespace: string, names: readonly string[], signal: AbortSignal) {
    const found = names.map(async (name) => {
      const config = await this.#options.api.get(configMaps, namespace, name, { signal });
      if (config === undefined) throw new Error(`the ConfigMap ${name} is gone`);
      return config;
    });
    try {
      return readImages(await Promise.all(found));
    } catch (error) {
      throw new ImagesUnread('The acceptance images could not be read.', { cause: error });
    }
  }
}

const toTell = (refused: Refused | undefined): string | undefined =>
  refused !== undefined && isTold(refused) ? refused.words : undefined;

const messageOf = (error: unknown): string => (error as { readonly message?: string }).message ?? String(error);
