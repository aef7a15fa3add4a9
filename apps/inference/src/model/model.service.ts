import type { OnApplicationShutdown } from '@nestjs/common';
import type { Bundle } from '@pawl/shared/bundle/open-bundle';
import { readReference, type Reference } from '@pawl/shared/bundle/reference';
import { backoffMs, type Backoff } from '@pawl/shared/concurrency/backoff';
import { sleep, systemClock, type Clock } from '@pawl/shared/concurrency/clock';
import { inBackground } from '@pawl/shared/concurrency/in-background';
import type { Manifest } from '@pawl/shared/bundle/manifest';
import { maskUris } from '@pawl/shared/errors/mask-uri';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import type { Classification, Interest } from '@pawl/shared/execution/image-task';
import type { Config } from '../config/config.schema.ts';
import type { Logger } from '../logging/logger.ts';
import type { BundleSource } from './bundle-source.ts';
import { checkGolden } from './golden.ts';
import type { BackendUsage, ModelBackend } from './model-backend.ts';
import type { ModelState, ServedModel } from './model-state.ts';

/** Pauses after transient failures. */
const RETRIES: Backoff = { initialDelayMs: 1_000, maxDelayMs: 60_000 };

/**
 * The one model of this process, from address to readiness: fetch and verify, load and warm, compare golden images,
 * serve. A transient failure (a store that is down) is tried again; any other is final, and `/readyz` shows its reason.
 *
 * Plain TypeScript without decorators: it starts before Nest is loaded, so that both load at the same time
 * (docs/decisions/0006).
 */
export class ModelService implements OnApplicationShutdown {
  readonly #config: Config;
  readonly #source: Pick<BundleSource, 'open'>;
  readonly #backend: ModelBackend;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  readonly #settled = Promise.withResolvers<undefined>();
  readonly #named = Promise.withResolvers<string>();
  #name: string | undefined;
  #state: ModelState = { name: 'absent' };
  #firstStepOver: () => void = () => undefined;
  #stuckReason: string | undefined;

  constructor(
    config: Config,
    source: Pick<BundleSource, 'open'>,
    backend: ModelBackend,
    logger: Logger,
    clock: Clock = systemClock,
  ) {
    this.#config = config;
    this.#source = source;
    this.#backend = backend;
    this.#logger = logger;
    this.#clock = clock;
    void backend.stuck.then((reason) => (this.#stuckReason = reason));
    if (config.MODEL_NAME !== undefined) this.#takeName(config.MODEL_NAME);
  }

  /** The model's name: the configured one, or else the bundle's, which is undefined until the bundle is there. */
  get name(): string | undefined {
    return this.#name;
  }

  /** Resolves with {@link name} once it is known; never where there is neither a name nor a bundle. */
  get named(): Promise<string> {
    return this.#named.promise;
  }

  get state(): ModelState {
    return this.#state;
  }

  /** Resolves when the model no longer loads: it is ready, refused, absent or closed. */
  get settled(): Promise<unknown> {
    return this.#settled.promise;
  }

  get usage(): BackendUsage {
    return this.#backend.usage;
  }

  /** Resolves with why, when only a new process helps; see {@link ModelBackend.stuck}. */
  get stuck(): Promise<string> {
    return this.#backend.stuck;
  }

  /** Why only a new process helps; undefined as long as none is needed. */
  get stuckReason(): string | undefined {
    return this.#stuckReason;
  }

  /** Whether a worker is at work that cannot be ended in order: it loads, or holds an image. */
  get isBusy(): boolean {
    const loads = this.#state.name === 'loading' && this.#state.step === 'load';
    return loads || this.#backend.usage.inFlight > 0;
  }

  /** The model when it can answer now: it is ready and a worker is alive. */
  get served(): ServedModel | undefined {
    return this.#state.name === 'ready' && this.#backend.usage.readyWorkers > 0 ? this.#state.model : undefined;
  }

  /** The model that can answer now. @throws PawlError MODEL_NOT_READY while {@link served} is undefined. */
  require(): ServedModel {
    const model = this.served;
    if (model === undefined) throw new PawlError('MODEL_NOT_READY', { message: this.whyNotReady });
    return model;
  }

  /** One sentence about why the model is not ready. */
  get whyNotReady(): string {
    return notReady(this.#state);
  }

  hasRoom(count: number): boolean {
    return this.#backend.hasRoom(count);
  }

  classify(chunks: readonly Uint8Array[], interest: Interest): Promise<Classification> {
    return this.#backend.classify(chunks, interest);
  }

  /**
   * Begins; `state` tells how it goes. Call it once.
   * @returns resolves when the first step is over: the bundle is fetched and the workers are loading it, or it failed.
   */
  start(): Promise<void> {
    const first = Promise.withResolvers<undefined>();
    this.#firstStepOver = () => {
      first.resolve(undefined);
    };
    const uri = this.#config.MODEL_URI;
    if (uri === undefined) {
      this.#logger.warn({}, 'no model: MODEL_URI is not set, /predict answers 503');
      this.#settle({ name: 'absent' });
      return Promise.resolve();
    }
    // Not awaited: probes and /health are answered while the model loads.
    inBackground(this.#run(uri).finally(this.#firstStepOver), (cause) => {
      this.#logger.error({ cause }, 'the workers of a refused model could not be ended');
    });
    return first.promise;
  }

  async onApplicationShutdown(): Promise<void> {
    this.#stop.abort();
    await this.#backend.close();
    this.#settle({ name: 'closed' });
  }

  async #run(uri: string): Promise<void> {
    const begin = this.#clock.monotonic();
    for (let failures = 1; !this.#isStopped(); failures += 1) {
      try {
        const model = await this.#bring(uri);
        if (!this.#isStopped()) this.#serve(model, (this.#clock.monotonic() - begin) / 1000);
        return;
      } catch (cause) {
        if (this.#isStopped()) return;
        const error =
          cause instanceof PawlError
            ? cause
            : new PawlError('INTERNAL', { message: 'The model could not be brought up.', cause });
        if (!error.transient) {
          await this.#refuse(error);
          return;
        }
        const retryMs = backoffMs(RETRIES, failures);
        this.#state = { name: 'loading', step: 'fetch', lastError: error };
        this.#logger.warn({ ...facts(error), retryMs }, `model load failed, trying again | ${error.message}`);
        await sleep(this.#clock, retryMs, this.#stop.signal);
      }
    }
  }

  #serve(model: ServedModel, seconds: number): void {
    this.#settle({ name: 'ready', model });
    const { digest, golden } = model;
    const { name, version, lineage } = model.manifest;
    this.#logger.info({ model: name, version, digest, lineage, ...golden, seconds }, 'model loaded');
  }

  async #refuse(error: PawlError): Promise<void> {
    this.#settle({ name: 'failed', error });
    this.#logger.error(facts(error), `model load failed | ${error.message}`);
    // A model that was loaded and then refused serves no requests; its memory is freed.
    await this.#backend.close();
  }

  async #bring(uri: string): Promise<ServedModel> {
    this.#enter('fetch');
    const bundle: Bundle = await this.#source.open(uri, this.#stop.signal);
    const { manifest, digest } = bundle;
    this.#takeName(this.#name ?? manifest.name);
    if (manifest.name !== this.#name)
      throw new PawlError('MODEL_INCOMPATIBLE', {
        message: `The bundle is of the model "${manifest.name}", this service serves "${this.#name}".`,
        hint: 'Set MODEL_NAME and MODEL_URI to the same model, or leave MODEL_NAME out to serve any.',
      });
    this.#enter('load');
    const reference = await this.#reference(bundle);
    const loading = this.#backend.load(bundle, reference);
    this.#firstStepOver();
    await loading;
    this.#enter('golden');
    const golden = await checkGolden(bundle, this.#backend, this.#config.IMAGE_TIMEOUT_MS);
    return {
      manifest: shownManifest(manifest),
      digest,
      golden,
      reference,
      examplePath: bundle.path(manifest.golden.images[0]?.file ?? manifest.model),
    };
  }

  /** A bundle whose statistics cannot be read serves all the same: they judge answers, and make none. */
  async #reference(bundle: Bundle): Promise<Reference | undefined> {
    if (!this.#config.DRIFT) return undefined;
    try {
      return await readReference(bundle, this.#stop.signal);
    } catch (error) {
      if (!(error instanceof PawlError) || error.code !== 'BUNDLE_REFERENCE_INVALID') throw error;
      this.#logger.warn(facts(error), `drift is not watched | ${error.message}`);
      return undefined;
    }
  }

  #takeName(name: string): void {
    this.#name = name;
    this.#named.resolve(name);
  }

  #settle(state: Exclude<ModelState, { readonly name: 'loading' }>): void {
    this.#state = state;
    this.#settled.resolve(undefined);
  }

  #isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  /** @throws the stop signal's reason: a closed service takes no further step. */
  #enter(step: 'fetch' | 'load' | 'golden'): void {
    this.#stop.signal.throwIfAborted();
    this.#state = { name: 'loading', step };
  }
}

/** What the author says of the origin is repeated by `/readyz`, the log and the metrics: without secrets of addresses. */
function shownManifest(manifest: Manifest): Manifest {
  const lineage = Object.entries(manifest.lineage).map(([key, text]) => [key, maskUris(text)] as const);
  return { ...manifest, lineage: Object.fromEntries(lineage) };
}

const facts = ({ code, hint, cause }: PawlError) => ({ code, hint, cause });

function notReady(state: ModelState): string {
  switch (state.name) {
    case 'absent':
      return 'No model is configured.';
    case 'loading':
      return state.lastError === undefined
        ? `The model is being brought up (${state.step}).`
        : `The model cannot be fetched yet: ${state.lastError.message}`;
    case 'failed':
      return `The model was refused: ${state.error.message}`;
    case 'closed':
      return 'The service is shutting down.';
    case 'ready':
      return 'No worker is alive; one is being started.';
  }
}
