import type { IncomingMessage } from 'node:http';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { fileTooLarge } from './multipart-reader.ts';
import type { UploadReservation } from './upload-budget.ts';
import type { UploadedFile } from './uploaded-file.ts';

/**
 * Reads a body that is the image itself.
 * @throws PawlError FILE_TOO_LARGE as soon as the limit is passed, FILE_EMPTY, OVERLOADED.
 */
export function readRaw(
  request: IncomingMessage,
  maxFileBytes: number,
  reservation: UploadReservation,
): Promise<UploadedFile[]> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let size = 0;
    const fail = (error: PawlError): void => {
      request.off('data', onData);
      reject(error);
    };
    const onData = (chunk: Uint8Array): void => {
      size += chunk.byteLength;
      if (size > maxFileBytes) {
        fail(fileTooLarge(maxFileBytes));
        return;
      }
      try {
        reservation.grow(chunk.byteLength);
        chunks.push(chunk);
      } catch (error) {
        fail(error as PawlError);
      }
    };
    request.on('data', onData);
    request.on('end', () => {
      if (size === 0) reject(new PawlError('FILE_EMPTY', { message: 'The request body has 0 bytes.' }));
      else resolve([{ name: '', chunks }]);
    });
  });
}
