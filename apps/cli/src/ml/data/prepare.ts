import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { compareCodeUnits } from '@pawl/shared/bundle/canonical-json';
import { forEachLimited } from '@pawl/shared/concurrency/for-each-limited';
import type { Bundle } from '@pawl/shared/bundle/open-bundle';
import { cpuLimit } from '@pawl/shared/execution/cpu-limit';
import { createImageDecoder } from '@pawl/shared/preprocessing/decode-image';
import { defaultImageLimits } from '@pawl/shared/preprocessing/limits';
import type { Context } from '../../terminal/context.ts';
import type { CliError } from '../../errors/cli-error.ts';
import { writeError } from '../../errors/write-error.ts';
import type { GateParams, PreprocessParams } from '../params/params.ts';
import { createProgress } from '../../terminal/progress.ts';
import { count } from '../../terminal/text.ts';
import { assignSplits, keepSplits } from './assign-splits.ts';
import { checkLabels, type AskAll, type LabelCheck } from './check-labels.ts';
import { classify, type Classified } from './classify.ts';
import type { DatasetItem, Split } from './dataset.ts';
import { concernsOf, leaksOf } from './concerns.ts';
import { createDisk, DATA_ADVICE, type WriteBytes } from './disk.ts';
import { createExaminer, type Decoded, type PhotographContent } from './examine.ts';
import { openFileTree, type FileTree } from './file-tree.ts';
import { findPhotographs, type RawFiles, type Unreadable } from './find-photographs.ts';
import { hashOfItems, sortItems } from './index-file.ts';
import { Journal } from './journal.ts';
import { describeLayout, drawnSplits } from './layout.ts';
import { groupNearDuplicates } from './near-duplicates.ts';
import { itemPath, PictureStore, WORK_FOLDER } from './picture-store.ts';
import { preparation, resizedTwice } from './prepared-size.ts';
import { findProblem } from './problem.ts';
import { buildReport, type DataReport } from './report.ts';
import { writeReport } from './write-report.ts';

/** What to prepare; relative paths start from the context's folder. */
export interface PrepareRequest {
  /** Folder or tar archive, laid out as {@link recogniseLayout} reads it. */
  readonly raw: string;
  /** Folder that becomes the data set. */
  readonly out: string;
  /** Folder of `report.json` and `report.html`. */
  readonly report: string;
  readonly parameters: PreprocessParams;
  /** What the report warns by; undefined: of nothing. */
  readonly gate?: GateParams | undefined;
  /** Asked about the labels; undefined: nobody is. */
  readonly bundle?: Bundle | undefined;
  /** Undefined: picture by picture. */
  readonly askAll?: AskAll | undefined;
}

/** What was prepared. */
export interface Preparation {
  readonly report: DataReport;
  /** Sorted by path. */
  readonly items: readonly DatasetItem[];
  /** Pictures that had to be made; the others were there from an earlier run. */
  readonly made: number;
}

/** A picture waits for a thread of libuv's pool, and the machine may be busy: far above what one takes. */
const DECODE_TIMEOUT_MS = 60_000;

/**
 * Makes a data set of photographs: every one is decoded as the service does, what is broken, tiny, there twice or
 * contradicting is left out and reported, the rest is split. A run that is stopped, in whatever way, is continued by the
 * next one; a file that has not changed is not decoded again.
 *
 * @throws CliError FILE_NOT_FOUND, DATA_EMPTY, DATA_ONE_CLASS, DATA_LABEL_INVALID, DATA_LAYOUT_UNCLEAR, DATA_UNREADABLE,
 *   DATA_SPLIT_EMPTY, DISK_FULL, FILE_WRITE_FAILED; the reason of the context's signal. The report is written also where the photographs make
 *   no data set; an earlier data set in `out` then stays as it is.
 */
export async function prepare(context: Context, request: PrepareRequest, write?: WriteBytes): Promise<Preparation> {
  const { parameters } = request;
  const out = resolve(context.cwd, request.out);
  const work = join(out, WORK_FOLDER);
  const temporary = join(work, 'partial');
  const disk = createDisk(temporary, write);
  await using tree = disposable(await openFileTree(resolve(context.cwd, request.raw), context.signal, 'named'));
  const files = await findPhotographs(tree, request.raw, parameters.formats, context.signal);
  const { given } = files.layout;
  const layout = { text: describeLayout(files.layout, files.unused, parameters.split_ratios), given };
  context.stderr.write(`Layout: ${layout.text}\n`);
  try {
    // What a killed run was writing.
    await rm(temporary, { recursive: true, force: true });
    await mkdir(temporary, { recursive: true });
  } catch (cause) {
    throw writeError(out, cause, DATA_ADVICE);
  }
  const store = await PictureStore.open(out, disk);
  const journal = await Journal.open<PhotographContent>(join(work, 'findings.jsonl'), disk);
  const { decoded, unreadable, made, keys } = await examineAll(context, parameters, { tree, files, store, journal });

  const classified = classify(decoded, parameters.min_side);
  const prints = classified.kept.map(({ print }) => print);
  const groups = await groupNearDuplicates(prints, parameters.near_duplicate_bits, context.signal);
  const items = itemsOf(classified, groups, given, parameters);
  const problem = findProblem(files.candidates, classified, items, given, parameters);

  const reported = async (check: LabelCheck, kept: readonly DatasetItem[], error?: CliError) => {
    const report = buildReport({
      raw: request.raw,
      layout,
      parameters,
      problem: error === undefined ? undefined : { code: error.code, message: error.message },
      hash: kept.length === 0 ? '' : hashOfItems(kept),
      ignored: files.ignored,
      unreadable,
      classified,
      groups,
      items: kept,
      check,
      concerns: [
        ...leaksOf(classified, groups, kept),
        ...(request.gate === undefined ? [] : concernsOf(kept, request.gate, parameters, given)),
      ],
    });
    await writeReport(resolve(context.cwd, request.report), report, (digest) => store.read(digest), write);
    return report;
  };
  if (problem !== undefined) {
    await reported({ kind: 'skipped', reason: 'there is no data set' }, [], problem);
    throw problem;
  }
  await store.arrange(items, sourcesLeftOut(classified));
  // After the data set is complete: what is not needed any more goes.
  await journal.compact([...keys].sort(compareCodeUnits));
  await rm(temporary, { recursive: true, force: true });
  const labels = [...new Set(items.map(({ label }) => label))];
  const { image_size: side } = parameters;
  const unfit = request.bundle && resizedTwice({ width: side, height: side }, request.bundle.manifest.input);
  const check: LabelCheck =
    request.bundle === undefined || unfit !== undefined
      ? { kind: 'skipped', reason: unfit ?? 'no bundle was named (preprocess.check_labels, --check-labels)' }
      : await checkLabels(
          context,
          {
            bundle: request.bundle,
            items,
            labels,
            read: (item) => store.read(item.source?.digest ?? ''),
            journal: await Journal.open<readonly number[]>(join(work, 'answers.jsonl'), disk),
          },
          request.askAll,
        );
  return { report: await reported(check, items), items, made };
}

interface Examined {
  readonly decoded: readonly Decoded[];
  readonly unreadable: readonly Unreadable[];
  readonly made: number;
  readonly keys: readonly string[];
}

async function examineAll(
  context: Context,
  { image_size: imageSize, formats }: PreprocessParams,
  parts: { tree: FileTree; files: RawFiles; store: PictureStore; journal: Journal<PhotographContent> },
): Promise<Examined> {
  const { tree, files, store, journal } = parts;
  const limits = { ...defaultImageLimits, timeoutMs: DECODE_TIMEOUT_MS };
  const input = { width: imageSize, height: imageSize, ...preparation };
  const decoder = createImageDecoder(
    { name: 'image', layout: 'NHWC', dtype: 'uint8', scale: 1, mean: [0, 0, 0], std: [1, 1, 1], ...input },
    limits,
  );
  const examiner = createExaminer({ tree, decoder, imageSize, formats, maxBytes: limits.maxBytes, journal, store });
  const progress = await createProgress(context, 'Preparing', files.candidates.length);
  const decoded: Decoded[] = [];
  const unreadable: Unreadable[] = [...files.unreadable];
  let done = 0;
  try {
    // Two a core: one is decoded in libuv's pool while another one is read, hashed or written. No worker threads: they would
    // share that pool, and what is left for this thread is 1 of 10 ms a photograph.
    await forEachLimited(
      files.candidates,
      cpuLimit() * 2,
      async (candidate) => {
        const found = await examiner.examine(candidate);
        if ('code' in found) unreadable.push(found);
        else decoded.push(found);
        progress.update(++done);
      },
      context.signal,
    );
  } finally {
    await journal.flush();
  }
  const { made, keys } = examiner;
  const pictures = new Set(decoded.map(({ source }) => source.digest)).size;
  const known = made < pictures ? `, ${made} of them new` : '';
  progress.done(`${count(decoded.length, 'photograph')} decoded${known}; ${unreadable.length} cannot be read`);
  return { decoded, unreadable, made, keys };
}

function itemsOf(
  { kept }: Classified,
  groups: readonly (readonly number[])[],
  given: readonly Split[],
  { split_ratios: ratios, seed }: PreprocessParams,
): DatasetItem[] {
  const pictures = kept.map(({ source, label, split }) => ({ digest: source.digest, label, split }));
  const assigned =
    given.length === 0
      ? assignSplits(pictures, groups, ratios, seed)
      : keepSplits(pictures, groups, drawnSplits(given, ratios), ratios, seed);
  return sortItems(
    kept.map(({ label, source, picture }, index) => {
      const split = assigned[index] ?? 'train';
      return { path: itemPath(split, label, source.digest), split, label, digest: picture, source };
    }),
  );
}

/** Photographs outside the data set whose pictures are kept, for the report and for the next run. */
function sourcesLeftOut({ tiny, duplicates, conflicts, kept }: Classified): string[] {
  const inside = new Set(kept.map(({ source }) => source.digest));
  return [...tiny, ...duplicates.flatMap(({ left }) => left), ...conflicts.flat()]
    .map(({ source }) => source.digest)
    .filter((digest) => !inside.has(digest));
}

const disposable = (tree: FileTree): FileTree & AsyncDisposable => ({
  ...tree,
  [Symbol.asyncDispose]: () => tree.close(),
});
