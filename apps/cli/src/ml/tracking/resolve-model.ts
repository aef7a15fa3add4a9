import type { Context } from '../../terminal/context.ts';
import { CliError } from '../../errors/cli-error.ts';
import { LocalRegistry, type LocalVersion } from './local-registry.ts';
import { MlflowServer } from './mlflow-server.ts';
import { RestClient } from './rest-client.ts';
import { countOlderRuns } from './older-runs.ts';
import { afterRun, retrying } from './retry.ts';
import { trackingSettings } from './tracking-settings.ts';

/** Tags of a registered version that `pawl publish` writes and `pawl release --from` reads. */
export const BUNDLE_URI_TAG = 'pawl.bundle.uri';
export const BUNDLE_DIGEST_TAG = 'pawl.bundle.digest';

/** A version of a registered model, found by its address. */
export interface ResolvedModel {
  readonly name: string;
  /** MLflow's own counter: 1, 2, 3. */
  readonly version: string;
  /** Of the run that made it, as the registry knows it. */
  readonly runId: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Where it was found: the server's address, or the runs folder. */
  readonly registry: string;
}

/** Where the registry is. */
export interface RegistryOptions {
  readonly context: Pick<Context, 'env' | 'signal' | 'sleep' | 'now'>;
  /** Absolute path of the folder of all runs, used where no tracking server is set. */
  readonly runsFolder: string;
  /** Default: MLFLOW_TRACKING_URI. */
  readonly trackingUri?: string | undefined;
}

/** An address of a registered model, taken apart. */
export type ModelAddress =
  { readonly name: string; readonly alias: string } | { readonly name: string; readonly version: string };

/**
 * Takes `models:/name@alias` or `models:/name/3` apart (mlflow.org/docs, "Model Registry"). Pure.
 *
 * @throws CliError USAGE.
 */
export function parseModelAddress(uri: string): ModelAddress {
  const match = /^models:\/([\w\-. ]+)(?:@([\w-]+)|\/(\d+))$/.exec(uri);
  const [, name, alias, version] = match ?? [];
  if (name !== undefined && alias !== undefined) return { name, alias };
  if (name !== undefined && version !== undefined) return { name, version };
  throw new CliError('USAGE', `${uri} names no registered model.`, 'Write models:/name@alias or models:/name/3.');
}

/**
 * The registered version that an address means, on the tracking server when one is set, else in the runs folder.
 *
 * @throws CliError USAGE, MODEL_NOT_FOUND, TRACKING_UNREACHABLE, TRACKING_REFUSED; the signal's reason.
 */
export async function resolveRegisteredModel(uri: string, options: RegistryOptions): Promise<ResolvedModel> {
  const address = parseModelAddress(uri);
  const registry = openRegistry(options);
  const found = await retrying(afterRun, options.context, () =>
    'alias' in address
      ? registry.byAlias(address.name, address.alias)
      : registry.version(address.name, address.version),
  );
  if (found === undefined)
    throw new CliError(
      'MODEL_NOT_FOUND',
      `${uri} is not registered in ${registry.place}.`,
      await registry.notFoundHint(),
    );
  const { name, version, runId, tags } = found;
  return { name, version, runId, tags, registry: registry.place };
}

/**
 * The newest version that a run registered; undefined where it registered none. `pawl publish` finds by it the version
 * that a bundle's lineage speaks of.
 *
 * @throws CliError TRACKING_UNREACHABLE, TRACKING_REFUSED; the signal's reason.
 */
export async function registeredModelOfRun(
  runId: string,
  options: RegistryOptions,
): Promise<ResolvedModel | undefined> {
  const registry = openRegistry(options);
  const found = (await retrying(afterRun, options.context, () => registry.ofRun(runId))).at(-1);
  if (found === undefined) return undefined;
  const { name, version, tags } = found;
  return { name, version, runId: found.runId, tags, registry: registry.place };
}

/**
 * Sets tags of a registered version, where {@link resolveRegisteredModel} found it. Tags that are there keep their place
 * and get the new value.
 *
 * @throws CliError MODEL_NOT_FOUND, TRACKING_UNREACHABLE, TRACKING_REFUSED, FILE_WRITE_FAILED; the signal's reason.
 */
export async function setModelTags(
  model: Pick<ResolvedModel, 'name' | 'version'>,
  tags: Readonly<Record<string, string>>,
  options: RegistryOptions,
): Promise<void> {
  const registry = openRegistry(options);
  await retrying(afterRun, options.context, () => registry.setTags(model.name, model.version, tags));
}

type RegistryEntry = Omit<ResolvedModel, 'registry'>;

/** A server's registry or a folder's, alike. */
interface Registry {
  readonly place: string;
  /** What helps where a model is not there. */
  notFoundHint(): Promise<string>;
  byAlias(name: string, alias: string): Promise<RegistryEntry | undefined>;
  version(name: string, version: string): Promise<RegistryEntry | undefined>;
  ofRun(runId: string): Promise<readonly RegistryEntry[]>;
  setTags(name: string, version: string, tags: Readonly<Record<string, string>>): Promise<void>;
}

function openRegistry({ context, runsFolder, trackingUri }: RegistryOptions): Registry {
  const settings = trackingSettings(context, trackingUri);
  if (settings.kind !== 'server') return localRegistry(runsFolder, context);
  const server = new MlflowServer(new RestClient(settings, context));
  return {
    place: settings.url,
    notFoundHint: () =>
      Promise.resolve(
        'See the models in its page, or register one with "pawl train"; runs kept locally are sent by "pawl runs push".',
      ),
    byAlias: (name, alias) => server.versionByAlias(name, alias),
    version: (name, version) => server.version(name, version),
    ofRun: async (runId) => {
      const versions = await server.versionsOfRun(runId);
      if (versions.length > 0) return versions;
      // A run that was sent later has another id there.
      const run = await server.findRunAnywhere(runId);
      return run === undefined ? [] : await server.versionsOfRun(run.runId);
    },
    setTags: async (name, version, tags) => {
      for (const [key, value] of Object.entries(tags)) await server.setVersionTag(name, version, key, value);
    },
  };
}

function localRegistry(folder: string, { now }: Pick<Context, 'now'>): Registry {
  const registry = new LocalRegistry(folder);
  const entry = ({ version, ...rest }: LocalVersion): RegistryEntry => ({ ...rest, version: String(version) });
  const orNothing = (found: LocalVersion | undefined) => (found === undefined ? undefined : entry(found));
  return {
    place: folder,
    notFoundHint: async () =>
      (await countOlderRuns(folder)) > 0
        ? 'The runs of an earlier version of Pawl there are read by MLflow alone (see "pawl runs list"). Register one with "pawl train".'
        : 'Register one with "pawl train", or set MLFLOW_TRACKING_URI to the server that has it.',
    byAlias: async (name, alias) => orNothing(await registry.byAlias(name, alias)),
    version: async (name, version) => orNothing(await registry.version(name, Number(version))),
    ofRun: async (runId) => (await registry.versionsOfRun(runId)).map(entry),
    setTags: (name, version, tags) => registry.setTags(name, Number(version), tags, now().getTime()),
  };
}
