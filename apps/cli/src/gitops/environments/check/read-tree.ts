import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from '@pawl/shared/errors/system-error';
import { SETTINGS_FILE } from '../environment-settings.ts';
import { MODELS_FOLDER, PUBLIC_KEY_FILE } from '../environment.ts';
import { parseDeclaration, type Declaration } from './declaration.ts';
import type { Finding } from './findings.ts';
import { foreignFiles, foreignResources } from './foreign-sources.ts';
import { readVersionFiles, type VersionFile } from './version-file.ts';

/** Values of an environment or of a model in it. */
export const VALUES_FILE = 'values.yaml';
/** Folder of a model with its acceptance images. */
export const ACCEPTANCE_FOLDER = 'acceptance';

/** A model of an environment: a folder beside `models`. */
export interface ModelFolder {
  readonly name: string;
  /** Absolute path. */
  readonly folder: string;
  /** Path as people type it. */
  readonly shown: string;
  readonly hasValues: boolean;
  readonly hasAcceptance: boolean;
  /** What its acceptance images would be fetched from elsewhere; then they are not rendered. */
  readonly foreignFindings: readonly Finding[];
}

/** An environment as its folder says, with what could not be read of it. */
export interface EnvironmentFolder {
  readonly name: string;
  /** Absolute path. */
  readonly folder: string;
  /** Path as people type it. */
  readonly shown: string;
  /** Absolute path of values.yaml; undefined when there is none. */
  readonly values: string | undefined;
  /** PEM that `pawl release` asks for in this environment; undefined: it takes the one of the values. */
  readonly releaseKeys: string | undefined;
  readonly declaration: Declaration | undefined;
  readonly declarationFindings: readonly Finding[];
  readonly models: readonly ModelFolder[];
  readonly versions: readonly VersionFile[];
  readonly versionFindings: readonly Finding[];
  /** Files that Argo CD reads otherwise than they are read here. */
  readonly foreignFindings: readonly Finding[];
}

/**
 * Reads every environment below a folder, sorted by name; none when there is no such folder. Links are not followed: Argo CD
 * follows none that leave the repository.
 *
 * @param folder absolute path
 * @param shown the same as people type it
 */
export async function readTree(folder: string, shown: string): Promise<readonly EnvironmentFolder[]> {
  const { folders } = await list(folder);
  return await Promise.all(folders.map((name) => readEnvironmentFolder(name, join(folder, name), `${shown}/${name}`)));
}

async function readEnvironmentFolder(name: string, folder: string, shown: string): Promise<EnvironmentFolder> {
  const [top, models] = await Promise.all([list(folder), list(join(folder, MODELS_FOLDER))]);
  const declaration = parseDeclaration(
    `${shown}/${SETTINGS_FILE}`,
    top.files.includes(SETTINGS_FILE) ? await readFile(join(folder, SETTINGS_FILE), 'utf8') : undefined,
  );
  const files = models.files.filter((file) => /\.(ya?ml|json)$/.test(file));
  const { versions, findings } = readVersionFiles(
    await Promise.all(
      files.map(async (file) => ({
        name: file,
        file: `${shown}/${MODELS_FOLDER}/${file}`,
        text: await readFile(join(folder, MODELS_FOLDER, file), 'utf8'),
      })),
    ),
  );
  return {
    name,
    folder,
    shown,
    values: top.files.includes(VALUES_FILE) ? join(folder, VALUES_FILE) : undefined,
    releaseKeys: top.files.includes(PUBLIC_KEY_FILE)
      ? await readFile(join(folder, PUBLIC_KEY_FILE), 'utf8')
      : undefined,
    declaration: declaration.declaration,
    declarationFindings: declaration.findings,
    models: await Promise.all(
      top.folders.filter((model) => model !== MODELS_FOLDER).map((model) => readModelFolder(folder, shown, model)),
    ),
    versions,
    versionFindings: findings,
    foreignFindings: await foreignFiles(folder, shown),
  };
}

async function readModelFolder(environment: string, shown: string, name: string): Promise<ModelFolder> {
  const folder = join(environment, name);
  const { files, folders } = await list(folder);
  return {
    name,
    folder,
    shown: `${shown}/${name}`,
    hasValues: files.includes(VALUES_FILE),
    hasAcceptance: folders.includes(ACCEPTANCE_FOLDER),
    foreignFindings: await foreignResources(join(folder, ACCEPTANCE_FOLDER), `${shown}/${name}/${ACCEPTANCE_FOLDER}`),
  };
}

/** Names of what lies in a folder, sorted; nothing where there is none. Hidden ones are left out. */
async function list(folder: string) {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  const names = (of: 'isFile' | 'isDirectory') =>
    entries
      .filter((entry) => entry[of]() && !entry.name.startsWith('.'))
      .map(({ name }) => name)
      .sort();
  return { files: names('isFile'), folders: names('isDirectory') };
}
