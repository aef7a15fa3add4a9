import type { Bundle } from '@pawl/shared/bundle/open-bundle';
import type { Reference } from '@pawl/shared/bundle/reference';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { readGraphs } from '@pawl/shared/execution/bundle-graphs';
import { cpuLimit } from '@pawl/shared/execution/cpu-limit';
import { DecodeAdmission } from '@pawl/shared/execution/decode-admission';
import type { Classification, Interest } from '@pawl/shared/execution/image-task';
import { memoryLimit } from '@pawl/shared/execution/memory-limit';
import { memoryPlan } from '@pawl/shared/execution/memory-plan';
import { ImageWorkerPool } from '@pawl/shared/execution/worker-pool';
import type { Config } from '../config/config.schema.ts';
import type { Logger } from '../logging/logger.ts';
import { imageLimits } from '../preprocessing/image-limits.ts';
import { type BackendUsage, ModelBackend } from './model-backend.ts';

/**
 * Images a worker holds at once: one in the graph, one in the decoder, and one that the decoder has when it is through with
 * that, since it hears of another only between two runs of the graph (docs/decisions/0019).
 */
const IN_FLIGHT_PER_WORKER = 3;

/** Runs the graph with onnxruntime in a fixed pool of worker threads, one a core. */
export class OnnxModelBackend extends ModelBackend {
  readonly #config: Config;
  readonly #logger: Logger;
  #pool: ImageWorkerPool | undefined;
  #admission: DecodeAdmission | undefined;
  #workerDeaths = 0;
  #decoderDeaths = 0;
  readonly #stuck = Promise.withResolvers<string>();

  constructor(config: Config, logger: Logger) {
    super();
    this.#config = config;
    this.#logger = logger;
  }

  override async load(bundle: Bundle, reference?: Reference): Promise<void> {
    const { WORKERS, WORKER_NICENESS, QUEUE_LIMIT, PREDICTION_LOG } = this.#config;
    // Loading is tried again after a transient failure; the workers of the last attempt must not stay beside the new
    // ones.
    await this.#pool?.close();
    const graphs = await readGraphs(bundle, { projections: reference?.projections });
    const size = WORKERS === 'auto' ? cpuLimit() : WORKERS;
    const admission = this.#admit(size, [graphs.model, graphs.firstModel]);
    const pool = new ImageWorkerPool({
      size,
      queueLimit: QUEUE_LIMIT,
      inFlightPerWorker: IN_FLIGHT_PER_WORKER,
      setup: {
        ...graphs,
        limits: admission.limits,
        niceness: WORKER_NICENESS,
        measures: reference !== undefined || PREDICTION_LOG !== undefined,
      },
    });
    pool.on('died', (reason) => {
      this.#workerDeaths += 1;
      this.#logger.error({ reason, readyWorkers: pool.readyWorkers }, 'worker died; starting another');
    });
    pool.on('decoderLost', (reason) => {
      this.#decoderDeaths += 1;
      this.#logger.warn({ reason }, 'decoder process ended; starting another');
    });
    pool.on('stuck', this.#stuck.resolve);
    this.#admission = admission;
    // Set before the pool has started, so that a shutdown in the meantime ends it.
    this.#pool = pool;
    await pool.start();
  }

  override hasRoom(count: number): boolean {
    return this.#pool?.hasRoom(count) ?? false;
  }

  override async classify(chunks: readonly Uint8Array[], interest: Interest): Promise<Classification> {
    if (this.#pool === undefined || this.#admission === undefined)
      throw new PawlError('MODEL_NOT_READY', { message: 'No model is loaded.' });
    const { release, ...limits } = await this.#admission.admit(chunks, interest);
    return await this.#pool.classify(chunks, { ...interest, ...limits, onFinished: release });
  }

  override get usage(): BackendUsage {
    return {
      queueDepth: (this.#pool?.queueDepth ?? 0) + (this.#admission?.waiting ?? 0),
      inFlight: this.#pool?.inFlight ?? 0,
      readyWorkers: this.#pool?.readyWorkers ?? 0,
      workerDeaths: this.#workerDeaths,
      decoderDeaths: this.#decoderDeaths,
    };
  }

  override get stuck(): Promise<string> {
    return this.#stuck.promise;
  }

  override async close(): Promise<void> {
    await this.#pool?.close();
  }

  /** Shares out the memory of the container, and says how. */
  #admit(workers: number, graphs: readonly (Uint8Array | undefined)[]): DecodeAdmission {
    const { DECODE_MEMORY_BYTES, UPLOAD_MEMORY_BYTES, QUEUE_LIMIT } = this.#config;
    const input = {
      containerBytes: memoryLimit(),
      workers,
      uploadBytes: UPLOAD_MEMORY_BYTES,
      modelBytes: graphs.reduce((sum, graph) => sum + (graph?.byteLength ?? 0), 0),
      graphs: graphs.filter((graph) => graph !== undefined).length,
      decodeBytes: DECODE_MEMORY_BYTES === 'auto' ? undefined : DECODE_MEMORY_BYTES,
    };
    const { warning, ...plan } = memoryPlan(input);
    if (warning === undefined) this.#logger.info({ ...input, ...plan }, 'memory shared out');
    else this.#logger.warn({ ...input, ...plan }, `memory is short | ${warning}`);
    return new DecodeAdmission(imageLimits(this.#config), plan, QUEUE_LIMIT);
  }
}
