import type { IncomingMessage } from 'node:http';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { feedBody } from './body.ts';
import { BodyMeter } from './body-meter.ts';
import { Coalescer } from './coalescer.ts';
import type { UploadReservation } from './upload-budget.ts';
import { fileTooLarge, MAX_BLOCK_BYTES, type UploadedFile } from './uploaded-file.ts';

/**
 * Reads a body that is the image itself.
 * @throws PawlError FILE_TOO_LARGE as soon as the limit is passed, FILE_EMPTY, UPLOAD_FRAGMENTED, OVERLOADED.
 */
export async function readRaw(
  request: IncomingMessage,
  maxFileBytes: number,
  reservation: UploadReservation,
): Promise<UploadedFile[]> {
  const chunks: Uint8Array[] = [];
  const coalescer = new Coalescer({
    reserve: reservation.grow,
    emit: (piece) => chunks.push(piece),
    maxBlockBytes: MAX_BLOCK_BYTES,
  });
  const meter = new BodyMeter(maxFileBytes, () => fileTooLarge(maxFileBytes));
  await feedBody(request, meter, reservation, (chunk) => {
    coalescer.push(chunk);
  });
  coalescer.flush();
  if (meter.bytes === 0) throw new PawlError('FILE_EMPTY', { message: 'The request body has 0 bytes.' });
  return [{ name: '', chunks }];
}
