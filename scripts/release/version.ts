/**
 * The version of everything here, and the changelog.
 *
 *   npm run ci:version                    takes the changesets: a new version everywhere, a section of CHANGELOG.md
 *   npm run ci:version -- --check v1.2.3  fails unless all files have that version and no changeset is left
 *   npm run ci:version -- --notes 1.2.3   prints what the changelog says of a version
 *
 * `changeset version` gives the packages their number; package.json of the root, the lock file and the charts get the same. The
 * date is today's, or PAWL_RELEASE_DATE. Works in the current folder.
 */
import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { notesOf, parseChangeset, sectionOf, withSection } from './changelog.ts';

interface Manifest {
  readonly version: string;
  readonly workspaces?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}
interface Lock {
  version: string;
  packages: Record<string, Partial<Record<'version' | 'dependencies' | 'devDependencies', unknown>>>;
}

const CHANGESETS_TIMEOUT_MS = 60_000;
const CHANGESETS = fileURLToPath(new URL('../../node_modules/@changesets/cli/bin.js', import.meta.url));
const CHARTS = ['charts/pawl/Chart.yaml', 'charts/pawl-crds/Chart.yaml'];

const manifest = async (folder = '.') => JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest;
const workspaces = async () => (await manifest()).workspaces ?? [];
const changesetFiles = async () =>
  (await readdir('.changeset')).filter((file) => file.endsWith('.md') && file !== 'README.md').sort();
const asJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

const [option, value = ''] = process.argv.slice(2);
try {
  if (option === undefined) await take();
  else if (option === '--check') await check(value);
  else if (option === '--notes') await notes(value);
  else throw new Error(`no option ${option}: expected --check TAG, --notes VERSION, or nothing.`);
} catch (error) {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

async function take(): Promise<void> {
  const texts = await Promise.all(
    (await changesetFiles()).map(async (file) =>
      parseChangeset(file, await readFile(join('.changeset', file), 'utf8')),
    ),
  );
  const changesets = texts.filter((changeset) => changeset !== undefined);
  if (changesets.length === 0) {
    console.log('no changesets: nothing to release');
    return;
  }
  await promisify(execFile)(process.execPath, [CHANGESETS, 'version'], { timeout: CHANGESETS_TIMEOUT_MS });
  const [first = '.'] = await workspaces();
  const { version } = await manifest(first);
  const date = process.env['PAWL_RELEASE_DATE'] ?? new Date().toISOString().slice(0, 10);
  await writeFile('package.json', asJson({ ...(await manifest()), version }));
  await writeLock(version);
  for (const chart of CHARTS)
    await writeFile(
      chart,
      (await readFile(chart, 'utf8')).replace(
        /^(version|appVersion): .+$/gm,
        (_, name: string) => `${name}: ${version}`,
      ),
    );
  const changelog = await readFile('CHANGELOG.md', 'utf8');
  await writeFile('CHANGELOG.md', withSection(changelog, sectionOf(version, date, changesets)));
  console.log(version);
}

/** What npm would write for the new numbers, without asking a registry for all others. */
async function writeLock(version: string): Promise<void> {
  const lock = JSON.parse(await readFile('package-lock.json', 'utf8')) as Lock;
  lock.version = version;
  for (const folder of ['', ...(await workspaces())]) {
    const { dependencies, devDependencies } = await manifest(folder);
    const entry = lock.packages[folder];
    if (entry === undefined) throw new Error(`package-lock.json has no "${folder}": run npm install.`);
    entry.version = version;
    if (entry.dependencies !== undefined) entry.dependencies = dependencies;
    if (entry.devDependencies !== undefined) entry.devDependencies = devDependencies;
  }
  await writeFile('package-lock.json', asJson(lock));
}

async function check(tag: string): Promise<void> {
  const version = tag.replace(/^v/, '');
  const found: [string, string][] = [];
  for (const folder of ['.', ...(await workspaces())])
    found.push([join(folder, 'package.json'), (await manifest(folder)).version]);
  for (const chart of CHARTS)
    for (const [, name = '', number = ''] of (await readFile(chart, 'utf8')).matchAll(/^(version|appVersion): (.+)$/gm))
      found.push([`${name} of ${chart}`, number]);
  const problems = found
    .filter(([, number]) => number !== version)
    .map(([where, number]) => `${where} is ${number}, and the tag is ${tag}`);
  if (notesOf(await readFile('CHANGELOG.md', 'utf8'), version) === undefined)
    problems.push(`CHANGELOG.md has no section ${version}`);
  const left = await changesetFiles();
  if (left.length > 0) problems.push(`changesets are left: ${left.join(', ')}`);
  if (problems.length > 0)
    throw new Error(`${problems.join('; ')}. Merge the pull request of the version first, and tag its commit.`);
  console.log(`everything is ${version}`);
}

async function notes(version: string): Promise<void> {
  const text = notesOf(await readFile('CHANGELOG.md', 'utf8'), version.replace(/^v/, ''));
  if (text === undefined) throw new Error(`CHANGELOG.md has no section ${version}.`);
  console.log(text);
}
