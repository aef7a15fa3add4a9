import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Busboy } from '@fastify/busboy';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { feedBody } from './body.ts';
import { BodyMeter } from './body-meter.ts';
import { Coalescer } from './coalescer.ts';
import type { UploadReservation } from './upload-budget.ts';
import { FILE_FIELD, fileMissing, type IgnoredPart, isText, textForFile } from './missing-file.ts';
import { fileTooLarge, MAX_BLOCK_BYTES, safeFileName, type UploadedFile, type UploadLimits } from './uploaded-file.ts';

/** Number of other fields and parts that are ignored; a request with more is refused as an attack. */
const MAX_FIELDS = 16;
/** Bytes of one part's headers, and their number. A part has two; what is beyond is not kept. */
const MAX_HEADER_BYTES = 16 * 1024;
const MAX_HEADERS = 32;
/** Room for boundaries, part headers, small fields, preamble and epilogue beside the files, bytes. */
const OVERHEAD_BYTES = 100_000;
/** Largest block in which small chunks reach the parser, bytes. */
const PARSED_BLOCK_BYTES = 16 * 1024;

/** Most bytes of a multipart body. */
const maxBodyBytes = ({ maxFileBytes, maxFiles }: UploadLimits): number => maxFileBytes * maxFiles + OVERHEAD_BYTES;

/** The error of a body that has more. */
function bodyTooLarge(limits: UploadLimits): PawlError {
  if (limits.maxFiles === 1) return fileTooLarge(limits.maxFileBytes);
  const message = `The body has more than the ${maxBodyBytes(limits)} bytes that are allowed.`;
  return new PawlError('REQUEST_TOO_LARGE', { message });
}

/** Refuses a body by the length that it announces. @throws PawlError FILE_TOO_LARGE or REQUEST_TOO_LARGE. */
export function assertMultipartLength(announced: number, limits: UploadLimits): void {
  if (announced > maxBodyBytes(limits)) throw bodyTooLarge(limits);
}

/**
 * Reads the files of a multipart/form-data body (RFC 7578) while it arrives.
 * @throws PawlError MULTIPART_MALFORMED, TOO_MANY_FILES, FILE_TOO_LARGE, REQUEST_TOO_LARGE, UPLOAD_FRAGMENTED, FILE_MISSING
 *   or OVERLOADED. Where several files are allowed, one over the limit does not throw: it comes back with its `error`, so
 *   that the other files are still answered.
 */
export function readMultipart(
  request: IncomingMessage,
  limits: UploadLimits,
  reservation: UploadReservation,
): Promise<UploadedFile[]> {
  return new Promise((resolve, reject) => {
    const files: UploadedFile[] = [];
    const ignored: IgnoredPart[] = [];
    let failed = false;
    const fail = (error: unknown): void => {
      failed = true;
      parser.removeAllListeners('finish');
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- passed on as it was thrown
      reject(error);
    };
    const malformed = (cause: unknown): void => {
      fail(new PawlError('MULTIPART_MALFORMED', { message: 'The multipart body is malformed or incomplete.', cause }));
    };
    const parser = createParser(request.headers, limits, (part) => ignored.push(part));

    parser.on('file', (_field, stream, fileName: string | undefined) => {
      const chunks: Uint8Array[] = [];
      const coalescer = new Coalescer({
        reserve: reservation.grow,
        emit: (piece) => chunks.push(piece),
        maxBlockBytes: MAX_BLOCK_BYTES,
      });
      stream.on('data', (chunk: Uint8Array) => {
        if (failed) return;
        try {
          coalescer.push(chunk);
        } catch (error) {
          fail(error);
        }
      });
      // A body that ends inside a file is reported here and by the parser; without a listener, this report would end
      // the process.
      stream.on('error', malformed);
      stream.on('end', () => {
        coalescer.flush();
        if (stream.truncated)
          files.push({ name: safeFileName(fileName), chunks: [], error: fileTooLarge(limits.maxFileBytes) });
        else if (fileName === undefined && isText(chunks)) files.push({ name: '', chunks: [], error: textForFile() });
        else files.push({ name: safeFileName(fileName), chunks });
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
      else reject(fileMissing(ignored));
    });
    parser.on('drain', () => request.resume());

    // The parser makes objects of every chunk, so it gets no tiny ones either.
    const pieces = new Coalescer({
      reserve: reservation.grow,
      emit: (piece, cost) => {
        // What a file keeps of it is reserved for the file.
        reservation.shrink(cost);
        if (!parser.write(piece)) request.pause();
      },
      maxBlockBytes: PARSED_BLOCK_BYTES,
    });
    const meter = new BodyMeter(maxBodyBytes(limits), () => bodyTooLarge(limits));
    feedBody(request, meter, reservation, (chunk) => {
      if (!failed) pieces.push(chunk);
    }).then(() => {
      pieces.flush();
      parser.end();
    }, fail);
  });
}

function createParser(
  headers: IncomingHttpHeaders,
  { maxFileBytes, maxFiles }: UploadLimits,
  ignore: (part: IgnoredPart) => void,
) {
  try {
    return new Busboy({
      headers: { ...headers, 'content-type': headers['content-type'] ?? '' },
      // The name of the field alone decides, not the type that a client declares: curl declares image/jpeg for a.jpg and
      // application/octet-stream for a.webp. A part of that name is the image even where it has no file name.
      isPartAFile: (field, _type, fileName) => {
        if (field === FILE_FIELD) return true;
        ignore({ field, fileName });
        return false;
      },
      limits: {
        fileSize: maxFileBytes,
        files: maxFiles,
        fields: MAX_FIELDS,
        fieldSize: 1_000,
        parts: maxFiles + MAX_FIELDS,
        headerPairs: MAX_HEADERS,
        headerSize: MAX_HEADER_BYTES,
      },
    });
  } catch (cause) {
    throw new PawlError('MULTIPART_MALFORMED', {
      message: 'The Content-Type names no usable multipart boundary.',
      cause,
    });
  }
}
