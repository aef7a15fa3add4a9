/**
 * Prints the compressed size of every layer of built images and fails when an image is larger than its row in
 * images/budgets.json.
 *
 *   npm run ci:sizes                                  the images pawl-TARGET:dev of `npm run ci:build`
 *   npm run ci:sizes -- inference=inference.tar ...   archives: OCI layout, folder or tar, or what docker save writes
 *
 * PAWL_TAG is another tag than dev.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { readImageArchive } from './image-archive.ts';
import { type Budgets, reportSizes } from './sizes.ts';

/** An image is some hundred megabytes, and the machine may be busy. */
const EXPORT_TIMEOUT_MS = 300_000;
const inRepository = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

const budgets = JSON.parse(await readFile(inRepository('images/budgets.json'), 'utf8')) as Budgets;
const given = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'pawl-sizes-'));
const problems: string[] = [];
try {
  for (const argument of given.length > 0 ? given : Object.keys(budgets)) {
    const [target = '', path = await exported(argument)] = argument.split(/=(.*)/s);
    const report = reportSizes(target, await readImageArchive(path), budgets);
    console.log(report.lines.join('\n'));
    problems.push(...report.problems);
  }
} finally {
  await rm(folder, { recursive: true });
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;

/** Writes the image that was built here to an archive. */
async function exported(target: string): Promise<string> {
  const path = join(folder, target);
  const name = `pawl-${target}:${process.env['PAWL_TAG'] ?? 'dev'}`;
  await promisify(execFile)(inRepository('scripts/ci/export-image.sh'), [name, path], { timeout: EXPORT_TIMEOUT_MS });
  return path;
}
