import { settings } from '../e2e/support/settings.ts';
import { waitFor } from '../e2e/support/wait.ts';
import { type Application, ARGOCD } from './support/argocd.ts';
import { type Attempt, attemptsOf, INTRUDER, STAGING } from './support/attempts.ts';
import { type Clone, git } from './support/git.ts';
import type { Installation } from './support/installation.ts';
import { step, type StepRun } from './support/step.ts';

/** Longest until Argo CD has refused a commit, and until it has taken the revert, milliseconds. */
const LIMIT_MS = 120_000;
const TITLE = "a writer of staging's folder tries to write to prod, to the cluster and to Argo CD";

/** Whoever may write to staging's folder and to nothing else reaches nothing else. */
export function trespass(installation: () => Installation): void {
  step(installation, '17', TITLE, async (run) => {
    const { clone } = run.installation;
    const writer = await run.installation.cloneFor('Writer');
    const before = await outsideOfStaging(run.installation);
    for (const attempt of await attemptsOf(run.installation, settings().inferenceImage)) {
      run.note(`${attempt.title}: ${await refused(run, writer, attempt)}`);
      expect(await outsideOfStaging(run.installation)).toEqual(before);
    }
    await clone.pull();
    await run.delivered();
  });
}

/** Pushes an attempt, waits until Argo CD has refused it, and takes it back. @returns the words of the refusal. */
async function refused({ installation }: StepRun, writer: Clone, attempt: Attempt): Promise<string> {
  const { argo } = installation;
  attempt.change(writer);
  const commit = await writer.commit(`Try ${attempt.title}`);
  const touched = await git(writer.folder, 'show', '--format=', '--name-only', commit);
  expect(touched.split('\n').filter((path) => !path.startsWith(`${STAGING}/`))).toEqual([]);
  await writer.push();
  await argo.refresh();

  const checked = await writer.pawl('environments', 'check', '--offline', '--base', 'HEAD~1');
  expect([checked.code, checked.stdout]).toEqual([1, expect.stringContaining(`[${attempt.code}]`)]);

  const words = await waitFor(
    `Argo CD to refuse ${attempt.title}`,
    async () => attempt.refusal.exec(sayings(await argo.application(attempt.application)))?.[0],
    { timeoutMs: LIMIT_MS },
  );
  const revert = await writer.revert(commit);
  await writer.push();
  await argo.refresh();
  await argo.syncedTo(revert, installation.applicationNames, LIMIT_MS);
  await argo.idle(installation.applicationNames);
  return words;
}

/** Everything that an Application says is wrong, in one text. */
function sayings({ status }: Application): string {
  const { message = '', syncResult } = status?.operationState ?? {};
  return [message, JSON.stringify(syncResult ?? ''), ...(status?.conditions ?? []).map((one) => one.message)].join(
    '\n',
  );
}

/** Plurals of prod's namespace, below the path of their group. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  '/api/v1': ['pods', 'configmaps', 'secrets', 'serviceaccounts', 'services'],
  '/apis/apps/v1': ['deployments', 'daemonsets', 'statefulsets'],
  '/apis/batch/v1': ['jobs', 'cronjobs'],
  '/apis/rbac.authorization.k8s.io/v1': ['roles', 'rolebindings'],
  '/apis/pawl.dev/v1alpha1': ['modelversions'],
};

/** What is in prod's namespace, what Argo CD has, and what an attempt would have made elsewhere: names and identities. */
async function outsideOfStaging({ cluster, environments }: Installation): Promise<readonly string[]> {
  const namespaced = (group: string, namespace: string, plural: string) => `${group}/namespaces/${namespace}/${plural}`;
  const paths = [
    ...Object.entries(KINDS).flatMap(([group, plurals]) =>
      plurals.map((plural) => namespaced(group, environments.prod.namespace, plural)),
    ),
    ...['applications', 'applicationsets', 'appprojects'].map((plural) =>
      namespaced('/apis/argoproj.io/v1alpha1', ARGOCD, plural),
    ),
    '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
  ];
  const found = await Promise.all(
    paths.map(async (path) =>
      (await cluster.list(path)).map(({ metadata }) => `${path} ${metadata.name} ${metadata.uid ?? ''}`),
    ),
  );
  const all = found.flat();
  expect(all.filter((line) => line.includes(INTRUDER))).toEqual([]);
  return all.sort();
}
