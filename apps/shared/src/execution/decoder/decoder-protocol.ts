import type { InputSpec } from '../../bundle/manifest.ts';
import type { DecodedImage } from '../../preprocessing/decode-image.ts';
import type { ImageLimits } from '../../preprocessing/limits.ts';
import type { Refusal } from '../refusal.ts';

/*
 * What a decoder process and its owner say to each other, in frames (frames.ts) over its standard input and output. Owner
 * to process: one encoded image a frame, behind a byte that says for which input, the next one after the answer. Process to
 * owner: a hello, then one answer an image. Where the two share memory (pixel-file.ts), pixels are left there, and the answer
 * says how many.
 */

/** The file descriptor under which a decoder process has the memory that it shares with its owner. */
export const PIXELS_FD = 3;

/** What a decoder process is started with, as JSON in its first argument. */
export interface DecoderSetup {
  /** Those that a picture may be wanted for, at least one. */
  readonly inputs: readonly InputSpec[];
  readonly limits: ImageLimits;
}

/** The same, and whether there is a {@link PIXELS_FD}. */
export interface DecoderArguments extends DecoderSetup {
  readonly sharesMemory: boolean;
}

/** What the header of an answer says. */
export type DecoderAnswer =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'done';
      readonly image: Omit<DecodedImage, 'pixels'>;
      /** Bytes of pixels in the shared memory; absent: they follow the header. */
      readonly sharedBytes?: number;
    }
  | ({
      readonly kind: 'refused';
      /** The decoder still works on the picture that it refused: the process takes no other and ends. */
      readonly busy: boolean;
    } & Refusal);

/** Bytes of the header's length. */
const PREFIX_BYTES = 4;
/** More than any header has. */
const HEADER_BYTES = 64 * 1024;

/** Bytes of the input's index before an image. */
export const INDEX_BYTES = 1;

/** Most pixels of an answer for any of these inputs, bytes. */
export const pixelBytes = (inputs: readonly InputSpec[]): number =>
  Math.max(...inputs.map(({ width, height }) => width * height * 3));

/** Largest answer for any of these inputs, bytes. */
export const largestAnswer = (inputs: readonly InputSpec[]): number => PREFIX_BYTES + HEADER_BYTES + pixelBytes(inputs);

/**
 * The start of an answer's frame, which its pixels follow: length of the header, header as JSON.
 */
export function encodeAnswer(answer: DecoderAnswer): Buffer {
  const header = Buffer.from(JSON.stringify(answer));
  const prefix = Buffer.allocUnsafe(PREFIX_BYTES);
  prefix.writeUInt32BE(header.length);
  return Buffer.concat([prefix, header]);
}

/**
 * The other way. The pixels are a view of the frame's own buffer.
 * @throws Error when the frame is no answer.
 */
export function decodeAnswer({ buffer }: Uint8Array<ArrayBuffer>): {
  readonly answer: DecoderAnswer;
  readonly pixels: Uint8Array<ArrayBuffer>;
} {
  const start = PREFIX_BYTES + new DataView(buffer).getUint32(0);
  const answer = JSON.parse(Buffer.from(buffer, PREFIX_BYTES, start - PREFIX_BYTES).toString()) as DecoderAnswer;
  return { answer, pixels: new Uint8Array(buffer, start) };
}
