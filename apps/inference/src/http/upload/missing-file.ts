import { PawlError } from '@pawl/shared/errors/pawl-error';
import { sniffImageFormat } from '@pawl/shared/preprocessing/image-format';
import { firstBytes } from '../../preprocessing/first-bytes.ts';
import { harmless } from './uploaded-file.ts';

/** The multipart field that holds images. */
export const FILE_FIELD = 'file';
/** Ignored parts that an error names, and the characters of each name. */
const MAX_NAMED = 5;
const MAX_SHOWN = 64;
/** Longest content that is taken for the text of a form's field, bytes: a path. */
const MAX_TEXT_BYTES = 4_096;

/** A part of a form that is no image here. */
export interface IgnoredPart {
  readonly field: string | undefined;
  readonly fileName: string | undefined;
}

/** The error of a form without an image: it names what the form has instead. */
export function fileMissing(ignored: readonly IgnoredPart[]): PawlError {
  const named = ignored.slice(0, MAX_NAMED).map(({ field = '', fileName }) => {
    const file = fileName === undefined ? '' : ` (the file ${quoted(fileName)})`;
    return `${quoted(field)}${file}`;
  });
  const found = named.length === 0 ? 'no field at all' : `only ${named.join(', ')}`;
  const file = ignored.find(({ fileName }) => fileName !== undefined);
  const hint =
    file === undefined
      ? undefined
      : `Rename the field ${quoted(file.field ?? '')} to "${FILE_FIELD}"; with curl, -F ${FILE_FIELD}=@NAME.`;
  return new PawlError('FILE_MISSING', {
    message: `The form has no file in a field named "${FILE_FIELD}"; it has ${found}.`,
    ...(hint !== undefined && { hint }),
  });
}

/** Whether the content of a part without a file name is the text of a form's field, and no picture. */
export function isText(chunks: readonly Uint8Array[]): boolean {
  const size = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  return size > 0 && size <= MAX_TEXT_BYTES && sniffImageFormat(firstBytes(chunks)) === undefined;
}

/** The error of a text where a file is expected. */
export const textForFile = (): PawlError =>
  new PawlError('FILE_MISSING', {
    message: `The field "${FILE_FIELD}" is text and not a file.`,
    hint: `With curl, write -F ${FILE_FIELD}=@NAME: without the @ the name itself is sent.`,
  });

const quoted = (text: string): string => JSON.stringify(harmless(text).slice(0, MAX_SHOWN));
