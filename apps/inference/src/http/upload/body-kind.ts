import type { IncomingHttpHeaders } from 'node:http';
import { PawlError } from '@pawl/shared/errors/pawl-error';

/**
 * How a body is read: as a form of files, or as the image itself. `mislabelled` is read as the image as well, although its
 * type says that it is a form: that is what `curl --data-binary` sends unless it is told another type.
 */
export type BodyKind = 'multipart' | 'image' | 'mislabelled';

/** Types that promise nothing about the bytes, so the bytes decide. */
const OPAQUE: ReadonlySet<string> = new Set([
  '',
  'application/octet-stream',
  'binary/octet-stream',
  'application/x-binary',
  'application/image',
  'application/x-image',
]);

/** How to read a body, by its headers. @throws PawlError CONTENT_TYPE_UNSUPPORTED or CONTENT_ENCODING_UNSUPPORTED. */
export function bodyKind(headers: IncomingHttpHeaders): BodyKind {
  const type = typeOf(headers);
  if (type === 'multipart/form-data') return 'multipart';
  if (type.startsWith('image/') || OPAQUE.has(type)) return 'image';
  if (type === 'application/x-www-form-urlencoded') return 'mislabelled';
  throw new PawlError('CONTENT_TYPE_UNSUPPORTED', {
    message: `The Content-Type ${quoted(type)} is not supported; expected multipart/form-data or image/*.`,
  });
}

/**
 * Takes a body for JSON, by its headers: also one without a type, and one that `curl -d` sends without being told another type.
 * @throws PawlError CONTENT_TYPE_UNSUPPORTED or CONTENT_ENCODING_UNSUPPORTED.
 */
export function assertJson(headers: IncomingHttpHeaders): void {
  const type = typeOf(headers);
  if (/^application\/([\w.+-]+\+)?json$/.test(type) || type === '' || type === 'application/x-www-form-urlencoded')
    return;
  throw new PawlError('CONTENT_TYPE_UNSUPPORTED', {
    message: `The Content-Type ${quoted(type)} is not supported; expected application/json.`,
    hint: 'Send JSON, with the header Content-Type: application/json.',
  });
}

/** The media type alone, in lower case; empty where there is none. @throws PawlError CONTENT_ENCODING_UNSUPPORTED. */
function typeOf(headers: IncomingHttpHeaders): string {
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? '';
  if (encoding !== '' && encoding !== 'identity')
    throw new PawlError('CONTENT_ENCODING_UNSUPPORTED', {
      message: `The Content-Encoding ${quoted(encoding)} is not supported; expected none, or "identity".`,
    });
  return (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** The error of a form-encoded body that is no image after all. */
export const notAnImageButAForm = (): PawlError =>
  new PawlError('CONTENT_TYPE_UNSUPPORTED', {
    message: 'The body is form-encoded (application/x-www-form-urlencoded) and not an image.',
    hint: 'With curl, send -F file=@NAME, or --data-binary @NAME; mind the @.',
  });

const quoted = (value: string): string => JSON.stringify(value.slice(0, 100));
