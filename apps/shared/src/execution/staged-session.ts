import type { InputSpec } from '../bundle/manifest.ts';
import { toTensorData } from '../preprocessing/to-tensor.ts';
import type { ModelOutput } from './answer.ts';
import { projectFeatures } from '../drift/project-features.ts';
import { namedOutputs, OnnxSession, type SessionSpec } from './onnx-session.ts';
import { firstSessionSpec, inputsOf, isSure, type StagedSpec } from './stage.ts';

/** The graphs of a bundle, verified, and what is to be known of them. */
export interface GraphSetup {
  /** The ONNX graph of the model; all threads share it. */
  readonly model: Uint8Array<SharedArrayBuffer>;
  /** The graph that is asked before it, where the spec has a first stage. */
  readonly firstModel?: Uint8Array<SharedArrayBuffer> | undefined;
  readonly spec: StagedSpec;
}

/** What a bundle said of one image. */
export interface StagedOutput extends ModelOutput {
  readonly output: readonly number[];
  /** Of the features of the picture; empty where the spec asks for none, and where the first of two graphs answered. */
  readonly projections: readonly number[];
}

/**
 * The sessions of a bundle on one thread: of its one graph, or of two, of which the second is asked only where the first
 * is not sure (docs/decisions/0022). Each graph gets the picture in the size that it was trained with.
 */
export class StagedSession {
  readonly #spec: StagedSpec;
  readonly #first: OnnxSession | undefined;
  readonly #final: OnnxSession;

  private constructor(spec: StagedSpec, first: OnnxSession | undefined, final: OnnxSession) {
    this.#spec = spec;
    this.#first = first;
    this.#final = final;
  }

  /**
   * Loads every graph and runs it once: the first run allocates and packs weights, which belongs to the start.
   * @throws PawlError MODEL_INCOMPATIBLE, MODEL_EXTERNAL_DATA.
   */
  static async load({ model, firstModel, spec }: GraphSetup): Promise<StagedSession> {
    const firstSpec = firstSessionSpec(spec);
    if ((firstModel === undefined) !== (firstSpec === undefined))
      throw new RangeError('a first stage needs both its graph and its spec');
    const first =
      firstModel === undefined || firstSpec === undefined ? undefined : await OnnxSession.load(firstModel, firstSpec);
    const session = new StagedSession(spec, first, await OnnxSession.load(model, spec));
    const blank = ({ width, height }: InputSpec) => new Uint8Array(width * height * 3);
    for (const [stage, input] of inputsOf(spec).entries()) await session.#run(stage, blank(input));
    return session;
  }

  /**
   * Asks the graphs about one image, one after the other, until one is sure.
   *
   * @param pixelsOf the picture for {@link inputsOf}`[index]`, RGB; called once for each graph that is asked. The pixels are
   * detached afterwards: their memory is given back at once.
   * @throws PawlError INFERENCE_FAILED; what `pixelsOf` throws.
   */
  async ask(pixelsOf: (index: number) => Promise<Uint8Array<ArrayBuffer>>): Promise<StagedOutput> {
    const { firstStage, output } = this.#spec;
    const said = await this.#askOne(0, await pixelsOf(0));
    if (firstStage === undefined) return said;
    if (isSure(said, firstStage, output)) return { ...said, stage: 'first' };
    return { ...(await this.#askOne(1, await pixelsOf(1))), stage: 'final' };
  }

  async #askOne(index: number, pixels: Uint8Array<ArrayBuffer>): Promise<StagedOutput> {
    const values = [...(await this.#run(index, pixels))];
    // The collector sees only a few bytes of JavaScript per image, and would let hundreds of kilobytes pile up behind each.
    if (pixels.byteLength > 0) pixels.buffer.transfer(0);
    const spec = this.#specOf(index);
    const { known, features } = namedOutputs(spec);
    const output = Array.from(values.shift() ?? []);
    const ofKnown = known === undefined ? undefined : values.shift();
    const ofFeatures = features === undefined ? [] : (values.shift() ?? []);
    return { output, known: ofKnown?.[0], projections: projectFeatures(ofFeatures, spec.projections?.count ?? 0) };
  }

  #specOf(index: number): Pick<SessionSpec, 'output' | 'abstain' | 'projections'> {
    return (index === 0 ? firstSessionSpec(this.#spec) : undefined) ?? this.#spec;
  }

  async #run(index: number, pixels: Uint8Array): Promise<readonly Float32Array[]> {
    const { input, firstStage } = this.#spec;
    return index === 0 && this.#first !== undefined && firstStage !== undefined
      ? await this.#first.run(toTensorData(pixels, firstStage.input), 1)
      : await this.#final.run(toTensorData(pixels, input), 1);
  }
}
