import type { Bundle } from '@pawl/shared/bundle/open-bundle';
import { readGraphs } from '@pawl/shared/execution/bundle-graphs';
import { cpuLimit } from '@pawl/shared/execution/cpu-limit';
import type { Classification } from '@pawl/shared/execution/image-task';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { shareBytes } from '@pawl/shared/execution/share-bytes';
import type { StagedSpec } from '@pawl/shared/execution/stage';
import { ImageWorkerPool } from '@pawl/shared/execution/worker-pool';
import { defaultImageLimits } from '@pawl/shared/preprocessing/limits';
import { explainLoadFailure } from './onnx/load-failure.ts';

/** A model as the service runs it: the same decoder, the same session, the same threads. */
export interface LocalModel {
  /** Pictures that keep every worker busy, when this many are asked about at once. */
  readonly capacity: number;
  /** What the graph says of an encoded picture. @throws PawlError of the decoder and of inference. */
  ask(bytes: Uint8Array): Promise<Classification>;
}

/** What {@link withLocalModel} needs of a bundle: the bytes that were verified. @throws PawlError of `Bundle.read`. */
export const modelOf = async (bundle: Bundle, signal: AbortSignal) => {
  const { model: bytes, ...graphs } = await readGraphs(bundle, { signal });
  return { bytes, ...graphs, name: `${bundle.manifest.name} ${bundle.manifest.version}` };
};

/** A graph that is to be loaded. */
export interface LocalModelSource {
  readonly bytes: Uint8Array;
  /** The graph that is asked before it, where the spec has a first stage. */
  readonly firstModel?: Uint8Array<SharedArrayBuffer> | undefined;
  readonly spec: StagedSpec;
  readonly name: string;
  /** Whether pictures are measured, for drift. */
  readonly measures?: boolean | undefined;
}

/** Whether what `ask` threw is about the picture: what the service refuses to whoever sends it, while the model is well. */
export const isRefusedPicture = (error: unknown): error is PawlError =>
  error instanceof PawlError && /^(IMAGE|FILE)_/.test(error.code);

/** Bytes; a larger file is refused. Larger than the service allows: files on a disk are nobody's attack. */
export const MAX_PICTURE_BYTES = 64 * 1024 * 1024;
/** Slower than the service allows, too. */
const limits = { ...defaultImageLimits, maxBytes: MAX_PICTURE_BYTES, timeoutMs: 60_000 };
const DEADLINE_MS = 300_000;
const IN_FLIGHT = 2;

/**
 * Runs `body` with a model loaded into the session that serves.
 *
 * @param bytes of the graph. @param firstModel the one that is asked before it.
 * @param name of the model, for people.
 * @throws CliError GRAPH_INVALID; PawlError MODEL_EXTERNAL_DATA; what `body` throws.
 */
export async function withLocalModel<Result>(
  { bytes, firstModel, spec, name, measures }: LocalModelSource,
  signal: AbortSignal,
  body: (model: LocalModel) => Promise<Result>,
): Promise<Result> {
  const size = cpuLimit();
  const pool = new ImageWorkerPool({
    size,
    queueLimit: 10_000,
    inFlightPerWorker: IN_FLIGHT,
    setup: { model: shareBytes(bytes), firstModel, spec, limits, niceness: 0, measures },
  });
  await pool.start().catch((error: unknown) => {
    throw explainLoadFailure(error, name);
  });
  try {
    return await body({
      capacity: size * IN_FLIGHT,
      ask: (picture) => pool.classify([picture], { signal, deadlineMs: DEADLINE_MS }),
    });
  } finally {
    await pool.close();
  }
}
