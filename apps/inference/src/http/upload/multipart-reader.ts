import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Busboy } from '@fastify/busboy';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import type { UploadReservation } from './upload-budget.ts';
import { safeFileName, type UploadedFile, type UploadLimits } from './uploaded-file.ts';

/** The multipart field that holds images. */
const FILE_FIELD = 'file';
/** Number of other fields and parts that are ignored; a request with more is refused as an attack. */
const MAX_FIELDS = 16;

/**
 * Reads the files of a multipart/form-data body (RFC 7578) while it arrives.
 * @throws PawlError MULTIPART_MALFORMED, TOO_MANY_FILES, REQUEST_TOO_LARGE, FILE_MISSING or OVERLOADED. A file over the
 *   limit does not throw: it comes back with its `error`, so that the other files are still answered.
 */
export function readMultipart(
  request: IncomingMessage,
  limits: UploadLimits,
  reservation: UploadReservation,
): Promise<UploadedFile[]> {
  return new Promise((resolve, reject) => {
    const files: UploadedFile[] = [];
    const fail = (error: PawlError): void => {
      request.unpipe(parser);
      parser.removeAllListeners('finish');
      reject(error);
    };
    const malformed = (cause: unknown): void => {
      fail(new PawlError('MULTIPART_MALFORMED', { message: 'The multipart body is malformed or incomplete.', cause }));
    };
    const parser = createParser(request.headers, limits);

    parser.on('file', (_field, stream, fileName) => {
      const chunks: Uint8Array[] = [];
      stream.on('data', (chunk: Uint8Array) => {
        try {
          reservation.grow(chunk.byteLength);
          chunks.push(chunk);
        } catch (error) {
          fail(error as PawlError);
        }
      });
      // A body that ends inside a file is reported here and by the parser; without a listener, this report would end
      // the process.
      stream.on('error', malformed);
      stream.on('end', () => {
        const name = safeFileName(fileName);
        if (!stream.truncated) files.push({ name, chunks });
        else files.push({ name, chunks: [], error: fileTooLarge(limits.maxFileBytes) });
      });
    });
    parser.on('filesLimit', () => {
      fail(new PawlError('TOO_MANY_FILES', { message: `More than ${limits.maxFiles} file(s) in one request.` }));
    });
    parser.on('partsLimit', () => {
      fail(new PawlError('REQUEST_TOO_LARGE', { message: 'The multipart body has too many parts.' }));
    });
    parser.on('fieldsLimit', () => {
      fail(new PawlError('REQUEST_TOO_LARGE', { message: 'The multipart body has too many fields.' }));
    });
    parser.on('error', malformed);
    parser.on('finish', () => {
      if (files.length > 0) resolve(files);
      else reject(new PawlError('FILE_MISSING', { message: `The body has no file in a field named "${FILE_FIELD}".` }));
    });
    request.pipe(parser);
  });
}

function createParser(headers: IncomingHttpHeaders, { maxFileBytes, maxFiles }: UploadLimits) {
  try {
    return new Busboy({
      headers: { ...headers, 'content-type': headers['content-type'] ?? '' },
      // A part named "file" is the image even where a client gave it no file name.
      isPartAFile: (field, type, name) =>
        field === FILE_FIELD || (name !== undefined && type === 'application/octet-stream'),
      limits: {
        fileSize: maxFileBytes,
        files: maxFiles,
        fields: MAX_FIELDS,
        fieldSize: 1_000,
        parts: maxFiles + MAX_FIELDS,
      },
    });
  } catch (cause) {
    throw new PawlError('MULTIPART_MALFORMED', {
      message: 'The Content-Type names no usable multipart boundary.',
      cause,
    });
  }
}

/** The error of a file over the limit. */
export const fileTooLarge = (maxFileBytes: number): PawlError =>
  new PawlError('FILE_TOO_LARGE', { message: `The file has more than the ${maxFileBytes} bytes that are allowed.` });
