import { stat } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { Context } from '../../terminal/context.ts';
import { PARAMS_FILE, readParams } from '../params/read-params.ts';
import type { Manifest } from '@pawl/shared/bundle/manifest';
import { withBundle } from '../../bundles/read-bundle.ts';
import { toUri } from '../../bundles/stores.ts';
import { CliError } from '../../errors/cli-error.ts';
import { resumable } from '../../errors/resumable.ts';
import { createProgress } from '../../terminal/progress.ts';
import { bytes, count, plainLine } from '../../terminal/text.ts';
import { themeFor } from '../../terminal/theme.ts';
import type { AskAll } from './check-labels.ts';
import type { DatasetItem } from './dataset.ts';
import { INDEX_FILE } from './index-file.ts';
import { some } from './layout-paths.ts';
import { packable, writeArchive, type Archive, type PackedFile } from './pack.ts';
import { prepare } from './prepare.ts';
import { renderPreparation } from './render-preparation.ts';

/** Options of `pawl data prepare`; relative paths start from the context's folder. */
export interface PrepareOptions {
  readonly raw: string;
  readonly out: string;
  readonly report: string;
  readonly archive?: string;
  readonly params?: string;
  /** Address of a bundle; empty: none is asked. Undefined: as the parameters say. */
  readonly checkLabels?: string;
  /** Folder of the feature cache. */
  readonly cache: string;
}

/** Asks the bundle at `address` by its features, which stay in a cache. */
export type AskByFeatures = (
  context: Context,
  question: {
    readonly address: string;
    readonly features: string;
    readonly cache: string;
    readonly manifest: Manifest;
  } & {
    readonly dataset: Parameters<AskAll>[1];
  },
) => ReturnType<AskAll>;

/**
 * `pawl data prepare`.
 *
 * @param askByFeatures how the labels are checked where the bundle that is asked is the backbone of the training too.
 * @throws CliError INTERRUPTED; CliError and PawlError of the parameters, the bundle, {@link prepare} and
 *   {@link writeArchive}.
 */
export async function runPrepare(
  context: Context,
  options: PrepareOptions,
  askByFeatures?: AskByFeatures,
): Promise<void> {
  const { raw, out, report, archive } = options;
  assertApart(resolve(context.cwd, raw), resolve(context.cwd, out));
  const path = resolve(context.cwd, options.params ?? PARAMS_FILE);
  const { preprocess, gate, train } = await readParams(path, options.params !== undefined);
  const address = options.checkLabels ?? preprocess.check_labels;
  const request = { raw, out, report, parameters: { ...preprocess, check_labels: address }, gate };
  // Only what a training on this bundle finds in the cache is worth keeping there.
  const askAll: AskAll | undefined =
    askByFeatures === undefined || address !== train.backbone
      ? undefined
      : (manifest, dataset) =>
          askByFeatures(context, {
            address,
            manifest,
            dataset,
            features: train.features,
            cache: resolve(context.cwd, options.cache),
          });
  const preparation = await resumable(context.signal, 'the pictures so far are kept', async () =>
    address === ''
      ? await prepare(context, request)
      : // Opened before anything else: a wrong address is known at once.
        await withBundle(context, toUri(address, context.cwd), {}, (bundle) =>
          prepare(context, { ...request, bundle, askAll }),
        ),
  );
  const written =
    archive === undefined
      ? undefined
      : await archiveItems(context, out, resolve(context.cwd, archive), preparation.items);
  const paths = { out, report, archive: written && archive !== undefined ? { path: archive, ...written } : undefined };
  context.stdout.write(renderPreparation(preparation.report, paths, themeFor(context.stdout, context.env)));
}

/** What is made must not lie among what it is made of: the next run would take it for photographs. @throws CliError USAGE. */
function assertApart(raw: string, out: string): void {
  const way = relative(raw, out);
  if (way !== '' && (way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way))) return;
  throw new CliError(
    'USAGE',
    `The data set cannot go to ${out}, which ${way === '' ? 'is' : 'lies in'} the folder of the photographs.`,
    'Name a folder outside of it with --out, such as data/processed.',
  );
}

/** Packs a data set: its index and its pictures, nothing else that lies in the folder. */
async function archiveItems(
  context: Context,
  out: string,
  archive: string,
  items: readonly DatasetItem[],
): Promise<Archive> {
  const folder = resolve(context.cwd, out);
  const files: PackedFile[] = [];
  for (const name of [INDEX_FILE, ...items.map(({ path }) => path)])
    files.push({ name, size: (await stat(join(folder, name))).size });
  return await packWithProgress(context, folder, files, archive);
}

/**
 * `pawl data pack`.
 *
 * @throws CliError of {@link packable} and {@link writeArchive}.
 */
export async function runPack(context: Context, folder: string, archive: string): Promise<void> {
  const [from, to] = [resolve(context.cwd, folder), resolve(context.cwd, archive)];
  const { files, left } = await packable(from, to);
  const { digest } = await packWithProgress(context, from, files, to);
  const out = left.filter(({ isLinkOut }) => isLinkOut === true).map(({ name }) => name);
  const others = left.length - out.length;
  if (others > 0) context.stderr.write(`${count(others, 'hidden or special file')} left out\n`);
  if (out.length > 0)
    context.stderr.write(plainLine(`Links that lead out of the folder are left out: ${some(out)}`) + '\n');
  context.stdout.write(`${archive} ${digest}\n`);
}

async function packWithProgress(
  context: Context,
  folder: string,
  files: readonly PackedFile[],
  archive: string,
): Promise<Archive> {
  const progress = await createProgress(context, 'Packing', files.length);
  const written = await writeArchive(folder, files, archive, context.signal, (packed) => {
    progress.update(packed);
  });
  progress.done(`${count(files.length, 'file')}, ${bytes(written.bytes)}`);
  return written;
}
