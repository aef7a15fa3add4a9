import { mkdirSync, writeFileSync } from 'node:fs';
import { kubectl, pathOf } from '../../e2e/support/cluster.ts';
import { repositoryFile } from '../../e2e/support/settings.ts';
import { ARGOCD, sentence } from './argocd.ts';
import { git } from './git.ts';
import { ENVIRONMENTS, type SyncedEnvironment, type Installation } from './installation.ts';

/** Last lines of a log that are shown. */
const LOG_LINES = 200;

/** Writes what a person needs who was not there. @returns the file's path. */
export async function dump(
  installation: Installation,
  id: string,
  since: number,
  marks: ReadonlyMap<SyncedEnvironment, number>,
): Promise<string> {
  const tell = async (what: () => Promise<string> | string) => {
    try {
      return await what();
    } catch (error) {
      return String(error);
    }
  };
  const perPlace = ENVIRONMENTS.flatMap((name): [string, () => Promise<string> | string][] => {
    const environment = installation.environments[name];
    const get = (...args: string[]) => kubectl(...args, '-n', environment.namespace);
    return [
      [`${name}: what the versions were`, () => environment.env.history.lines(since).join('\n')],
      [`${name}: load by the second`, () => environment.load?.history(marks.get(environment)).join('\n') ?? 'none'],
      [`${name}: model versions`, () => get('get', 'modelversions', '-o', 'yaml', '--show-managed-fields=false')],
      [
        `${name}: pods and deployments`,
        () => get('get', 'deployments,replicasets,pods,services,configmaps', '-o', 'wide', '--show-labels'),
      ],
      [`${name}: events`, () => get('get', 'events', '--sort-by=.lastTimestamp')],
      [`${name}: controller`, () => controllerLog(installation, environment)],
    ];
  });
  const sections: [string, () => Promise<string> | string][] = [
    ['Applications', async () => (await installation.argo.applications()).map(sentence).join('\n')],
    ['what the Applications were', () => installation.syncs.lines(since).join('\n')],
    ['commits', () => git(installation.clone.folder, 'log', '--stat', '-5')],
    [
      'Applications and ApplicationSets, whole',
      () => kubectl('get', 'applications,applicationsets,appprojects', '-n', ARGOCD, '-o', 'yaml'),
    ],
    ...perPlace,
  ];
  const texts = await Promise.all(sections.map(async ([title, what]) => `===== ${title}\n${await tell(what)}\n`));
  const path = repositoryFile(`reports/e2e-gitops-${id}.txt`);
  mkdirSync(repositoryFile('reports'), { recursive: true });
  writeFileSync(path, texts.join('\n'));
  return path;
}

async function controllerLog(installation: Installation, { env, namespace }: SyncedEnvironment): Promise<string> {
  const pods = await env.controllerPods();
  const logs = pods.map(
    async ({ metadata: { name } }) =>
      `--- ${name}\n${await installation.cluster.text(`${pathOf.pods(namespace, name)}/log?tailLines=${LOG_LINES}`)}`,
  );
  return (await Promise.all(logs)).join('\n');
}
