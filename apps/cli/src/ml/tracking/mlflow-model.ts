import { copyFile, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isBinary, type Manifest } from '@pawl/shared/bundle/manifest';
import { inputDimensions } from '@pawl/shared/preprocessing/to-tensor';
import { stringify } from 'yaml';
import { onDisk } from './store-files.ts';

/** What a bundle is turned into an MLflow model from. */
export interface MlflowModelSource {
  /** Absolute path of the bundle's folder. */
  readonly directory: string;
  readonly manifest: Manifest;
  /** `sha256:<hex>` of the bundle, where it is known. */
  readonly digest?: string | undefined;
  /** Of the run that made it. */
  readonly runId?: string | undefined;
  /** Time of creation. */
  readonly now: Date;
}

/** Python that the environment files name; MLflow 3 runs on 3.10 and later. */
const PYTHON = '3.11';
/** What loads the model: MLflow's ONNX flavour, and onnxruntime from the release that knows opset 17. */
const requirements = ['mlflow>=3.1,<4', 'numpy>=1.26', 'onnx>=1.15', 'onnxruntime>=1.17'];

/**
 * Writes a bundle as an MLflow model with the flavours `onnx` and `python_function` (mlflow.org/docs, "MLflow Models"):
 * `mlflow.onnx.load_model` and `mlflow.pyfunc.load_model` load it. It takes decoded pictures in the manifest's layout and
 * dtype, and answers with the graph's output by name, a dict of arrays.
 *
 * @param folder absolute; what is there is replaced.
 * @throws CliError DISK_FULL, FILE_WRITE_FAILED.
 */
export async function writeMlflowModel(folder: string, source: MlflowModelSource): Promise<void> {
  const graph = join(source.directory, source.manifest.model);
  await onDisk(folder, async () => {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    await copyFile(graph, join(folder, MODEL_FILE));
    const { size } = await stat(graph);
    const yaml = (data: object) => stringify(data, { lineWidth: 0 });
    await writeFile(join(folder, 'MLmodel'), yaml(describeModel(source, size)));
    await writeFile(join(folder, 'requirements.txt'), `${requirements.join('\n')}\n`);
    await writeFile(
      join(folder, 'python_env.yaml'),
      yaml({
        python: PYTHON,
        build_dependencies: ['pip', 'setuptools', 'wheel'],
        dependencies: ['-r requirements.txt'],
      }),
    );
    await writeFile(
      join(folder, 'conda.yaml'),
      yaml({
        name: 'mlflow-env',
        channels: ['conda-forge'],
        dependencies: [`python=${PYTHON}`, 'pip', { pip: requirements }],
      }),
    );
  });
}

const MODEL_FILE = 'model.onnx';

/** The file `MLmodel`. Pure. `bytes`: of the graph. */
function describeModel({ manifest, digest, runId, now }: MlflowModelSource, bytes: number): object {
  const { input, output, labels } = manifest;
  return {
    ...(runId === undefined ? {} : { run_id: runId }),
    flavors: {
      onnx: {
        code: null,
        data: MODEL_FILE,
        onnx_session_options: null,
        providers: ['CPUExecutionProvider'],
      },
      python_function: {
        data: MODEL_FILE,
        env: { conda: 'conda.yaml', virtualenv: 'python_env.yaml' },
        loader_module: 'mlflow.onnx',
        python_version: PYTHON,
      },
    },
    model_size_bytes: bytes,
    signature: {
      inputs: tensors({ dtype: input.dtype, shape: inputDimensions(input, -1) }),
      outputs: tensors({
        name: output.name,
        dtype: 'float32',
        shape: [-1, isBinary(output.kind) ? 1 : labels.length],
      }),
      params: null,
    },
    metadata: {
      pawl: {
        name: manifest.name,
        version: manifest.version,
        ...(digest === undefined ? {} : { digest }),
        labels,
        input,
        output,
      },
    },
    utc_time_created: now.toISOString().replace('T', ' ').replace('Z', '000'),
  };
}

/** A tensor of a signature, as MLflow writes it: JSON inside YAML. */
function tensors({ name, dtype, shape }: { name?: string; dtype: string; shape: readonly number[] }): string {
  const tensor = { type: 'tensor', 'tensor-spec': { dtype, shape } };
  return JSON.stringify([name === undefined ? tensor : { name, ...tensor }]);
}
