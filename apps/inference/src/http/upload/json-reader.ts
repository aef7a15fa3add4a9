import type { IncomingMessage } from 'node:http';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { feedBody } from './body.ts';
import { assertJson } from './body-kind.ts';
import { BodyMeter } from './body-meter.ts';
import { Coalescer } from './coalescer.ts';
import type { UploadReservation } from './upload-budget.ts';
import { MAX_BLOCK_BYTES } from './uploaded-file.ts';

/**
 * Reads the text of a JSON body. It is parsed by {@link parseJson}, when its turn has come: parsed, it takes several times the memory.
 * @throws PawlError CONTENT_TYPE_UNSUPPORTED, CONTENT_ENCODING_UNSUPPORTED, REQUEST_TOO_LARGE, UPLOAD_FRAGMENTED, OVERLOADED.
 */
export async function readJsonText(
  request: IncomingMessage,
  maxBytes: number,
  reservation: UploadReservation,
): Promise<Buffer> {
  assertJson(request.headers);
  const tooLarge = (): PawlError =>
    new PawlError('REQUEST_TOO_LARGE', {
      message: `The body has more than the ${maxBytes} bytes that are allowed.`,
      hint: 'Send fewer entries in one request.',
    });
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
  const chunks: Uint8Array[] = [];
  const coalescer = new Coalescer({
    reserve: reservation.grow,
    emit: (piece) => chunks.push(piece),
    maxBlockBytes: MAX_BLOCK_BYTES,
  });
  await feedBody(request, new BodyMeter(maxBytes, tooLarge), reservation, (chunk) => {
    coalescer.push(chunk);
  });
  coalescer.flush();
  return Buffer.concat(chunks);
}

/** The value of a JSON text in UTF-8, with or without a byte order mark. @throws PawlError REQUEST_INVALID. */
export function parseJson(text: Buffer): unknown {
  const hint = 'Send JSON in UTF-8, see /docs.';
  if (text.length === 0) throw new PawlError('REQUEST_INVALID', { message: 'The request body has 0 bytes.', hint });
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text));
  } catch (cause) {
    const why = cause instanceof SyntaxError ? cause.message.slice(0, 200) : 'it is not UTF-8';
    throw new PawlError('REQUEST_INVALID', { message: `The body is not JSON: ${why}.`, hint, cause });
  }
}
