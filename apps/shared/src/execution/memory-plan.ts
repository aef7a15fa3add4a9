import { defaultImageLimits } from '../preprocessing/limits.ts';

/** What a {@link MemoryPlan} is made from. All in bytes, but `workers`. */
export interface MemoryPlanInput {
  /** Memory that the process and its children may use; see memory-limit.ts. */
  readonly containerBytes: number;
  /** Pictures that are decoded at once, at least 1: each worker decodes one. */
  readonly workers: number;
  /** Uploads that may be held at once. */
  readonly uploadBytes: number;
  /** The ONNX graphs together. */
  readonly modelBytes: number;
  /** Graphs, each with a session of its own in every worker; absent: one. */
  readonly graphs?: number | undefined;
  /** For decoding, all workers together; absent: what the container leaves. */
  readonly decodeBytes?: number | undefined;
}

/** How the memory of a container is shared out, bytes. */
export interface MemoryPlan {
  /** What the service takes when it is warm and decodes nothing, uploads included. */
  readonly restBytes: number;
  /** For decoding, all workers together. */
  readonly decodeBudgetBytes: number;
  /** What each worker may use without asking: pictures up to it never wait. */
  readonly allowanceBytes: number;
  /** What pictures beyond their worker's allowance borrow from, first come, first served. */
  readonly sharedBytes: number;
  /** The largest estimate of one picture that is taken: its worker's allowance and all that is shared. */
  readonly maxDecodeBytes: number;
  /** Set where the container is too small for the plan: one sentence with the number that would do. */
  readonly warning?: string;
}

/**
 * Measured on Node 24, memory charged to the cgroup after 120 photographs, 8 at a time, most of two runs: 210 MB with one
 * worker, 268 with two, 358 with four, with a ResNet-18 of 11.3 MB; the shipped model (6.6 MB) takes no more. A decoder
 * process at rest takes 60.
 */
const rest = { serviceBytes: 160_000_000, sessionBytes: 20_000_000, bytesPerModelByte: 3, decoderBytes: 60_000_000 };
/** A photograph of 12 megapixels as phones make it. */
const usualAllowanceBytes = 32_000_000;
/** A photograph of a few megapixels; a worker with less decodes next to nothing. */
const leastAllowanceBytes = 16_000_000;
/** A JPEG of 48 megapixels and 10 MB. Where one picture gets less, photographs that people have are refused. */
const usualPictureBytes = 50_000_000;

/**
 * Shares out a container's memory: first what the service takes at rest and the uploads, then an allowance a worker, and
 * what is left is lent to the pictures that need more. A container too small gets the least allowance and a warning:
 * the service works, and large pictures may end it.
 */
export function memoryPlan(input: MemoryPlanInput): MemoryPlan {
  const { containerBytes, workers, uploadBytes, modelBytes, graphs = 1 } = input;
  const perWorker = graphs * rest.sessionBytes + rest.bytesPerModelByte * modelBytes + rest.decoderBytes;
  const restBytes = rest.serviceBytes + workers * perWorker + uploadBytes;
  const least = workers * leastAllowanceBytes;
  const left = input.decodeBytes ?? containerBytes - restBytes;
  const decodeBudgetBytes = Math.max(least, left);
  // Half is shared at least, so that in a small container too one picture may be larger than its share.
  const half = Math.floor(decodeBudgetBytes / (2 * workers));
  const allowanceBytes = Math.min(usualAllowanceBytes, Math.max(leastAllowanceBytes, half));
  const sharedBytes = decodeBudgetBytes - workers * allowanceBytes;
  // Without a limit the machine's memory is no reason to spend it on one picture.
  const maxDecodeBytes = Math.min(allowanceBytes + sharedBytes, defaultImageLimits.maxDecodeBytes);
  const wanted = restBytes + (workers + 1) * usualAllowanceBytes;
  return {
    restBytes,
    decodeBudgetBytes,
    allowanceBytes,
    sharedBytes,
    maxDecodeBytes,
    ...(restBytes + decodeBudgetBytes > containerBytes || maxDecodeBytes < usualPictureBytes
      ? {
          warning:
            `${mebibytes(containerBytes)} MiB of memory are too little for ${workers} workers: photographs may be ` +
            `refused or end the process. Give the container at least ${mebibytes(wanted)} MiB, or lower WORKERS or ` +
            `UPLOAD_MEMORY_BYTES.`,
        }
      : {}),
  };
}

const mebibytes = (bytes: number): number => Math.ceil(bytes / 2 ** 20);
