import { resolve } from 'node:path';
import type { Manifest } from '@pawl/shared/bundle/manifest';
import type { Context } from '../../terminal/context.ts';
import { CliError } from '../../errors/cli-error.ts';
import {
  BUNDLE_DIGEST_TAG,
  BUNDLE_URI_TAG,
  registeredModelOfRun,
  resolveRegisteredModel,
  setModelTags,
} from './resolve-model.ts';

/** A published bundle as a model registry knows it. */
export interface RegisteredBundle {
  readonly uri: string;
  /** `sha256:<hex>`; undefined where the registry does not say. */
  readonly digest: string | undefined;
}

/** Where training keeps its record when there is no tracking server, relative to where the command was called. */
const RUNS_FOLDER = 'runs';

const optionsOf = (context: Context) => ({ context, runsFolder: resolve(context.cwd, RUNS_FOLDER) });

/**
 * Says in the model registry where the bundle of a training run is, as tags of the version that the run registered.
 *
 * @returns address of that version; undefined when the bundle is of no run, or its run registered nothing.
 * @throws CliError of the registry.
 */
export async function noteInRegistry(
  context: Context,
  manifest: Manifest,
  { uri, digest }: { readonly uri: string; readonly digest: string },
): Promise<string | undefined> {
  const runId = manifest.lineage['run_id'];
  if (runId === undefined || runId === '') return undefined;
  const model = await registeredModelOfRun(runId, optionsOf(context));
  if (model === undefined) return undefined;
  await setModelTags(model, { [BUNDLE_URI_TAG]: uri, [BUNDLE_DIGEST_TAG]: digest }, optionsOf(context));
  return `models:/${model.name}/${model.version} in ${model.registry}`;
}

/**
 * The published bundle of a registered model.
 *
 * @param address `models:/name@alias` or `models:/name/3`.
 * @throws CliError USAGE, MODEL_NOT_FOUND, RELEASE_REFUSED when it was never published; of the registry.
 */
export async function findInRegistry(context: Context, address: string): Promise<RegisteredBundle> {
  const model = await resolveRegisteredModel(address, optionsOf(context));
  const uri = model.tags[BUNDLE_URI_TAG];
  if (uri !== undefined && uri !== '') return { uri, digest: model.tags[BUNDLE_DIGEST_TAG] };
  throw new CliError(
    'RELEASE_REFUSED',
    `${address} is version ${model.version} of ${model.name} in ${model.registry}, and has no tag ${BUNDLE_URI_TAG}: its bundle was not published.`,
    'Publish the bundle of that run (pawl publish FOLDER URI writes the tag), or give its address instead.',
  );
}
