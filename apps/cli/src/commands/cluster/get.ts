import { maskUri } from '@pawl/shared/errors/mask-uri';
import type { ModelVersion, Phase } from '@pawl/shared/modelversion/model-version';
import { GROUP, MODEL_VERSION } from '@pawl/shared/modelversion/names';
import type { Command } from 'commander';
import type { Cluster } from '../../cluster/connection/cluster.ts';
import { lastLook } from '../../cluster/controller/last-look.ts';
import { readWatch, watchDoubt, watchWarning, type Watch } from '../../cluster/controller/watch.ts';
import { exitCodes, type ExitCode } from '../../errors/cli-error.ts';
import { assertNamespace, findTarget } from '../../cluster/model-version/find.ts';
import { inOrder, isServing, seen } from '../../cluster/model-version/order.ts';
import { quote } from '../../terminal/quote.ts';
import { renderTable, type Cell } from '../../terminal/table.ts';
import { age, count, shortDigest } from '../../terminal/text.ts';
import type { Theme, Tone } from '../../terminal/theme.ts';
import { outputOption, writeData, type Format } from '../output.ts';
import { flagsOf, themeOf, withCluster, withClusterOptions, type ClusterOptions, type Session } from '../session.ts';

interface GetOptions extends ClusterOptions {
  readonly output?: Format;
  readonly allNamespaces?: boolean;
  readonly all?: boolean;
}

/** Superseded versions of a model that are listed without --all: enough to see what a rollback returns to. */
const SUPERSEDED_SHOWN = 5;

/** By namespace. */
type Watches = ReadonlyMap<string, Watch>;

export function addGet(program: Command, session: Session): void {
  withClusterOptions(
    program
      .command('get')
      .summary('list versions by model, highest first')
      .description(
        'List the versions of every model, or of one, highest first. A dot marks what serves. SEEN is how long ago the controller last looked at a version.',
      )
      .argument('[name|model]', 'a ModelVersion, or a model')
      .option('-A, --all-namespaces', 'in all namespaces')
      .option('--all', `every superseded version, not the highest ${SUPERSEDED_SHOWN} of a model`)
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
    const watches = await watchesOf(session, cluster, shown, options);
    const isLimited = options.all !== true && target?.kind !== 'version';
    const listed = isLimited ? withoutOldest(shown) : shown;
    const layout = { wide: output === 'wide', namespaces: options.allNamespaces ?? false };
    stdout.write(renderVersions(listed, watches, themeOf(session, options), session.context.now(), layout));
    const hidden = shown.length - listed.length;
    if (hidden > 0) stdout.write(`${count(hidden, 'superseded version')} not shown; --all shows every one\n`);
  }
  return exitCodes.ok;
}

/** Whether the controller of each namespace looks; warns of those where it does not. */
async function watchesOf(
  session: Session,
  cluster: Cluster,
  versions: readonly ModelVersion[],
  options: GetOptions,
): Promise<Watches> {
  const { context } = session;
  const flags = flagsOf({ ...options, namespace: undefined });
  const namespaces = [...new Set(versions.map(({ metadata }) => metadata.namespace))];
  const watches = await Promise.all(
    namespaces.map(async (namespace) => [namespace, await readWatch(cluster, namespace, context)] as const),
  );
  for (const [namespace, watch] of watches) {
    const warning = watchWarning(watch, namespace, context.now(), `kubectl -n ${quote(namespace)}${flags}`);
    if (warning !== undefined)
      context.stderr.write(`warning: ${warning.text}\nnext:  ${warning.next}: ${warning.command}\n`);
    const doubt = watchDoubt(watch, namespace);
    if (doubt !== '') context.stderr.write(`note: ${doubt}\n`);
  }
  return new Map(watches);
}

/** Versions without the lowest superseded ones of each model; they are in order. */
function withoutOldest(versions: readonly ModelVersion[]): readonly ModelVersion[] {
  const shown = new Map<string, number>();
  return versions.filter(({ metadata, spec, status }) => {
    if (status?.phase !== 'Superseded' || metadata.deletionTimestamp !== undefined) return true;
    const model = `${metadata.namespace}/${spec.model}`;
    const before = shown.get(model) ?? 0;
    shown.set(model, before + 1);
    return before < SUPERSEDED_SHOWN;
  });
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
  watches: Watches,
  theme: Theme,
  now: Date,
  { wide, namespaces }: { readonly wide: boolean; readonly namespaces: boolean },
): string {
  const header = [
    ...(namespaces ? ['NAMESPACE'] : []),
    ...['', 'MODEL', 'NAME', 'VERSION', 'PHASE', 'WEIGHT', 'READY', 'AGE', 'SEEN'],
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
      seenAt(version, watches, now),
      ...(wide ? [shortDigest(spec.artifact.digest), maskUri(spec.artifact.uri)] : []),
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

function seenAt(version: ModelVersion, watches: Watches, now: Date): Cell {
  const watch = watches.get(version.metadata.namespace);
  const text = watch === undefined ? '-' : age(lastLook(version, watch), now);
  return watch?.kind === 'looking' && seen(version) === 'current' ? text : { text, tone: 'warn' };
}

function readinessOf(version: ModelVersion): string {
  return version.status?.conditions.find((condition) => condition.type === 'Ready')?.status ?? '-';
}

/** Bookkeeping of the API server that nobody reads. */
function withoutManagedFields(version: ModelVersion): ModelVersion {
  const metadata = Object.entries(version.metadata).filter(([key]) => key !== 'managedFields');
  return { ...version, metadata: Object.fromEntries(metadata) as unknown as ModelVersion['metadata'] };
}
