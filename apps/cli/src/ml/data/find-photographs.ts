import { NEITHER } from '@pawl/shared/bundle/manifest';
import { codeOf } from '@pawl/shared/errors/system-error';
import {
  adviceOnOtherFormat,
  describeOtherFormat,
  sniffImageFormat,
  type ImageFormat,
} from '@pawl/shared/preprocessing/image-format';
import { CliError } from '../../errors/cli-error.ts';
import { count } from '../../terminal/text.ts';
import type { Split } from './dataset.ts';
import type { FileTree } from './file-tree.ts';
import { recogniseLayout, type Layout } from './layout.ts';
import { isHidden, isNamedLike, SNIFFED_BYTES, type FoundFile } from '../../files/list-photographs.ts';

/** A raw file that is, or claims to be, a photograph of a label. */
export interface Candidate {
  /** Relative to the raw folder, with `/`. */
  readonly path: string;
  readonly label: string;
  /** Where the raw folder is split already. */
  readonly split?: Split | undefined;
  /** Bytes. */
  readonly size: number;
}

/** A photograph, whatever it shows. */
type Photograph = Pick<Candidate, 'path' | 'size'>;

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

/** Every file of a raw folder, in one of three lists, and how they lie in it. */
export interface RawFiles {
  readonly layout: Pick<Layout, 'description' | 'given'>;
  /** Folders of which nothing is used, each with `/` at the end. */
  readonly unused: readonly string[];
  readonly candidates: readonly Candidate[];
  readonly ignored: readonly Ignored[];
  readonly unreadable: readonly Unreadable[];
}

/**
 * Sorts the files of a raw folder. A photograph is what begins as one of the formats, or is named as one: a broken
 * `cat/1.jpg` is to be reported, not skipped. A name alone decides where it can, so that few files are opened twice. What
 * they show is said by their paths, see {@link recogniseLayout}.
 *
 * @throws CliError DATA_EMPTY without any photograph, DATA_ONE_CLASS, DATA_LABEL_INVALID, DATA_LAYOUT_UNCLEAR; the reason of
 *   `signal`.
 */
export async function findPhotographs(
  tree: FileTree,
  raw: string,
  formats: readonly ImageFormat[],
  signal?: AbortSignal,
): Promise<RawFiles> {
  const photographs: Photograph[] = [];
  const ignored: Ignored[] = [];
  const unreadable: Unreadable[] = [];
  const unused = new Set<string>();
  for (const file of tree.files) {
    signal?.throwIfAborted();
    const { name: path, size, isLinkOut } = file;
    const aside = unusedFolder(path);
    if (aside !== undefined) {
      unused.add(aside.folder);
      ignored.push({ path, reason: aside.reason });
    } else if (isHidden(path)) ignored.push({ path, reason: 'hidden' });
    else if (isLinkOut === true) ignored.push({ path, reason: LINK_OUT });
    else if (size === undefined)
      unreadable.push({
        path,
        code: 'NOT_A_FILE',
        message: 'A link to nothing, a device, or a folder that may not be read.',
      });
    else if (isNamedLike(path, formats)) photographs.push({ path, size });
    else {
      const kind = await kindOf(tree, file, formats);
      if (kind === 'photograph') photographs.push({ path, size });
      else if (typeof kind === 'string') ignored.push({ path, reason: kind });
      else unreadable.push(kind);
    }
  }
  const layout = recogniseLayout(
    photographs.map(({ path }) => path),
    raw,
  );
  for (const folder of layout.unlabelled) unused.add(folder);
  const candidates: Candidate[] = [];
  for (const [index, photograph] of photographs.entries()) {
    const place = layout.places[index] ?? { reason: '' };
    if ('reason' in place) ignored.push({ path: photograph.path, reason: place.reason });
    else candidates.push({ ...photograph, ...place });
  }
  const files = { candidates, ignored, unreadable, layout, unused: [...unused] };
  assertLabels(files, photographs.length, raw, formats);
  return files;
}

const LINK_OUT = 'a link that leads out of the folder, which is not followed';

/** The folder of a path of which nothing is used, whatever is in it. */
function unusedFolder(path: string): { readonly folder: string; readonly reason: string } | undefined {
  const folders = path.split('/').slice(0, -1);
  for (const [index, name] of folders.entries()) {
    const reason = reasonAgainst(name);
    if (reason !== undefined) return { folder: `${folders.slice(0, index + 1).join('/')}/`, reason };
  }
  return undefined;
}

function reasonAgainst(folder: string): string | undefined {
  if (isHidden(folder)) return 'hidden';
  if (folder === '__MACOSX') return 'left behind by an archive of macOS';
  return folder.toLowerCase() === NEITHER
    ? `shows none of the labels, which is no label; ${NEITHER}/ is for abstain.neither and for pawl evaluate --photos`
    : undefined;
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

function assertLabels(files: RawFiles, photographs: number, raw: string, formats: readonly ImageFormat[]): void {
  const labels = [...new Set(files.candidates.map(({ label }) => label))];
  const wanted = `Put photographs (${formats.join(', ')}) into one folder a label, such as cat/ and dog/.`;
  if (labels.length === 0) {
    if (photographs > 0)
      throw new CliError(
        'DATA_EMPTY',
        `${raw} holds ${count(photographs, 'photograph')}, none in a folder of a label.`,
        wanted,
      );
    const others = files.ignored.length + files.unreadable.length;
    const out = files.ignored.filter(({ reason }) => reason === LINK_OUT).length;
    throw new CliError(
      'DATA_EMPTY',
      `${raw} holds no photograph${others === 0 ? '; it is empty' : ` among its ${others} files`}${out === 0 ? '' : `, of which ${out} are links that lead out of it and are not followed`}.`,
      out === 0 ? wanted : 'Name the folder that holds the photographs themselves with --raw, or copy them.',
    );
  }
  if (labels.length === 1)
    throw new CliError(
      'DATA_ONE_CLASS',
      `${raw} holds photographs of ${labels[0] ?? ''} only; a classifier needs two labels or more.`,
      wanted,
    );
}
