import { open, stat } from 'node:fs/promises';
import { extname, isAbsolute, join, resolve } from 'node:path';
import { hasCode } from '@pawl/shared/errors/system-error';
import { imageFormats, sniffImageFormat } from '@pawl/shared/preprocessing/image-format';
import { CliError } from '../../errors/cli-error.ts';
import { count } from '../../terminal/text.ts';
import { isHidden, isNamedLike, listFiles, SNIFFED_BYTES, type FoundFile } from '../../files/list-photographs.ts';

/** A picture to ask about. */
export interface Picture {
  /** As rows show it: as it was given, or below the folder that was given. */
  readonly name: string;
  /** Absolute. */
  readonly path: string;
}

/** The pictures of a command line. */
export interface FoundPictures {
  /** In the order of the command line; those of a folder by name. */
  readonly pictures: readonly Picture[];
  /** Files of folders that are no pictures. */
  readonly ignored: number;
}

/** Endings of pictures that are not decoded: they get a row that says so, while a text in the same folder gets none. */
const refusedEndings = new Set(['.heic', '.heif', '.tif', '.tiff', '.bmp', '.jxl', '.jp2', '.ico', '.svg']);

/**
 * The pictures of files and folders. A file that was named is one whatever it holds; of a folder, at any depth, what is
 * named as a picture or begins as one. Hidden files of folders are left out.
 *
 * @param given as a person typed them, relative to `cwd`.
 * @param listed more pictures, by their names alone; they come behind the others.
 * @throws CliError DATA_EMPTY without any picture; the errors of `fs` for a folder inside that may not be read.
 */
export async function findPictures(
  given: readonly string[],
  listed: readonly string[],
  cwd: string,
  signal: AbortSignal,
): Promise<FoundPictures> {
  const pictures: Picture[] = [];
  let ignored = 0;
  for (const path of given) {
    signal.throwIfAborted();
    const folder = resolve(cwd, path);
    if (!(await isFolder(folder))) {
      pictures.push(aPicture(path, cwd));
      continue;
    }
    for (const file of await listFiles(folder)) {
      signal.throwIfAborted();
      if (isHidden(file.name)) continue;
      if (await isPicture(folder, file)) pictures.push(aPicture(join(path, file.name), cwd));
      else ignored += 1;
    }
  }
  for (const name of listed) pictures.push(aPicture(name, cwd));
  if (pictures.length > 0) return { pictures, ignored };
  throw new CliError(
    'DATA_EMPTY',
    `There is no picture in ${given.length === 0 ? 'the list' : given.join(', ')}${ignored === 0 ? '' : ` among ${count(ignored, 'file')}`}.`,
    'Name pictures, or folders that hold some.',
  );
}

/** A picture by its name, which is not looked at. */
function aPicture(name: string, cwd: string): Picture {
  // In a spreadsheet the first would be a formula, before a shell the second an option; it stays the name of the file.
  return { name: /^[=+\-@\s]/.test(name) && !isAbsolute(name) ? `./${name}` : name, path: resolve(cwd, name) };
}

/** Names of a list, one a line, or each before a NUL as `find -print0` writes them. Empty ones are left out. */
export function namesOf(list: string): readonly string[] {
  const separator = list.includes('\0') ? '\0' : /\r?\n/;
  return list.split(separator).filter((name) => name !== '');
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    // Its row says what is wrong.
    return false;
  }
}

async function isPicture(folder: string, { name, size }: FoundFile): Promise<boolean> {
  if (isNamedLike(name, imageFormats) || refusedEndings.has(extname(name).toLowerCase())) return true;
  if (size === undefined) return false;
  try {
    await using file = await open(join(folder, name));
    const { buffer, bytesRead } = await file.read(Buffer.alloc(SNIFFED_BYTES), 0, SNIFFED_BYTES, 0);
    return sniffImageFormat(buffer.subarray(0, bytesRead)) !== undefined;
  } catch (error) {
    // Whether it is one cannot be told: its row says why.
    return hasCode(error, 'EACCES', 'EPERM', 'EIO');
  }
}
