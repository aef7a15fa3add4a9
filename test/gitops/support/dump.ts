import { mkdirSync, writeFileSync } from 'node:fs';
import { kubectl, pathOf } from '../../e2e/support/cluster.ts';
import { repositoryFile } from '../../e2e/support/settings.ts';
import { ARGOCD, sentence } from './argocd.ts';
import { git } from './git.ts';
import { ENVIRONMENTS, type Place, type World } from './world.ts';

/** Last lines of a log that are shown. */
const LOG_LINES = 200;

/** Writes what a person needs who was not there. @returns the file's path. */
export async function dump(
  world: World,
  id: string,
  since: number,
  marks: ReadonlyMap<Place, number>,
): Promise<string> {
  const tell = async (what: () => Promise<string> | string) => {
    try {
      return await what();
    } catch (error) {
      return String(error);
    }
  };
  const perPlace = ENVIRONMENTS.flatMap((name): [string, () => Promise<string> | string][] => {
    const place = world.places[name];
    const get = (...args: string[]) => kubectl(...args, '-n', place.namespace);
    return [
      [`${name}: what the versions were`, () => place.env.history.lines(since).join('\n')],
      [`${name}: load by the second`, () => place.load?.history(marks.get(place)).join('\n') ?? 'none'],
      [`${name}: model versions`, () => get('get', 'modelversions', '-o', 'yaml', '--show-managed-fields=false')],
      [
        `${name}: pods and deployments`,
        () => get('get', 'deployments,replicasets,pods,services,configmaps', '-o', 'wide', '--show-labels'),
      ],
      [`${name}: events`, () => get('get', 'events', '--sort-by=.lastTimestamp')],
      [`${name}: controller`, () => controllerLog(world, place)],
    ];
  });
  const sections: [string, () => Promise<string> | string][] = [
    ['Applications', async () => (await world.argo.applications()).map(sentence).join('\n')],
    ['what the Applications were', () => world.syncs.lines(since).join('\n')],
    ['commits', () => git(world.clone.folder, 'log', '--stat', '-5')],
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

async function controllerLog(world: World, { env, namespace }: Place): Promise<string> {
  const pods = await env.controllerPods();
  const logs = pods.map(
    async ({ metadata: { name } }) =>
      `--- ${name}\n${await world.cluster.text(`${pathOf.pods(namespace, name)}/log?tailLines=${LOG_LINES}`)}`,
  );
  return (await Promise.all(logs)).join('\n');
}
