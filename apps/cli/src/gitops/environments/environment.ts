import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isMissing } from '@pawl/shared/errors/system-error';
import { modelVersionSpecSchema, type ModelVersionSpec } from '@pawl/shared/modelversion/model-version';
import { API_VERSION, MODEL_VERSION } from '@pawl/shared/modelversion/names';
import { compareBuild } from 'semver';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { Context } from '../../terminal/context.ts';
import { CliError } from '../../errors/cli-error.ts';
import { nearNames } from '../../terminal/near-names.ts';

/** Folder of an environment that holds its ModelVersions, one file each. */
export const MODELS_FOLDER = 'models';
/** File of an environment with the PEM of the key that its bundles must be signed by. */
export const PUBLIC_KEY_FILE = 'public-key.pem';

/** A ModelVersion file of an environment. */
export interface ReleasedVersion {
  /** File name, such as `catdog-1.1.0.yaml`. */
  readonly file: string;
  /** The file as it is. */
  readonly text: string;
  /** `metadata.name`. */
  readonly name: string;
  readonly spec: ModelVersionSpec;
}

/** The versions of an environment, by the files in its folder. */
export interface EnvironmentVersions {
  readonly name: string;
  /** Absolute path of its folder. */
  readonly folder: string;
  /** Absolute path of the folder with its ModelVersions; may not exist yet. */
  readonly models: string;
  readonly versions: readonly ReleasedVersion[];
}

/** An environment as its folder describes it. */
export interface Environment extends EnvironmentVersions {
  /** Key that its bundles must be signed by; undefined: signatures are not asked for. */
  readonly publicKeyPem?: string | undefined;
}

const documentSchema = z.looseObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal(MODEL_VERSION.kind),
  metadata: z.looseObject({ name: z.string().min(1) }),
  spec: modelVersionSpecSchema,
});

/**
 * Reads `<environments>/<name>`.
 *
 * @throws CliError FILE_NOT_FOUND with the names that there are, RELEASE_REFUSED for a file that is not as expected.
 */
export async function readEnvironment(context: Context, environments: string, name: string): Promise<Environment> {
  const read = await readVersions(context, environments, name);
  return { ...read, publicKeyPem: await readEnvironmentKey(read.folder) };
}

/**
 * Reads the versions of `<environments>/<name>`, and nothing else of it.
 *
 * @param unreadable told of every file that is not as expected, which is then skipped; by default it throws the error.
 * @throws CliError FILE_NOT_FOUND with the names that there are, RELEASE_REFUSED for a file that is not as expected.
 */
export async function readVersions(
  context: Context,
  environments: string,
  name: string,
  unreadable: (file: string, error: CliError) => void = (_, error) => {
    throw error;
  },
): Promise<EnvironmentVersions> {
  const root = resolve(context.cwd, environments);
  const known = await foldersIn(root);
  if (!/^[a-z0-9][a-z0-9-]*$/.test(name) || !known.includes(name)) {
    const near = nearNames(name, known)[0];
    throw new CliError(
      'FILE_NOT_FOUND',
      `there is no environment ${name}: ${environments}/${name} is not a folder.`,
      known.length === 0
        ? `Run where ${environments} is, or name its folder with --environments.`
        : `${near === undefined ? '' : `Did you mean ${near}? `}There are: ${known.join(', ')}. A new one is a new folder.`,
    );
  }
  const folder = join(root, name);
  const models = join(folder, MODELS_FOLDER);
  const files = (await filesIn(models)).filter((file) => /\.ya?ml$/.test(file));
  const versions: ReleasedVersion[] = [];
  for (const file of files) {
    const text = await readFile(join(models, file), 'utf8');
    try {
      const version = parseReleased(file, text);
      if (version !== undefined) versions.push(version);
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      unreadable(file, error);
    }
  }
  return { name, folder, models, versions };
}

/**
 * Pure: the ModelVersion in the text of a file; undefined for other kinds of objects.
 *
 * @throws CliError RELEASE_REFUSED.
 */
export function parseReleased(file: string, text: string): ReleasedVersion | undefined {
  const refuse = (problem: string) =>
    new CliError(
      'RELEASE_REFUSED',
      `${file} ${problem}; expected one ModelVersion.`,
      'Fix or remove the file, commit that, then run the command again.',
    );
  const documents = parseAllDocuments(text).filter(
    (document) => document.errors.length > 0 || document.toJS() !== null,
  );
  const broken = documents.find((document) => document.errors.length > 0);
  if (broken !== undefined) throw refuse(`is not YAML (${broken.errors[0]?.message.split('\n')[0] ?? ''})`);
  const objects = documents.map((document) => document.toJS() as unknown);
  const kinds = objects.map((object) => (object as { readonly kind?: unknown } | undefined)?.kind);
  if (!kinds.includes(MODEL_VERSION.kind)) return undefined;
  if (objects.length > 1) throw refuse(`holds ${objects.length} objects`);
  const parsed = documentSchema.safeParse(objects[0]);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw refuse(`is not valid: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
  }
  return { file, text, name: parsed.data.metadata.name, spec: parsed.data.spec };
}

/** Pure: the versions of a model, highest first. */
export function versionsOf(versions: readonly ReleasedVersion[], model: string): readonly ReleasedVersion[] {
  return versions
    .filter(({ spec }) => spec.model === model)
    .sort((a, b) => compareBuild(b.spec.version, a.spec.version));
}

/**
 * The keys by which bundles of an environment must be signed, one or several in PEM: `public-key.pem` of its folder, else
 * `publicKey` of the model's or of its own `values.yaml`, where the chart takes it from. Undefined: signatures are not asked for.
 *
 * @param folder of the environment.
 * @param model whose `<model>/values.yaml` says more than the environment's; undefined: the environment's alone.
 * @throws CliError RELEASE_REFUSED for values that are no YAML.
 */
export async function readEnvironmentKey(folder: string, model?: string): Promise<string | undefined> {
  const file = await readIfThere(join(folder, PUBLIC_KEY_FILE));
  if (file !== undefined) return file;
  // As Helm merges them: the model's values come last and win, also with an empty key.
  const own = model === undefined ? undefined : await publicKeyIn(join(folder, model, 'values.yaml'));
  const publicKey = own ?? (await publicKeyIn(join(folder, 'values.yaml')));
  return publicKey === undefined || publicKey.trim() === '' ? undefined : publicKey;
}

async function publicKeyIn(path: string): Promise<string | undefined> {
  const values = await readIfThere(path);
  if (values === undefined) return undefined;
  try {
    const publicKey = (parse(values) as { readonly publicKey?: unknown } | null)?.publicKey;
    return typeof publicKey === 'string' ? publicKey : undefined;
  } catch (cause) {
    throw new CliError('RELEASE_REFUSED', `${path} is not YAML.`, 'Fix the file.', cause);
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  return await readFile(path, 'utf8').catch(missing(undefined));
}

const foldersIn = async (folder: string): Promise<readonly string[]> =>
  (await readdir(folder, { withFileTypes: true }).catch(missing([])))
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();

const filesIn = async (folder: string): Promise<readonly string[]> =>
  (await readdir(folder, { withFileTypes: true }).catch(missing([])))
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort();

function missing<Value>(value: Value): (error: unknown) => Value {
  return (error) => {
    if (isMissing(error)) return value;
    throw error;
  };
}
