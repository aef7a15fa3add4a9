import { open, readdir, realpath, stat } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import { compareCodeUnits } from '@pawl/shared/bundle/canonical-json';
import { hasCode } from '@pawl/shared/errors/system-error';
import { describeFormat, sniffImageFormat, type ImageFormat } from '@pawl/shared/preprocessing/image-format';
import { CliError } from '../errors/cli-error.ts';

/** What photographs are, unless a command is told otherwise. */
const photographFormats: readonly ImageFormat[] = ['jpeg', 'png'];

/** Bytes from which the format of a file is told. */
export const SNIFFED_BYTES = 256;

/** A labelled photograph. */
export interface Photograph {
  /** Of the file, below the folder as it was given. */
  readonly path: string;
  /** Name of the folder's folder that it lies in, at whatever depth. */
  readonly label: string;
}

/** A file below a folder. */
export interface FoundFile {
  /** Relative to the folder, with `/`. */
  readonly name: string;
  /** Bytes; undefined for what is no regular file: a FIFO, a device, a link to nothing. */
  readonly size: number | undefined;
  /** A link that is not followed, because it leads out of the folder or lies in an archive. */
  readonly isLinkOut?: boolean;
}

/**
 * Every file below a folder, sorted by name. Links are followed, a link to a folder above itself only once.
 *
 * @param outside what becomes of a link that leads out of the folder: `named` gives it as {@link FoundFile.isLinkOut}.
 * @throws CliError FILE_NOT_FOUND where there is no such folder; the errors of `fs` for a folder inside that may not be read.
 */
export async function listFiles(folder: string, outside: 'followed' | 'named' = 'followed'): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  let top: string | undefined;
  const walk = async (name: string, above: ReadonlySet<string>): Promise<void> => {
    const path = join(folder, name);
    const real = await realpath(path);
    if (above.has(real)) return;
    top ??= real;
    const within = new Set([...above, real]);
    for (const entry of await readdir(path, { withFileTypes: true })) {
      const child = name === '' ? entry.name : `${name}/${entry.name}`;
      if (entry.isDirectory()) await walk(child, within);
      else if (outside === 'named' && entry.isSymbolicLink() && (await leadsOut(join(folder, child), top)))
        found.push({ name: child, size: undefined, isLinkOut: true });
      else {
        const stats = await stat(join(folder, child)).catch(() => undefined);
        if (stats?.isDirectory() === true) await walk(child, within);
        else found.push({ name: child, size: stats?.isFile() === true ? stats.size : undefined });
      }
    }
  };
  try {
    await walk('', new Set());
  } catch (cause) {
    if (!hasCode(cause, 'ENOENT', 'ENOTDIR') || found.length > 0) throw cause;
    throw new CliError(
      'FILE_NOT_FOUND',
      `There is no folder ${folder}.`,
      'Give a folder with one folder a label in it, such as cat/ and dog/.',
      cause,
    );
  }
  return found.sort((a, b) => compareCodeUnits(a.name, b.name));
}

/** Whether a link leads to something outside of `folder`, a path without links; one to nothing does not. */
async function leadsOut(link: string, folder: string): Promise<boolean> {
  const real = await realpath(link).catch(() => undefined);
  return real !== undefined && real !== folder && !real.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** Whether a file's name says that it is a photograph of one of the formats. */
export function isNamedLike(name: string, formats: readonly ImageFormat[]): boolean {
  const extension = extname(name).toLowerCase();
  return formats.some((format) => describeFormat(format).extensions.includes(extension));
}

/** Whether a part of the path starts with a dot: editors, file managers and archives leave such files behind. */
export function isHidden(name: string): boolean {
  return name.split('/').some((segment) => segment.startsWith('.'));
}

/**
 * The photographs of a folder that has one folder a label (`cat/x.jpg`, `dog/puppies/y.png`), sorted by path: files that
 * begin as one of the formats, or whose name says so. Hidden files and files beside the label folders are skipped; an
 * empty folder gives an empty list.
 *
 * @throws CliError FILE_NOT_FOUND where there is no such folder.
 */
export async function listPhotographs(
  folder: string,
  formats: readonly ImageFormat[] = photographFormats,
): Promise<Photograph[]> {
  const photographs: Photograph[] = [];
  for (const { name, size } of await listFiles(folder)) {
    const [label = '', ...rest] = name.split('/');
    if (size === undefined || rest.length === 0 || isHidden(name)) continue;
    const path = join(folder, name);
    if (isNamedLike(name, formats) || (await beginsAs(path, formats))) photographs.push({ path, label });
  }
  return photographs;
}

async function beginsAs(path: string, formats: readonly ImageFormat[]): Promise<boolean> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(SNIFFED_BYTES), 0, SNIFFED_BYTES, 0);
  const format = sniffImageFormat(buffer.subarray(0, bytesRead));
  return format !== undefined && formats.includes(format);
}
