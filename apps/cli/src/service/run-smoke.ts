import { readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import type { Context } from '../terminal/context.ts';
import { assertFile, bundledPhotos, readLabelledPhotos } from './labelled-photos.ts';
import { ServiceClient } from './service-client.ts';
import { smoke, type SmokeCheck } from './smoke.ts';

export interface RunSmokeOptions {
  readonly url: string;
  /** As on the command line; undefined: a bundled photograph. */
  readonly image: string | undefined;
  readonly labels: readonly string[];
  readonly waitMs: number;
  readonly timeoutMs: number;
}

/** Checks a service. @throws CliError USAGE, FILE_NOT_FOUND. */
export async function runSmoke(context: Context, options: RunSmokeOptions): Promise<readonly SmokeCheck[]> {
  const { url, labels, waitMs, timeoutMs } = options;
  const service = new ServiceClient(url, timeoutMs, context.signal);
  const path = await imagePath(context, options.image);
  const image = { name: basename(path), bytes: await readFile(path) };
  return await smoke(service, { context, image, labels, waitMs });
}

async function imagePath({ cwd }: Context, image: string | undefined): Promise<string> {
  if (image === undefined) return (await readLabelledPhotos(bundledPhotos))[0]?.path ?? '';
  const path = resolve(cwd, image);
  await assertFile(path);
  return path;
}
