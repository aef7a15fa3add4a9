import { LABEL_ID } from '@pawl/shared/bundle/manifest';
import { codeOf } from '@pawl/shared/errors/system-error';
import {
  adviceOnOtherFormat,
  describeOtherFormat,
  sniffImageFormat,
  type ImageFormat,
} from '@pawl/shared/preprocessing/image-format';
import { CliError } from '../../errors/cli-error.ts';
import type { FileTree } from './file-tree.ts';
import { isHidden, isNamedLike, SNIFFED_BYTES, type FoundFile } from '../../files/list-photographs.ts';

/** A raw file that is, or claims to be, a photograph of a label. */
export interface Candidate {
  /** Relative to the raw folder, with `/`. */
  readonly path: string;
  readonly label: string;
  /** Bytes. */
  readonly size: number;
}

/** A raw file that is no photograph. */
export interface Ignored {
  readonly path: string;
  readonly reason: string;
}

/** A raw file that cannot be used, and why. */
export interface Unreadable {
  readonly path: string;
  /** A code of the service for pictures (docs of `/predict`), or of the file system. */
  readonly code: string;
  readonly message: string;
}

/** Every file of a raw folder, in one of three lists. */
export interface RawFiles {
  readonly candidates: readonly Candidate[];
  readonly ignored: readonly Ignored[];
  readonly unreadable: readonly Unreadable[];
}

/**
 * Sorts the files of a raw folder. A photograph is what begins as one of the formats, or is named as one: a broken
 * `cat/1.jpg` is to be reported, not skipped. A name alone decides where it can, so that few files are opened twice.
 *
 * @throws CliError DATA_EMPTY without any photograph, DATA_ONE_CLASS, DATA_LABEL_INVALID; the reason of `signal`.
 */
export async function findPhotographs(
  tree: FileTree,
  raw: string,
  formats: readonly ImageFormat[],
  signal?: AbortSignal,
): Promise<RawFiles> {
  const files: { candidates: Candidate[]; ignored: Ignored[]; unreadable: Unreadable[] } = {
    candidates: [],
    ignored: [],
    unreadable: [],
  };
  for (const file of tree.files) {
    signal?.throwIfAborted();
    const { name: path, size } = file;
    const [label = '', ...rest] = path.split('/');
    if (isHidden(path)) files.ignored.push({ path, reason: 'hidden' });
    else if (rest.length === 0) files.ignored.push({ path, reason: 'not in a folder of a label' });
    else if (size === undefined)
      files.unreadable.push({
        path,
        code: 'NOT_A_FILE',
        message: 'A link to nothing, a device, or a folder that may not be read.',
      });
    else if (isNamedLike(path, formats)) files.candidates.push({ path, label, size });
    else {
      const kind = await kindOf(tree, file, formats);
      if (kind === 'photograph') files.candidates.push({ path, label, size });
      else if (typeof kind === 'string') files.ignored.push({ path, reason: kind });
      else files.unreadable.push(kind);
    }
  }
  assertLabels(files, raw, formats);
  return files;
}

async function kindOf(
  tree: FileTree,
  { name: path }: FoundFile,
  formats: readonly ImageFormat[],
): Promise<string | Unreadable> {
  try {
    const bytes = await tree.read(path, SNIFFED_BYTES);
    const format = sniffImageFormat(bytes);
    if (format === undefined) return otherReason(bytes);
    return formats.includes(format) ? 'photograph' : `${format}, which is not among preprocess.formats`;
  } catch (error) {
    return unreadableFile(path, error);
  }
}

/** A picture of a format that is not read is told as what it is: thousands of HEIC from a telephone are no "not a photograph". */
function otherReason(bytes: Uint8Array): string {
  const other = describeOtherFormat(bytes);
  // Texts beside photographs are named too, and are no pictures.
  if (other === undefined || !/^an? /.test(other)) return 'not a photograph';
  return `${other}, which is not read. ${adviceOnOtherFormat(bytes) ?? ''}`.trim();
}

/** A file that the file system does not give. */
export function unreadableFile(path: string, error: unknown): Unreadable {
  const code = codeOf(error);
  if (error instanceof CliError || code === undefined) throw error;
  return { path, code, message: 'The file cannot be read.' };
}

function assertLabels(files: RawFiles, raw: string, formats: readonly ImageFormat[]): void {
  const labels = [...new Set(files.candidates.map(({ label }) => label))];
  const wanted = `Put photographs (${formats.join(', ')}) into one folder a label, such as cat/ and dog/.`;
  if (labels.length === 0) {
    const others = files.ignored.length + files.unreadable.length;
    throw new CliError(
      'DATA_EMPTY',
      `${raw} holds no photograph${others === 0 ? '; it is empty' : ` among its ${others} files`}.`,
      wanted,
    );
  }
  const wrong = labels.find((label) => !LABEL_ID.test(label));
  if (wrong !== undefined)
    throw new CliError(
      'DATA_LABEL_INVALID',
      `The folder ${JSON.stringify(wrong)} of ${raw} cannot be a label; expected lower-case letters, digits and _.`,
      'Rename the folder, or move it out of there if it is no label.',
    );
  if (labels.length === 1)
    throw new CliError(
      'DATA_ONE_CLASS',
      `${raw} holds photographs of ${labels[0] ?? ''} only; a classifier needs two labels or more.`,
      wanted,
    );
}
