import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import type { ClusterContext } from '../../src/cluster/cluster-context.ts';

/** A picture of a few soft blobs, another one for every number: stands for a photograph. */
export function aScene(seed: number, width = 96, height = 64): Sharp {
  // A linear congruential generator (Numerical Recipes); near seeds give unrelated pictures.
  let state = Math.imul(seed + 1, 2_654_435_761) >>> 0;
  const next = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) >>> 24;
  const cells = Buffer.from(Array.from({ length: 6 * 6 * 3 }, next));
  return sharp(cells, { raw: { width: 6, height: 6, channels: 3 } }).resize(width, height, {
    fit: 'fill',
    kernel: 'cubic',
  });
}

/** Its bytes. */
export const aPhotograph = (seed: number, format: 'jpeg' | 'png' = 'jpeg'): Promise<Buffer> =>
  aScene(seed)[format]().toBuffer();

/** A folder of the test's own, deleted after the suite. */
export function aFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'pawl-data-'));
  folders.push(folder);
  return folder;
}

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Writes a file; folders above it are made. */
export function put(folder: string, name: string, bytes: Uint8Array | string): void {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
}

/** A raw folder with `number` photographs of each label, all different. */
export async function aRawFolder(number: number, labels: readonly string[] = ['cat', 'dog']): Promise<string> {
  const folder = aFolder();
  for (const [index, label] of labels.entries())
    for (let i = 0; i < number; i++) put(folder, `${label}/${i}.jpg`, await aPhotograph(index * 1000 + i));
  return folder;
}

/** A context whose folder is `cwd`; what is written to stderr is in `written`. */
export function aContext(
  cwd: string,
  changes: Partial<ClusterContext> = {},
): ClusterContext & { readonly written: string[] } {
  const written: string[] = [];
  return {
    stdout: { write: () => true },
    stderr: { write: (text) => written.push(text) },
    env: { LANG: 'C.UTF-8' },
    cwd,
    signal: new AbortController().signal,
    now: () => new Date(),
    sleep: () => Promise.resolve(),
    random: () => 'abc123',
    connect: () => Promise.reject(new Error('no cluster here')),
    written,
    ...changes,
  };
}
