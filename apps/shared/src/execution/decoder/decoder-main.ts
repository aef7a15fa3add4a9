/**
 * Entry of a decoder process: encoded image in, pixels out. Whatever an image does to libvips happens here: it may take
 * memory up to the process's limit, crash it or hang it, and costs this process alone (docs/decisions/0019).
 */
import { writeFileSync } from 'node:fs';
import { lateCodes } from '../../errors/late.ts';
import { createImageDecoder } from '../../preprocessing/decode-image.ts';
import { toRefusal } from '../refusal.ts';
import { type DecoderAnswer, type DecoderArguments, encodeAnswer, INDEX_BYTES, PIXELS_FD } from './decoder-protocol.ts';
import { frameHeader, FrameReader } from './frames.ts';
import { writePixels } from './pixel-file.ts';

const { inputs, limits, sharesMemory } = JSON.parse(process.argv[2] ?? '') as DecoderArguments;
const decoders = inputs.map((input) => createImageDecoder(input, limits));
const frames = new FrameReader(INDEX_BYTES + limits.maxBytes);

/** `process.exit` waits for the threads of the pool, of which one may be inside a picture for as long as it likes. */
const endNow = (): void => {
  process.kill(process.pid, 'SIGKILL');
};

/** @param then called when all of it is with the owner. */
function send(answer: DecoderAnswer, pixels: Uint8Array = new Uint8Array(), then: () => void = () => undefined): void {
  const head = encodeAnswer(answer);
  const frame = [frameHeader(head.length + pixels.length), head];
  process.stdout.write(Buffer.concat(frame), pixels.length === 0 ? then : undefined);
  if (pixels.length > 0) process.stdout.write(pixels, then);
}

async function answer(frame: Uint8Array): Promise<void> {
  try {
    const decoder = decoders[frame[0] ?? NaN];
    if (decoder === undefined) throw new RangeError(`the input ${String(frame[0])} of ${decoders.length}`);
    const { pixels, ...image } = await decoder.decode(frame.subarray(INDEX_BYTES));
    // The collector sees a few bytes of them only.
    const free = (): void => void pixels.buffer.transfer(0);
    if (sharesMemory && writePixels(PIXELS_FD, pixels))
      send({ kind: 'done', image, sharedBytes: pixels.length }, undefined, free);
    else send({ kind: 'done', image }, pixels, free);
  } catch (error) {
    const refusal = toRefusal(error, 'IMAGE_UNREADABLE', 'The image could not be decoded.');
    const busy = lateCodes.has(refusal.code);
    send({ kind: 'refused', ...refusal, busy }, undefined, () => {
      if (busy) endNow();
    });
  }
}

/** Where memory is short, this process is what the kernel ends, and not the service around it. */
function volunteer(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // Not on Linux, or a sandbox forbids it.
  }
}

volunteer();
process.stdin.on('data', (piece: Buffer) => {
  frames.push(piece, (frame) => void answer(frame));
});
// The owner is gone, whatever way it went.
process.stdin.on('end', endNow);
process.stdin.on('error', endNow);
process.stdout.on('error', endNow);
// A terminal's Ctrl-C reaches the whole group: the service drains and needs its decoders for that.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
send({ kind: 'ready' });
