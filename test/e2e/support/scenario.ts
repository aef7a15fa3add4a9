import { mkdirSync, writeFileSync } from 'node:fs';
import { kubectl, pathOf } from './cluster.ts';
import { clusterLock } from './cluster-lock.ts';
import type { TestEnvironment } from './environment.ts';
import type { Load } from './load.ts';
import type { LoadReport } from './load-report.ts';
import { longestWait } from './longest-wait.ts';
import { record } from './report.ts';
import { repositoryFile } from './settings.ts';
import { waitFor } from './wait.ts';

/** What a scenario works with. */
export interface Fixture {
  readonly env: TestEnvironment;
  readonly load: Load;
}

/** One run of a scenario. */
export interface Run extends Fixture {
  /** When it began: by the clock of the load, and by this machine's. */
  readonly from: number;
  readonly since: number;
  /** Something for the table. */
  readonly note: (text: string) => void;
  /** The load since the beginning of the scenario, or since a mark. */
  readonly report: (fromMs?: number, toMs?: number) => Promise<LoadReport>;
  /** Waits until some requests in a row were all answered from one bundle: kept connections to pods that go last a while. */
  readonly answersOnlyFrom: (digest: string) => Promise<void>;
}

interface ScenarioOptions {
  /** False: something is under way in the end. */
  readonly settles?: boolean;
  /** True: all stable pods go at once, which no controller can make up for; what that cost stands in the table. */
  readonly loses?: boolean;
}

/** Longest note in the table, characters. */
const LONGEST_NOTE = 240;

/** Enough for any of them, and for the wait for those who have the cluster alone; a hang is found by the waits inside. */
const TIMEOUT_MS = 1_800_000;

/**
 * A test under load. Whatever else it asserts: in the end everything is at rest, no rule of a status was ever broken, and
 * no request was lost. Its result goes into the table; when it fails, all there is to know goes into `reports/`. Nobody
 * harms the cluster meanwhile, unless its file does.
 * @param fixture what to work with, asked when the test begins.
 */
export function scenario(
  fixture: () => Fixture,
  id: string,
  title: string,
  work: (run: Run) => Promise<void>,
  { settles = true, loses = false }: ScenarioOptions = {},
): void {
  it(
    `${id}: ${title}`,
    async () => {
      await (await clusterLock()).during('shared', () => perform(fixture(), id, title, work, { settles, loses }));
    },
    TIMEOUT_MS,
  );
}

async function perform(
  { env, load }: Fixture,
  id: string,
  title: string,
  work: (run: Run) => Promise<void>,
  { settles, loses }: Required<ScenarioOptions>,
): Promise<void> {
  const since = Date.now();
  const from = await load.mark();
  const notes: string[] = [];
  const report = (fromMs = from, toMs?: number) => load.between(fromMs, toMs);
  const answersOnlyFrom = async (digest: string) => {
    await waitFor(`answers from ${digest} alone`, async () => {
      const mark = await load.mark();
      await load.answered(30, mark);
      const digests = Object.keys((await report(mark)).byDigest);
      return digests.length === 1 && digests[0] === digest ? true : undefined;
    });
  };
  const note = (text: string) => void notes.push(short(text));
  const run: Run = { env, load, from, since, report, note, answersOnlyFrom };
  let failure: unknown;
  try {
    await work(run);
    if (settles) await env.settle();
    if (loses) await answersAgain(load);
    env.assertRules();
  } catch (error) {
    failure = error;
  }
  const whole = await report();
  const lost = loses ? 0 : whole.lost;
  if (failure === undefined && (lost > 0 || whole.own > 0 || whole.sent === 0)) {
    const examples = whole.failures.slice(0, 10).map((each) => JSON.stringify(each));
    failure = new Error(
      `${whole.lost} of ${whole.sent} requests were lost (${JSON.stringify(whole.lostBy)}), ${whole.own} by the generator itself:\n${examples.join('\n')}`,
    );
  }
  const { sent, busy, p50Ms, p95Ms } = whole;
  const seconds = Math.round((Date.now() - since) / 1000);
  if (whole.stalled > 0) notes.push(`no CPU was left for ${whole.stalled} pictures (503, come again)`);
  if (whole.own > 0) notes.push(`${whole.own} failed by the generator itself`);
  const wait = longestWait(env.history.entries, since);
  if (wait !== undefined) notes.push(wait);
  const outcome = failure === undefined ? 'passed' : 'failed';
  record({ id, title, outcome, seconds, sent, lost: whole.lost, busy, p50Ms, p95Ms, notes });
  if (failure === undefined) return;
  const file = await dump(id, run, whole);
  throw new Error(`${messageOf(failure)}\nEverything there is to know: ${file}`, { cause: failure });
}

/**
 * Waits until requests in a row were answered: pods are ready a moment before the proxies of the Service know it, and what is lost
 * then is no loss of the next scenario.
 */
async function answersAgain(load: Load): Promise<void> {
  await waitFor('answers without a loss', async () => {
    const mark = await load.mark();
    await load.answered(20, mark);
    return (await load.between(mark)).lost === 0;
  });
}

/** A scenario that cannot run here; it stands in the table with the reason. */
export function skippedScenario(id: string, title: string, variable: string): void {
  it.skip(`${id}: ${title} (skipped: set ${variable} to run it, see CONTRIBUTING.md)`, () => undefined);
  const counts = { seconds: 0, sent: 0, lost: 0, busy: 0, p50Ms: 0, p95Ms: 0 };
  record({ id, title, outcome: 'skipped', ...counts, notes: [`${variable} is not set`] });
}

/** What pods print may be pages; a table has a line for it. */
const short = (text: string) => {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > LONGEST_NOTE ? `${line.slice(0, LONGEST_NOTE - 1)}…` : line;
};

const messageOf = (error: unknown) => {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
};

/** Writes what a person needs who was not there. @returns the file's path. */
export async function dump(
  id: string,
  { env, load, from, since }: Pick<Run, 'env' | 'from' | 'since'> & { readonly load?: Load },
  report?: LoadReport,
): Promise<string> {
  const { namespace, cluster } = env;
  const get = (...args: string[]) => kubectl(...args, '-n', namespace).catch((error: unknown) => String(error));
  const logs = async () => {
    const pods = [...(await env.controllerPods()), ...(await env.pods('canary'))];
    const read = pods.flatMap(({ metadata: { name } }) =>
      ['false', 'true'].map(async (previous) => {
        const path = `${pathOf.pods(namespace, name)}/log?tailLines=${name.includes('controller') ? 600 : 40}&previous=${previous}`;
        return `--- ${name}${previous === 'true' ? ' (before its restart)' : ''}\n${await cluster.text(path).catch(() => '')}`;
      }),
    );
    return (await Promise.all(read)).join('\n');
  };
  const sections: readonly (readonly [string, string | Promise<string>])[] = [
    ['what the versions were', env.history.lines(since).join('\n')],
    ['load', report === undefined ? 'none' : JSON.stringify(report, null, 1)],
    ['not sent', JSON.stringify(load?.notSent ?? 'none')],
    ['load by the second', load?.history(from).join('\n') ?? ''],
    ['model versions', get('get', 'modelversions', '-o', 'yaml', '--show-managed-fields=false')],
    [
      'pods and deployments',
      get('get', 'deployments,replicasets,pods,leases,endpointslices', '-o', 'wide', '--show-labels'),
    ],
    ['pods', get('describe', 'pods')],
    ['events', get('get', 'events', '--sort-by=.lastTimestamp')],
    ['logs', logs().catch(String)],
  ];
  const texts = await Promise.all(sections.map(async ([title, text]) => `===== ${title}\n${await text}\n`));
  const path = repositoryFile(`reports/e2e-${id}.txt`);
  mkdirSync(repositoryFile('reports'), { recursive: true });
  writeFileSync(path, texts.join('\n'));
  return path;
}
