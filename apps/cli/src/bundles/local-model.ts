import type { Bundle } from '@pawl/shared/bundle/open-bundle';
import { cpuLimit } from '@pawl/shared/execution/cpu-limit';
import type { SessionSpec } from '@pawl/shared/execution/onnx-session';
import type { Classification } from '@pawl/shared/execution/image-task';
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

/** What {@link withLocalModel} needs of a bundle. */
export const modelOf = (bundle: Bundle) => ({
  modelPath: bundle.path(bundle.manifest.model),
  spec: bundle.manifest,
  name: `${bundle.manifest.name} ${bundle.manifest.version}`,
});

/** Larger and slower than the service allows: files on a disk are nobody's attack. */
const limits = { ...defaultImageLimits, maxBytes: 64 * 1024 * 1024, timeoutMs: 60_000 };
const DEADLINE_MS = 300_000;
const IN_FLIGHT = 2;

/**
 * Runs `body` with a model loaded into the session that serves.
 *
 * @param modelPath absolute path of the graph.
 * @param name of the model, for people.
 * @throws CliError GRAPH_INVALID; what `body` throws.
 */
export async function withLocalModel<Result>(
  { modelPath, spec, name }: { readonly modelPath: string; readonly spec: SessionSpec; readonly name: string },
  signal: AbortSignal,
  body: (model: LocalModel) => Promise<Result>,
): Promise<Result> {
  const size = cpuLimit();
  const pool = new ImageWorkerPool({
    size,
    queueLimit: 10_000,
    inFlightPerWorker: IN_FLIGHT,
    setup: { modelPath, spec, limits, decodeMemoryBytes: 2 ** 30, niceness: 0 },
  });
  await pool.start().catch((error: unknown) => {
    throw explainLoadFailure(error, name);
  });
  try {
    return await body({
      capacity: size * IN_FLIGHT,
      ask: (bytes) => pool.classify([bytes], { signal, deadlineMs: DEADLINE_MS }),
    });
  } finally {
    await pool.close();
  }
}
