import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from '@pawl/shared/errors/system-error';
import { parse } from 'yaml';
import { problem, type Finding } from './findings.ts';

/** Names by which kustomize finds its file. */
const KUSTOMIZATIONS = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];
/** Lists of files and folders that kustomize opens, and fetches where an entry names another host. */
const LISTS = [
  ...['resources', 'bases', 'components', 'generators', 'transformers', 'validators', 'configurations', 'crds'],
  'patchesStrategicMerge',
];
/** Fields that name files anywhere below, which kustomize fetches too. */
const FILE_FIELDS = ['files', 'envs', 'env', 'path'];
/** Fields by which kustomize fetches charts. */
const CHARTS = ['helmCharts', 'helmChartInflationGenerator', 'helmGlobals'];
/** What kustomize takes for the address of a repository even where a folder of that name is here. */
const ADDRESS = /:\/\/|^git::|^[^/]+@|^(www\.)?github\.com[:/]|\.git\b|\?/i;
/** Kustomizations that one may lead to; beyond it something is wrong. */
const MAX_FOLDERS = 100;

/**
 * What a kustomization would fetch from elsewhere when it is rendered: what was never in a commit, and may be another thing
 * tomorrow. Follows the kustomizations that it names. Files that are no YAML are left to kustomize's own words.
 *
 * @param folder absolute path
 * @param shown the same as people type it
 */
export async function foreignResources(folder: string, shown: string): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const queue: string[] = [folder];
  const seen = new Set<string>();
  for (let at = queue.shift(); at !== undefined && seen.size < MAX_FOLDERS; at = queue.shift()) {
    if (seen.has(at)) continue;
    seen.add(at);
    const kustomization = await readKustomization(at);
    for (const chart of CHARTS.filter((field) => field in kustomization))
      findings.push(foreign(shown, chart, 'a chart'));
    for (const file of fileNames(kustomization).filter((name) => ADDRESS.test(name)))
      findings.push(foreign(shown, 'a file', file));
    for (const field of LISTS)
      for (const entry of strings(kustomization[field])) {
        const kind = ADDRESS.test(entry) ? undefined : await kindOf(join(at, entry));
        if (kind === 'folder') queue.push(join(at, entry));
        if (kind === undefined) findings.push(foreign(shown, field, entry));
      }
  }
  return findings;
}

const foreign = (shown: string, field: string, entry: string): Finding =>
  problem(
    'SOURCE_FOREIGN',
    shown,
    `names ${oneLine(entry)} (${field}), which is not in this folder or repository; expected files of Git alone.`,
    'Copy what it has into the folder: what is fetched while Argo CD renders was never reviewed.',
  );

/**
 * Files by which Argo CD would render or apply something else than is checked here: links, whose targets are not followed, and
 * its own files of overriding parameters.
 *
 * @param folder of an environment, absolute path
 * @param shown the same as people type it
 */
export async function foreignFiles(folder: string, shown: string): Promise<readonly Finding[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const findings = await Promise.all(
    entries.map(async (entry) => {
      const path = `${shown}/${entry.name}`;
      if (entry.isDirectory()) return await foreignFiles(join(folder, entry.name), path);
      if (entry.isSymbolicLink())
        return [problem('SOURCE_FOREIGN', path, 'is a link; expected a file.', 'Put the file there that it leads to.')];
      return entry.name.startsWith('.argocd-source')
        ? [
            problem(
              'SOURCE_FOREIGN',
              path,
              'changes how Argo CD renders this folder, which is not checked.',
              'Remove it; what an environment needs goes into its values.',
            ),
          ]
        : [];
    }),
  );
  return findings.flat();
}

type Json = Readonly<Record<string, unknown>>;

async function readKustomization(folder: string): Promise<Json> {
  for (const name of KUSTOMIZATIONS) {
    const text = await readFile(join(folder, name), 'utf8').catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    if (text === undefined) continue;
    try {
      const value: unknown = parse(text);
      return typeof value === 'object' && value !== null ? (value as Json) : {};
    } catch {
      return {};
    }
  }
  return {};
}

/** Names of files, wherever they are; of `key=file` the file. */
function fileNames(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(fileNames);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([field, child]) =>
    FILE_FIELDS.includes(field)
      ? strings(child).map((name) => name.slice(name.indexOf('=') + 1))
      : fileNames(child as unknown),
  );
}

const strings = (value: unknown): readonly string[] =>
  (Array.isArray(value) ? value : [value]).filter((one): one is string => typeof one === 'string');

async function kindOf(path: string): Promise<'folder' | 'file' | undefined> {
  const found = await lstat(path).catch(() => undefined);
  return found === undefined ? undefined : found.isDirectory() ? 'folder' : 'file';
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim().slice(0, 200);
