import type { ModelVersion } from '@pawl/shared/modelversion/model-version';
import type { Cluster } from '../connection/cluster.ts';
import { CliError } from '../../errors/cli-error.ts';
import { nearNames } from '../../terminal/near-names.ts';

/** What a `[NAME|MODEL]` argument means: one version, or all of a model. A name of a version goes first. */
export type Target =
  { readonly kind: 'version'; readonly version: ModelVersion } | { readonly kind: 'model'; readonly model: string };

/**
 * The version of that name.
 *
 * @throws CliError `VERSION_NOT_FOUND` with names that are near, `NAMESPACE_NOT_FOUND`
 */
export async function findVersion(cluster: Cluster, name: string): Promise<ModelVersion> {
  const version = await cluster.modelVersion(name);
  if (version !== undefined) return version;
  throw await unknownName(cluster, name, await cluster.modelVersions(), false);
}

/** @throws CliError as {@link findVersion} */
export async function findTarget(cluster: Cluster, versions: readonly ModelVersion[], wanted: string): Promise<Target> {
  const version = versions.find((each) => each.metadata.name === wanted);
  if (version !== undefined) return { kind: 'version', version };
  if (versions.some((each) => each.spec.model === wanted)) return { kind: 'model', model: wanted };
  throw await unknownName(cluster, wanted, versions, true);
}

async function unknownName(
  cluster: Cluster,
  wanted: string,
  versions: readonly ModelVersion[],
  models: boolean,
): Promise<CliError> {
  await assertNamespace(cluster, versions);
  const names = versions.map((version) => version.metadata.name);
  const near = nearNames(wanted, models ? [...names, ...versions.map((version) => version.spec.model)] : names);
  const ofModel = versions.filter((version) => version.spec.model === wanted).map((version) => version.metadata.name);
  const what = models ? 'no ModelVersion and no model' : 'no ModelVersion';
  if (!models && ofModel.length > 0) {
    return new CliError(
      'VERSION_NOT_FOUND',
      `${wanted} is a model; the name of one of its versions was expected`,
      `Its versions: ${ofModel.slice(0, 5).join(', ')}.`,
    );
  }
  return new CliError(
    'VERSION_NOT_FOUND',
    `there is ${what} named ${wanted} in namespace ${cluster.namespace}`,
    near.length > 0
      ? `Did you mean ${near.join(' or ')}?`
      : versions.length === 0
        ? 'The namespace has no ModelVersions at all; choose another one with -n, or look everywhere: pawl get -A'
        : `List what there is: pawl get -n ${cluster.namespace}`,
  );
}

/** An empty list may mean that the namespace does not exist. @throws CliError `NAMESPACE_NOT_FOUND` */
export async function assertNamespace(cluster: Cluster, versions: readonly ModelVersion[]): Promise<void> {
  if (versions.length > 0 || (await cluster.namespaceExists())) return;
  throw new CliError(
    'NAMESPACE_NOT_FOUND',
    `namespace ${cluster.namespace} does not exist at ${cluster.description}`,
    'Choose one with -n, or look everywhere: pawl get -A',
  );
}
