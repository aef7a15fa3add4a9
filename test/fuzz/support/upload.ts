import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { RandomStream } from '@pawl/shared/statistics/random';
import { UploadBudget } from '../../../apps/inference/src/http/upload/upload-budget.ts';

/** Less than some inputs have, bytes. */
export const BUDGET_BYTES = 15_000;

export const someBudget = (): UploadBudget => new UploadBudget({ limit: BUDGET_BYTES });

/** An input in chunks of 1 byte to some kB, all small ones now and then. */
function* inChunks(input: Uint8Array, random: RandomStream): Generator<Buffer> {
  const largest = [1, 7, 100, 4_096, input.length + 1][random.below(5)] ?? 1;
  // Thousands of single bytes say no more than hundreds.
  const least = Math.ceil(input.length / 2_000);
  for (let at = 0; at < input.length;) {
    const length = Math.max(least, 1 + random.below(largest));
    yield Buffer.from(input.subarray(at, at + length));
    at += length;
  }
}

/** What a reader needs of a request: a stream with headers. */
export function aRequest(input: Uint8Array, random: RandomStream, headers: IncomingHttpHeaders): IncomingMessage {
  const stream = Readable.from(inChunks(input, random), { objectMode: false });
  return Object.assign(stream, { headers }) as unknown as IncomingMessage;
}

/** Reads what a reader left, as the service does before it answers. */
export async function drain(request: IncomingMessage): Promise<void> {
  if (request.readableEnded) return;
  request.resume();
  await finished(request, { writable: false });
}
