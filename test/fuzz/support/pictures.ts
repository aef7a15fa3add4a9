import type { ErrorCode } from '@pawl/shared/errors/error-codes';

/** What a picture may be refused with by its header alone. */
export const headerCodes: readonly ErrorCode[] = [
  'FILE_EMPTY',
  'FILE_TOO_LARGE',
  'IMAGE_FORMAT_UNSUPPORTED',
  'IMAGE_UNREADABLE',
  'IMAGE_TOO_MANY_PIXELS',
  'IMAGE_TOO_COMPLEX',
];
