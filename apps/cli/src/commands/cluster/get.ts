import type { ModelVersion, Phase } from '@pawl/shared/modelversion/model-version';
import { GROUP, MODEL_VERSION } from '@pawl/shared/modelversion/names';
import type { Command } from 'commander';
import type { Cluster } from '../../cluster/connection/cluster.ts';
import { exitCodes, type ExitCode } from '../../errors/cli-error.ts';
import { assertNamespace, findTarget } from '../../cluster/model-version/find.ts';
import { inOrder, isServing, seen } from '../../cluster/model-version/order.ts';
import { renderTable, type Cell } from '../../terminal/table.ts';
import { age, shortDigest } from '../../terminal/text.ts';
import type { Theme, Tone } from '../../terminal/theme.ts';
import { outputOption, writeData, type Format } from '../output.ts';
import { themeOf, withCluster, withClusterOptions, type ClusterOptions, type Session } from '../session.ts';

interface GetOptions extends ClusterOptions {
  readonly output?: Format;
  readonly allNamespaces?: boolean;
}

export function addGet(program: Command, session: Session): void {
  withClusterOptions(
    program
      .command('get')
      .summary('list versions by model, highest first')
      .description('List the versions of every model, or of one, highest first. A dot marks what serves.')
      .argument('[name|model]', 'a ModelVersion, or a model')
      .option('-A, --all-namespaces', 'in all namespaces')
      .addOption(outputOption('json', 'yaml', 'wide', 'name')),
  ).action((wanted: string | undefined, options: GetOptions) =>
    withCluster(session, options, (cluster) => get(session, cluster, wanted, options)),
  );
}

async function get(
  session: Session,
  cluster: Cluster,
  wanted: string | undefined,
  options: GetOptions,
): Promise<ExitCode> {
  const { stdout, stderr } = session.context;
  const versions = inOrder(await cluster.modelVersions(options.allNamespaces ?? false));
  const target = wanted === undefined ? undefined : await findTarget(cluster, versions, wanted);
  const shown =
    target === undefined
      ? versions
      : versions.filter((version) =>
          target.kind === 'version'
            ? version.metadata.name === target.version.metadata.name
            : version.spec.model === target.model,
        );
  const { output } = options;
  if (output === 'json' || output === 'yaml') {
    const items = shown.map(withoutManagedFields);
    const data =
      target?.kind === 'version' && items.length === 1 ? items[0] : { apiVersion: 'v1', kind: 'List', items };
    await writeData(stdout, output, data);
  } else if (shown.length === 0) {
    if (options.allNamespaces !== true) await assertNamespace(cluster, versions);
    stderr.write(
      `No ModelVersions in ${options.allNamespaces === true ? 'any namespace' : `namespace ${cluster.namespace}`}.\n`,
    );
  } else if (output === 'name') {
    stdout.write(
      shown.map((version) => `${MODEL_VERSION.kind.toLowerCase()}.${GROUP}/${version.metadata.name}\n`).join(''),
    );
  } else {
    stdout.write(
      renderVersions(shown, themeOf(session, options), session.context.now(), output === 'wide', options.allNamespaces),
    );
  }
  return exitCodes.ok;
}

const toneOfPhase: Readonly<Record<Phase, Tone>> = {
  Pending: 'plain',
  Verifying: 'plain',
  Canary: 'warn',
  Promoting: 'warn',
  Serving: 'good',
  Superseded: 'dim',
  Suspended: 'warn',
  Failed: 'bad',
};

/** Versions as a table; pure. */
function renderVersions(
  versions: readonly ModelVersion[],
  theme: Theme,
  now: Date,
  wide = false,
  namespaces = false,
): string {
  const header = [
    ...(namespaces ? ['NAMESPACE'] : []),
    ...['', 'MODEL', 'NAME', 'VERSION', 'PHASE', 'WEIGHT', 'READY', 'AGE'],
    ...(wide ? ['DIGEST', 'ARTIFACT'] : []),
    'MESSAGE',
  ];
  const rows = versions.map((version): readonly Cell[] => {
    const { metadata, spec, status } = version;
    return [
      ...(namespaces ? [metadata.namespace] : []),
      isServing(version) ? { text: theme.symbols.done, tone: 'good' } : '',
      spec.model,
      metadata.name,
      spec.version,
      phaseOf(version),
      status === undefined ? '-' : `${status.weight} %`,
      readinessOf(version),
      age(metadata.creationTimestamp, now),
      ...(wide ? [shortDigest(spec.artifact.digest), spec.artifact.uri] : []),
      status === undefined
        ? { text: 'no controller has seen it', tone: 'warn' }
        : seen(version) === 'older'
          ? `${status.message} (before the last change)`
          : status.message,
    ];
  });
  return `${renderTable({ header, rows }, wide ? { ...theme, width: undefined } : theme).join('\n')}\n`;
}

function phaseOf(version: ModelVersion): Cell {
  const { metadata, status } = version;
  if (metadata.deletionTimestamp !== undefined) return { text: 'Deleting', tone: 'warn' };
  return status === undefined ? '-' : { text: status.phase, tone: toneOfPhase[status.phase] };
}

function readinessOf(version: ModelVersion): string {
  return version.status?.conditions.find((condition) => condition.type === 'Ready')?.status ?? '-';
}

/** Bookkeeping of the API server that nobody reads. */
function withoutManagedFields(version: ModelVersion): ModelVersion {
  const metadata = Object.entries(version.metadata).filter(([key]) => key !== 'managedFields');
  return { ...version, metadata: Object.fromEntries(metadata) as unknown as ModelVersion['metadata'] };
}
