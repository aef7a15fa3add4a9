import { PawlError } from '../errors/pawl-error.ts';
import { examinePicture, type ExaminedPicture } from '../preprocessing/examine-picture.ts';
import type { ImageLimits } from '../preprocessing/limits.ts';
import { DecodeBudget } from './decode-budget.ts';
import type { Interest } from './image-task.ts';
import { joinChunks } from './join-chunks.ts';
import type { MemoryPlan } from './memory-plan.ts';

/** A picture whose memory is reserved. */
export interface AdmittedPicture {
  /** What is left of the time, milliseconds. */
  readonly deadlineMs: number;
  /** Estimate of the CPU time that decoding takes on a slow core, milliseconds. */
  readonly decodeMs: number;
  /** Gives the memory back, once the decoder is done with the picture, however that ends; may be called again. */
  readonly release: () => void;
}

/**
 * Stands between uploads and decoders: what a picture costs is known and reserved before any decoder sees it.
 *
 * `examine` decides from the header and is for the moment at which an upload is complete; `reserve` waits for memory and is
 * for the moment at which a decoder is free; `admit` is both.
 */
export class DecodeAdmission {
  readonly #limits: ImageLimits;
  readonly #budget: DecodeBudget;

  /** @param maxWaiting most pictures that wait for memory at once, at least 0. */
  constructor(limits: ImageLimits, plan: MemoryPlan, maxWaiting: number) {
    this.#limits = { ...limits, maxDecodeBytes: Math.min(limits.maxDecodeBytes, plan.maxDecodeBytes) };
    this.#budget = new DecodeBudget(plan, maxWaiting);
  }

  /** The limits of one picture, those of the plan among them: decoders get the same. */
  get limits(): ImageLimits {
    return this.#limits;
  }

  /** Pictures that wait for memory. */
  get waiting(): number {
    return this.#budget.waiting;
  }

  /**
   * Reads the header of an upload, given as the chunks it arrived in.
   * @throws PawlError with the refusal, see {@link examinePicture}.
   */
  examine(chunks: readonly Uint8Array[]): ExaminedPicture {
    const [first] = chunks;
    // A copy is given up at once: pictures may wait for long, and hold nothing beside what arrived.
    return examinePicture(chunks.length === 1 && first !== undefined ? first : joinChunks(chunks), this.#limits);
  }

  /**
   * Waits until the picture's memory is free.
   * @returns gives it back.
   * @throws PawlError OVERLOADED, DEADLINE_EXCEEDED or CLIENT_CLOSED_REQUEST.
   */
  async reserve({ cost }: ExaminedPicture, { signal, deadlineMs }: Interest): Promise<() => void> {
    const atOnce = this.#budget.tryAcquire(cost.memoryBytes);
    if (atOnce !== undefined) return atOnce;
    const deadline = AbortSignal.timeout(Math.max(0, Math.ceil(deadlineMs)));
    try {
      return await this.#budget.acquire(
        cost.memoryBytes,
        signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
      );
    } catch (error) {
      if (signal?.aborted === true)
        throw new PawlError('CLIENT_CLOSED_REQUEST', { message: 'The client went away.', cause: error });
      if (deadline.aborted)
        throw new PawlError('DEADLINE_EXCEEDED', {
          message: 'The image waited for memory to be decoded in until its deadline passed.',
          cause: error,
        });
      throw error;
    }
  }

  /** Examines an upload and reserves its memory. @throws PawlError of {@link examine} and {@link reserve}. */
  async admit(chunks: readonly Uint8Array[], interest: Interest): Promise<AdmittedPicture> {
    const examined = this.examine(chunks);
    const begin = performance.now();
    const release = await this.reserve(examined, interest);
    const deadlineMs = Math.max(0, interest.deadlineMs - (performance.now() - begin));
    return { deadlineMs, decodeMs: examined.cost.cpuMs, release };
  }
}
