import { setTimeout as sleep } from 'node:timers/promises';
import { clusterLock, type Hold } from '../../e2e/support/cluster-lock.ts';
import type { LoadReport } from '../../e2e/support/load-report.ts';
import { longestWait } from '../../e2e/support/longest-wait.ts';
import { waitFor } from '../../e2e/support/wait.ts';
import { type Application, type HealthStatus, sentence } from './argocd.ts';
import { dump } from './dump.ts';
import { type Inventory, movements, removals } from './inventory.ts';
import { names } from './names.ts';
import { report } from './report.ts';
import { ENVIRONMENTS, type EnvironmentName, type SyncedEnvironment, type Installation } from './installation.ts';

/** Longest from a push to everything being Synced to it, milliseconds: what the project promises, not a measurement. */
const SYNC_LIMIT_MS = 60_000;
/** Longest for one step with all its waits, milliseconds; also for those who have the cluster alone meanwhile. */
const STEP_TIMEOUT_MS = 1_800_000;

/** What a step is expected to leave behind. */
export interface StepOptions {
  /** Health of Applications, where it is not Healthy. */
  readonly health?: Readonly<Record<string, readonly HealthStatus[]>>;
  /** Objects that need not be the same as before: Argo CD's own, when they are made again. */
  readonly mayReplace?: (key: string) => boolean;
  /** `alone` where the step harms what others on the cluster stand on. */
  readonly hold?: Hold;
  /** Environments in which something serves in the end; both by default. */
  readonly serving?: readonly EnvironmentName[];
}

/** One run of a step. */
export interface StepRun {
  readonly installation: Installation;
  /** Pushes what was committed and waits until all Applications are Synced to it. */
  readonly deliver: () => Promise<Delivery>;
  /** Has Argo CD look at what was pushed already, and waits likewise. */
  readonly delivered: () => Promise<Delivery>;
  /** Says that the step takes an object out of Git, or has it made again; as the inventory names it. */
  readonly removes: (...keys: string[]) => void;
  readonly note: (text: string) => void;
  /** Why something is not well, word for word, for the table. */
  readonly message: (text: string) => void;
  /** Load of an environment since the step began, or since a mark. */
  readonly load: (environment: SyncedEnvironment, fromMs?: number, toMs?: number) => Promise<LoadReport>;
  /** Waits until some requests in a row were all answered from one bundle. */
  readonly answersOnlyFrom: (environment: SyncedEnvironment, digest: string) => Promise<void>;
}

/** A commit on its way. */
export interface Delivery {
  readonly commit: string;
  /** When all were Synced to it, milliseconds since the epoch. */
  readonly syncedAt: number;
}

let failed: string | undefined;

/**
 * A test that builds on those before it: when one of them failed, it fails at once and says so. Whatever it asserts itself: in
 * the end every Application is Synced and in the expected health, what serves is at rest, everything stands still for a
 * while, nothing was removed but what the step removes, and no request was lost.
 */
export function step(
  installation: () => Installation,
  id: string,
  title: string,
  work: (run: StepRun) => Promise<void>,
  options: StepOptions = {},
): void {
  it(
    `${id}: ${title}`,
    async () => {
      if (failed !== undefined) throw new Error(`not begun, because ${failed}`);
      try {
        const lock = await clusterLock();
        progress(`step ${id} waits for the cluster`);
        await lock.during(options.hold ?? 'shared', () => {
          progress(`step ${id} begins: ${title}`);
          return perform(installation(), id, title, work, options);
        });
        progress(`step ${id} passed`);
      } catch (error) {
        progress(`step ${id} failed: ${messageOf(error)}`);
        failed = `step ${id} failed`;
        throw error;
      }
    },
    STEP_TIMEOUT_MS,
  );
}

/** Told as it happens: Jest tells nothing of a file before its end, and a run may be cut off. */
const progress = (text: string) => void process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);

/** A step that cannot run here; it stands in the table with the reason. */
export function skippedStep(id: string, title: string, variable: string): void {
  it.skip(`${id}: ${title} (skipped: set ${variable} to run it, see CONTRIBUTING.md)`, () => undefined);
  const counts = { sent: 0, lost: 0, seconds: 0, heldSeconds: 0 };
  const words = { commit: '', argocd: '', message: `${variable} is not set`, pods: '' };
  report((before) => ({
    ...before,
    steps: [...before.steps, { id, title, outcome: 'skipped', ...words, ...counts, notes: [] }],
  }));
}

async function perform(
  installation: Installation,
  id: string,
  title: string,
  work: (run: StepRun) => Promise<void>,
  options: StepOptions,
): Promise<void> {
  const since = Date.now();
  const environments = ENVIRONMENTS.map((name) => installation.environments[name]);
  const marks = new Map<SyncedEnvironment, number>();
  for (const environment of environments)
    if (environment.load !== undefined) marks.set(environment, await environment.load.mark());
  const podsBefore = await servingPods(environments);
  const before = await installation.inventories.of(await installation.argo.applications());
  const notes: string[] = [];
  const removed: string[] = [];
  let message = '';
  let delivery: Delivery | undefined;
  const load = async (environment: SyncedEnvironment, fromMs = marks.get(environment) ?? 0, toMs?: number) => {
    if (environment.load === undefined) throw new Error(`nobody uses ${environment.name} yet`);
    return await environment.load.between(fromMs, toMs);
  };
  const delivered = async () => (delivery = await deliver(installation));
  const run: StepRun = {
    installation,
    deliver: async () => {
      await installation.clone.push();
      return await delivered();
    },
    delivered,
    removes: (...keys) => void removed.push(...keys),
    note: (text) => void notes.push(text),
    message: (text) => void (message = text),
    load,
    answersOnlyFrom: async (environment, digest) => {
      await waitFor(`answers from ${digest} alone`, async () => {
        const mark = (await environment.load?.mark()) ?? 0;
        await environment.load?.answered(20, mark);
        const digests = Object.keys((await load(environment, mark)).byDigest);
        return digests.length === 1 && digests[0] === digest ? true : undefined;
      });
    },
  };

  let failure: unknown;
  let heldSeconds = 0;
  try {
    await work(run);
    await rest(installation, options);
    const heldSince = Date.now();
    await hold(installation, delivery?.syncedAt ?? since);
    heldSeconds = Math.round((Date.now() - heldSince) / 1000);
    const after = await installation.inventories.of(await installation.argo.applications());
    nothingElseRemoved(before, after, removed, options);
  } catch (error) {
    failure = error;
  }
  const reports = await Promise.all(environments.filter((one) => one.load !== undefined).map((one) => load(one)));
  const sum = (of: (one: LoadReport) => number) => reports.reduce((total, one) => total + of(one), 0);
  const sent = sum((one) => one.sent);
  const lost = sum((one) => one.lost);
  if (failure === undefined && (lost > 0 || sum((one) => one.own) > 0)) {
    const examples = reports
      .flatMap(({ failures }) => failures.filter(({ outcome }) => outcome !== 'busy'))
      .slice(0, 10);
    failure = new Error(
      `${lost} of ${sent} requests were lost, ${sum((one) => one.own)} failed by the generator itself:\n${examples.map((one) => JSON.stringify(one)).join('\n')}`,
    );
  }
  environments
    .filter((one) => one.load !== undefined)
    .forEach((environment, i) => void notes.push(answersOf(installation, environment, reports[i])));
  for (const { env } of environments) {
    const wait = longestWait(env.history.entries, since);
    if (wait !== undefined) notes.push(wait);
  }
  const applications = await installation.argo.applications();
  const podsAfter = await servingPods(environments);
  report((all) => ({
    ...all,
    steps: [
      ...all.steps,
      {
        id,
        title,
        outcome: failure === undefined ? 'passed' : 'failed',
        commit: delivery?.commit.slice(0, 7) ?? '',
        argocd: summary(applications),
        message: failure === undefined ? message : messageOf(failure).split('\n', 1).join(''),
        pods: podsText(podsBefore, podsAfter),
        sent,
        lost,
        seconds: Math.round((Date.now() - since) / 1000) - heldSeconds,
        heldSeconds,
        notes,
      },
    ],
  }));
  if (failure === undefined) return;
  const file = await dump(installation, id, since, marks);
  throw new Error(
    `${messageOf(failure)}\n${applications.map(sentence).join('\n')}\nEverything there is to know: ${file}`,
    { cause: failure },
  );
}

/**
 * Has Argo CD look at the branch's head, and waits until all Applications are Synced to it. The root's operation has ended then,
 * too: while one that began before the commit is under way, Argo CD writes once more what it had compared with the commit before.
 */
async function deliver(installation: Installation): Promise<Delivery> {
  const commit = await installation.clone.head();
  await installation.argo.refresh();
  await installation.argo.syncedTo(commit, installation.applicationNames, SYNC_LIMIT_MS);
  await installation.argo.idle([names.root]);
  return { commit, syncedAt: Date.now() };
}

/** Waits for the health that is expected of each Application, and for the environments to come to rest. */
async function rest(installation: Installation, { health = {}, serving = ENVIRONMENTS }: StepOptions): Promise<void> {
  const usual = Object.fromEntries(installation.applicationNames.map((name) => [name, ['Healthy'] as const]));
  await installation.argo.healthOf({ ...usual, ...health });
  for (const name of serving) await installation.environments[name].env.settle();
  // A smoke test is a pod that comes and goes. Where nothing serves it waits for the first version.
  const done = [
    names.root,
    ...serving.flatMap((name) => {
      const { service, versions, images } = installation.environments[name];
      return [service, versions, images];
    }),
  ];
  await installation.argo.idle(done);
}

/** Everything stands still: sync status by a watch since `since`, objects and pods by what they are now and afterwards. */
async function hold(installation: Installation, since: number): Promise<void> {
  const { argo, syncs, inventories, environments, settings, applicationNames } = installation;
  const look = async () => {
    const pods = await Promise.all(ENVIRONMENTS.map((name) => inventories.pods(environments[name].namespace)));
    return new Map([...(await inventories.of(await argo.applications())), ...pods.flatMap((one) => [...one])]);
  };
  const before = await look();
  // Time is the subject: nothing moves for so long.
  await sleep(settings.holdSeconds * 1000);
  const moved = movements(before, await look());
  if (moved.length > 0) throw new Error(`not everything stood still:\n${moved.join('\n')}`);
  const unsynced = syncs.unsynced(applicationNames, since);
  if (unsynced.length > 0) throw new Error(`an Application did not stay Synced:\n${unsynced.join('\n')}`);
}

function nothingElseRemoved(
  before: Inventory,
  after: Inventory,
  expected: readonly string[],
  options: StepOptions,
): void {
  const gone = removals(before, after).filter((key) => options.mayReplace?.(key) !== true);
  const unexpected = gone.filter((key) => !expected.includes(key));
  const kept = expected.filter((key) => !gone.includes(key));
  if (unexpected.length > 0) throw new Error(`these objects were removed or made again: ${unexpected.join(', ')}`);
  if (kept.length > 0) throw new Error(`these objects were to be removed and are there: ${kept.join(', ')}`);
}

/** Names of the stable pods of each environment that are ready. */
async function servingPods(
  environments: readonly SyncedEnvironment[],
): Promise<ReadonlyMap<EnvironmentName, readonly string[]>> {
  const all = await Promise.all(
    environments.map(async ({ name, env }) => {
      const pods = await env.pods('stable');
      const ready = pods.filter(({ status }) =>
        status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
      );
      return [name, ready.map(({ metadata }) => metadata.name)] as const;
    }),
  );
  return new Map(all);
}

type PodNames = ReadonlyMap<EnvironmentName, readonly string[]>;

const podsText = (before: PodNames, after: PodNames) =>
  [...after]
    .map(([name, pods]) => {
      const fresh = pods.filter((pod) => before.get(name)?.includes(pod) !== true).length;
      return `${name} ${pods.length}${fresh === 0 ? '' : ` (${fresh} new)`}`;
    })
    .join(', ');

/** Who answered in an environment, in words. */
function answersOf(installation: Installation, environment: SyncedEnvironment, load: LoadReport | undefined): string {
  const by = Object.entries(load?.byDigest ?? {}).map(
    ([digest, { requests }]) => `${installation.published.get(digest) ?? digest} ${requests}`,
  );
  const later = (load?.busy ?? 0) + (load?.stalled ?? 0);
  return `${environment.name} answered by ${by.join(', ') || 'nobody'}${later > 0 ? `; ${later} were told to come again` : ''}`;
}

/** `Synced, Healthy` where all are; otherwise which are not. */
function summary(applications: readonly Application[]): string {
  const different = applications.flatMap(({ metadata, status }) => {
    const sync = status?.sync?.status ?? '?';
    const health = status?.health?.status ?? '?';
    return sync === 'Synced' && health === 'Healthy' ? [] : [`${metadata.name} ${sync}, ${health}`];
  });
  if (different.length === 0) return `${applications.length} Synced, Healthy`;
  const others = applications.length - different.length;
  return `${different.join('; ')}${others === 0 ? '' : `; ${others} Synced, Healthy`}`;
}

const messageOf = (error: unknown) => {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
};
