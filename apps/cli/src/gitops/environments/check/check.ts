import { join, resolve } from 'node:path';
import { forEachLimited } from '@pawl/shared/concurrency/for-each-limited';
import type { Context } from '../../../terminal/context.ts';
import { CliError } from '../../../errors/cli-error.ts';
import { nearNames } from '../../../terminal/near-names.ts';
import { findBase, withBaseTree, withinRoot, type Base } from './base-tree.ts';
import { checkBundles, readManifests } from './check-bundles.ts';
import { checkEnvironmentFiles } from './check-files.ts';
import { checkModel } from './check-model.ts';
import { ownerChecks, placeChecks, reachChecks } from './check-places.ts';
import { projectsOf } from './check-projects.ts';
import { diffObjects, type ObjectChange } from './diff-objects.ts';
import { notice, outcomeOf, type EnvironmentCheck, type Finding } from './findings.ts';
import type { ParsedObject } from './kube-object.ts';
import { kubeconform, type KubeconformOptions } from './kubeconform.ts';
import { readTree, type EnvironmentFolder } from './read-tree.ts';
import { argocdFolder, renderArgocd, renderEnvironment, type RenderedEnvironment } from './render.ts';
import { checkArrivals, versionMoves, type VersionMove } from './versions-since.ts';

/** What is to be checked. Paths are relative to where the command was called. */
export interface CheckRequest {
  /** Environments; none: all. */
  readonly names: readonly string[];
  /** What the working tree is compared with; undefined: nothing is rendered twice, and versions are compared with HEAD. */
  readonly base: string | undefined;
  readonly environments: string;
  readonly chart: string;
  readonly kubeconform: KubeconformOptions;
}

/** What a change does to one environment, or to the folder of Argo CD's own objects. */
export interface EnvironmentChange {
  readonly name: string;
  /** undefined when one side could not be rendered. */
  readonly changes: readonly ObjectChange[] | undefined;
  readonly versions: readonly VersionMove[];
}

/** Everything that was found. */
export interface CheckReport {
  readonly checks: readonly EnvironmentCheck[];
  /** Where the comparison is with, when one was asked for. */
  readonly base: Pick<Base, 'ref' | 'commit'> | undefined;
  /** Empty without a base. */
  readonly changes: readonly EnvironmentChange[];
}

/** Programs that run at a time. */
const LANES = 4;
/** Group of the objects that belong to no environment. */
const ARGOCD = 'argocd';

/**
 * Renders, validates and compares environments. What is wrong with them is in the report.
 *
 * @throws CliError FILE_NOT_FOUND for environments and commits that there are not, GIT_FAILED, INTERRUPTED.
 */
export async function checkEnvironments(context: Context, request: CheckRequest): Promise<CheckReport> {
  const folder = resolve(context.cwd, request.environments);
  const shown = request.environments.replace(/\/+$/, '');
  const all = inOrder(await readTree(folder, shown));
  const chosen = choose(all, request);
  const chart = resolve(context.cwd, request.chart);
  const base = await findBase(context, request.base);
  const argocd = argocdFolder(folder);

  const checks: EnvironmentCheck[] = chosen.flatMap((environment) => checkEnvironmentFiles(environment));
  checks.push(...placeChecks(all, chosen));
  const ours = await renderArgocd(context, argocd, argocdFolder(shown));
  const projects = ours === undefined || ours.findings.length > 0 ? undefined : projectsOf(ours.objects);
  checks.push(...reachChecks(all, chosen, projects, argocdFolder(shown)));
  const { offline } = request.kubeconform;
  const manifests = offline
    ? undefined
    : await readManifests(
        context,
        chosen.flatMap(({ versions }) => versions),
      );
  checks.push(...chosen.map((environment) => checkBundles(environment, all, manifests)));
  const rendered = await renderAll(context, chart, chosen);
  for (const { environment, models } of rendered)
    for (const model of models)
      checks.push(...(await checkModel(environment, model, { projects: projects ?? [], manifests })));
  checks.push(...ownerChecks(rendered));
  for (const { environment, objects } of rendered)
    checks.push(await kubeconform(context, environment.name, objects, request.kubeconform));
  if (ours !== undefined)
    checks.push({
      environment: ARGOCD,
      name: 'renders',
      found: `${ours.objects.length} objects`,
      findings: ours.findings,
    });

  if (base === undefined)
    return { checks: [...checks, ...chosen.map(({ name }) => unordered(name))], base: undefined, changes: [] };
  return await withBaseTree(base, [folder, chart, argocd], async (root) => {
    const at = (path: string) => {
      const within = withinRoot(base, path);
      return within === undefined ? path : join(root, within);
    };
    const before = await readTree(at(folder), shown);
    const ordered = await checkArrivals(context, base, {
      chosen,
      all,
      before,
      since: request.base ?? 'the last commit',
    });
    if (request.base === undefined) return { checks: [...checks, ...ordered], base: undefined, changes: [] };
    const gone = request.names.length > 0 ? [] : before.filter(({ name }) => !all.some((one) => one.name === name));
    const relevant = before.filter(({ name }) => [...chosen, ...gone].some((one) => one.name === name));
    const old = await renderAll(context, at(chart), relevant);
    const oldArgocd = await renderArgocd(context, at(argocd), argocdFolder(shown));
    const changes = [
      ...compare(old, rendered),
      ...(ours === undefined && oldArgocd === undefined
        ? []
        : [{ name: ARGOCD, changes: diffObjects(oldArgocd?.objects ?? [], ours?.objects ?? []), versions: [] }]),
    ];
    const unrendered = [...old.filter(({ failed }) => failed).map(({ environment }) => environment.name)];
    return {
      checks: [...checks, ...ordered, ...unrendered.map((name) => baseNotRendered(name, base)), ...gone.map(goneCheck)],
      base: { ref: base.ref, commit: base.commit },
      changes,
    };
  });
}

function choose(
  all: readonly EnvironmentFolder[],
  { names, environments }: CheckRequest,
): readonly EnvironmentFolder[] {
  const known = all.map(({ name }) => name);
  if (known.length === 0)
    throw new CliError(
      'FILE_NOT_FOUND',
      `${environments} has no environments; expected a folder each.`,
      'Run where it is, or name it with --environments.',
    );
  for (const name of names)
    if (!known.includes(name)) {
      const near = nearNames(name, known)[0];
      throw new CliError(
        'FILE_NOT_FOUND',
        `there is no environment ${name} in ${environments}.`,
        `${near === undefined ? '' : `Did you mean ${near}? `}There are: ${known.join(', ')}.`,
      );
    }
  return names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
}

/** Pure: environments in the order in which versions pass through them, and by name where that leaves it open. */
function inOrder(all: readonly EnvironmentFolder[]): readonly EnvironmentFolder[] {
  const depth = ({ declaration }: EnvironmentFolder): number => {
    let [from, steps] = [declaration?.promotion?.from, 0];
    // A circle is an error already; here it only has to end.
    while (from !== undefined && steps <= all.length) {
      const name = from;
      from = all.find((environment) => environment.name === name)?.declaration?.promotion?.from;
      steps++;
    }
    return steps;
  };
  return [...all].sort((a, b) => depth(a) - depth(b) || (a.name < b.name ? -1 : 1));
}

async function renderAll(context: Context, chart: string, environments: readonly EnvironmentFolder[]) {
  const rendered = new Map<string, RenderedEnvironment>();
  await forEachLimited(
    environments,
    LANES,
    async (environment, signal) => {
      rendered.set(environment.name, await renderEnvironment({ ...context, signal }, chart, environment));
    },
    context.signal,
  );
  return environments.flatMap(({ name }) => rendered.get(name) ?? []);
}

function compare(
  old: readonly RenderedEnvironment[],
  now: readonly RenderedEnvironment[],
): readonly EnvironmentChange[] {
  const names = [...new Set([...now, ...old].map(({ environment }) => environment.name))];
  return names.map((name) => {
    const [before, after] = [old, now].map((of) => of.find(({ environment }) => environment.name === name));
    const objects = (of: RenderedEnvironment | undefined): readonly ParsedObject[] => of?.objects ?? [];
    return {
      name,
      changes:
        before?.failed === true || after?.failed === true ? undefined : diffObjects(objects(before), objects(after)),
      versions: versionMoves(before?.environment.versions ?? [], after?.environment.versions ?? []),
    };
  });
}

const about = (environment: string, name: string, found: string, finding: Finding): EnvironmentCheck => ({
  environment,
  name,
  found,
  findings: [finding],
});

const unordered = (name: string): EnvironmentCheck =>
  about(
    name,
    'versions',
    'not compared',
    notice(
      'ORDER_UNCHECKED',
      undefined,
      'there is no commit to compare with, so the order of environments is not checked.',
      'Run it in a clone of the environments repository.',
    ),
  );

const baseNotRendered = (name: string, { ref }: Base): EnvironmentCheck =>
  about(
    name,
    'difference',
    'not known',
    notice(
      'BASE_NOT_RENDERED',
      undefined,
      `${name} cannot be rendered as it is in ${ref}, so what changes is not known.`,
      'Look at the change of the files themselves.',
    ),
  );

const goneCheck = ({ name, shown }: EnvironmentFolder): EnvironmentCheck =>
  about(
    name,
    'files',
    'taken away',
    notice(
      'ENVIRONMENT_INVALID',
      shown,
      `the environment ${name} is taken away.`,
      'Argo CD leaves what runs there; delete the namespace by hand when nobody uses it any more.',
    ),
  );

/** Pure: whether nothing refuses the change. */
export const isGood = (checks: readonly EnvironmentCheck[]): boolean =>
  checks.every((check) => outcomeOf(check) !== 'fail');
