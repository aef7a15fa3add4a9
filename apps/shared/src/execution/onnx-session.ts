import './no-telemetry.ts';
import { InferenceSession } from 'onnxruntime-node';
import { isBinary, type AbstainSpec, type InputSpec, type Manifest } from '../bundle/manifest.ts';
import type { ProjectionsSpec } from '../bundle/reference.ts';
import { requireSelfContained } from '../bundle/graph-scanner.ts';
import { PawlError } from '../errors/pawl-error.ts';
import { inputDimensions, type TensorData } from '../preprocessing/to-tensor.ts';
import { toFloat32, toTensor } from './tensors.ts';
import { valuesPerImage } from './values-per-image.ts';

/** What a session needs of a manifest. */
export type SessionSpec = Pick<Manifest, 'labels' | 'input' | 'output'> & {
  readonly abstain?: AbstainSpec | undefined;
  readonly projections?: ProjectionsSpec | undefined;
};

/** What a session needs to know of any graph. */
export interface GraphSpec {
  readonly input: InputSpec;
  /** Names of the outputs that are wanted, at least one. */
  readonly outputs: readonly string[];
}

/** Names of the outputs that a session reads, by what they are for. */
interface SessionOutputs {
  /** Names the label. */
  readonly label: string;
  /** Knows the model's limits. */
  readonly known?: string | undefined;
  readonly features?: string | undefined;
}

/** The outputs that a spec names. */
export function namedOutputs({ output, abstain, projections }: Omit<SessionSpec, 'labels' | 'input'>): SessionOutputs {
  return {
    label: output.name,
    known: abstain !== undefined && abstain.score === undefined ? abstain.output : undefined,
    features: projections?.output,
  };
}

/** {@link namedOutputs} in the order in which they are read, without those that are missing. */
export function outputsOf(spec: Omit<SessionSpec, 'labels' | 'input'>): readonly string[] {
  const { label, known, features } = namedOutputs(spec);
  return [label, known, features].filter((name) => name !== undefined);
}

/**
 * One onnxruntime session on one thread. `run` blocks the calling thread for the whole inference
 * (microsoft/onnxruntime#19611), so a session belongs on a worker thread.
 */
export class OnnxSession {
  readonly #session: InferenceSession;
  readonly #spec: GraphSpec;

  private constructor(session: InferenceSession, spec: GraphSpec) {
    this.#session = session;
    this.#spec = spec;
  }

  /**
   * Loads a graph and compares its inputs and output with the manifest.
   * @param model the bytes of the ONNX file, as they were verified.
   * @throws PawlError MODEL_INCOMPATIBLE when the graph cannot be loaded or disagrees with the manifest,
   * MODEL_EXTERNAL_DATA when it needs other files.
   */
  static async load(model: Uint8Array, spec: SessionSpec): Promise<OnnxSession> {
    const { labels, input, output } = spec;
    const limits = namedOutputs(spec).known;
    const session = await OnnxSession.open(model, { input, outputs: outputsOf(spec) });
    const expected = isBinary(output.kind) ? 1 : labels.length;
    const problem =
      widthProblem(
        session.outputShape(output.name),
        expected,
        `${output.kind} with ${labels.length} labels needs ${expected}`,
      ) ??
      (limits === undefined
        ? undefined
        : widthProblem(session.outputShape(limits), 1, `abstaining by "${limits}" needs 1`));
    if (problem === undefined) return session;
    await session.release();
    throw new PawlError('MODEL_INCOMPATIBLE', { message: problem });
  }

  /**
   * Loads any graph for some of its outputs, and compares its input with the spec.
   * @param model the bytes of the ONNX file, as they were verified.
   * @throws PawlError MODEL_INCOMPATIBLE when the graph cannot be loaded or disagrees with the spec, MODEL_EXTERNAL_DATA when
   * it needs other files.
   */
  static async open(model: Uint8Array, spec: GraphSpec): Promise<OnnxSession> {
    // Before onnxruntime sees it: it would look for external data in the working directory.
    requireSelfContained(model, 'the graph of the bundle');
    // Its binding takes no shared memory; this copy lives as long as the loading.
    const own = new Uint8Array(model);
    let session: InferenceSession;
    try {
      session = await InferenceSession.create(own, {
        executionProviders: ['cpu'],
        // One thread a session, one session a core: sessions of several threads collapse under contention.
        intraOpNumThreads: 1,
        interOpNumThreads: 1,
        executionMode: 'sequential',
        // The arena keeps what it once took; for one image at a time malloc is as fast and gives back (docs/decisions/0005).
        enableCpuMemArena: false,
        graphOptimizationLevel: 'all',
        logSeverityLevel: 3,
      });
    } catch (cause) {
      throw new PawlError('MODEL_INCOMPATIBLE', { message: 'onnxruntime cannot load the graph of the bundle.', cause });
    } finally {
      own.buffer.transfer(0);
    }
    const problem = disagreement(session, spec);
    if (problem !== undefined) {
      await session.release();
      throw new PawlError('MODEL_INCOMPATIBLE', { message: problem });
    }
    return new OnnxSession(session, spec);
  }

  /** Dimensions of an output as the graph says them: a number, or the name of a dynamic one; undefined when it does not. */
  outputShape(of: string): readonly (number | string)[] | undefined {
    const output = this.#session.outputMetadata.find(({ name }) => name === of);
    return output?.isTensor === true ? output.shape : undefined;
  }

  /**
   * Runs a batch.
   * @param data the batch's input values in the manifest's layout and dtype.
   * @param batch number of images, at least 1.
   * @returns the values of each wanted output, in the spec's order, `batch` rows of equal length.
   */
  async run(data: TensorData, batch: number): Promise<readonly Float32Array[]> {
    const { input, outputs } = this.#spec;
    const tensor = toTensor(data, inputDimensions(input, batch));
    const results = await this.#session.run({ [input.name]: tensor }, outputs);
    return outputs.map((output) => {
      const values = toFloat32(results[output]?.data);
      if (values !== undefined) return values;
      throw new PawlError('INFERENCE_FAILED', {
        message: `The graph's output ${output} is no tensor of floating-point numbers.`,
      });
    });
  }

  /** Frees the native session; no `run` may be under way. */
  async release(): Promise<void> {
    await this.#session.release();
  }
}

/** One sentence where an output says another number of values an image than are needed. */
function widthProblem(shape: readonly (number | string)[] | undefined, expected: number, why: string) {
  const width = valuesPerImage(shape);
  if (width === undefined || width === expected) return undefined;
  return `The graph's output has ${width} values an image, ${why}.`;
}

/** One sentence on the first difference between graph and spec, or undefined when they agree. */
function disagreement(session: InferenceSession, { input, outputs }: GraphSpec): string | undefined {
  const actual = session.inputMetadata.find(({ name }) => name === input.name);
  if (actual === undefined)
    return `The manifest names the input "${input.name}", the graph has ${session.inputNames.join(', ')}.`;
  if (session.inputNames.length !== 1) return `The graph has ${session.inputNames.length} inputs, expected one.`;
  const missing = outputs.find((output) => !session.outputNames.includes(output));
  if (missing !== undefined)
    return `The manifest names the output "${missing}", the graph has ${session.outputNames.join(', ')}.`;
  if (!actual.isTensor || actual.type !== input.dtype)
    return `The graph's input is ${actual.isTensor ? actual.type : 'no tensor'}, the manifest says ${input.dtype}.`;
  const wanted = inputDimensions(input, 1);
  const fits =
    // A graph may not say its shape; the first run tells.
    actual.shape.length === 0 ||
    (actual.shape.length === wanted.length &&
      // A symbolic dimension (a string, or -1) takes any value; the first one is the batch.
      wanted.every(
        (size, i) => typeof actual.shape[i] === 'string' || actual.shape[i] === size || actual.shape[i] === -1,
      ));
  if (!fits) return `The graph's input is ${actual.shape.join('x')}, the manifest says ${wanted.join('x')}.`;
  return undefined;
}
