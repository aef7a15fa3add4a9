import { randomBytes } from 'node:crypto';
import type { Context } from '../../terminal/context.ts';
import { CliError } from '../../errors/cli-error.ts';
import { artifactSink } from './artifact-sink.ts';
import { claimRun } from './claim-run.ts';
import type { ServerRun } from './mlflow-answers.ts';
import { MlflowServer, RUN_KEY_TAG } from './mlflow-server.ts';
import { notesBeside } from './push-notes.ts';
import { RunPusher } from './push-run.ts';
import { RestClient, Unreachable } from './rest-client.ts';
import { duringRun, retrying } from './retry.ts';
import { isRunId, RunRecord } from './run-record.ts';
import { SpoolingTracker, type LiveContext, type ServerLink } from './spooling-tracker.ts';
import type { Tracker } from './tracker.ts';
import { trackingSettings } from './tracking-settings.ts';

/** What of the context a run needs. */
export type TrackingContext = Pick<Context, 'env' | 'signal' | 'now' | 'stderr' | 'sleep'>;

/** What a run is started with. */
export interface StartRunOptions {
  readonly context: TrackingContext;
  /** Absolute path of the folder of all runs. */
  readonly runsFolder: string;
  /** Of the tracking server; default: MLFLOW_TRACKING_URI. */
  readonly trackingUri?: string | undefined;
  /** Name; a run that `mlflow run` made stays in its own experiment. */
  readonly experiment: string;
  /** Default: `run-` and the time. */
  readonly runName?: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  /** A fresh id of 32 hex digits. */
  readonly newId?: (() => string) | undefined;
}

/**
 * Starts a run: on the tracking server when one answers, and always below `runsFolder`. Inside `mlflow run`
 * (MLFLOW_RUN_ID) it takes up the run that MLflow made.
 *
 * A server that does not answer costs a warning; one that refuses ends it here, before any work is done.
 *
 * @throws CliError TRACKING_REFUSED, USAGE, FILE_WRITE_FAILED, DISK_FULL; the signal's reason.
 */
export async function startRun(options: StartRunOptions): Promise<Tracker> {
  const { context } = options;
  const settings = trackingSettings(context, options.trackingUri);
  const given = context.env['MLFLOW_RUN_ID'] ?? '';
  const key = given === '' ? (options.newId ?? newId)() : given;
  assertRunId(key);
  const startTime = context.now().getTime();
  const plan: RunPlan = {
    options,
    tag: key,
    key,
    experiment: options.experiment,
    given: given !== '',
    startTime,
    runName: options.runName ?? defaultName(startTime),
  };
  if (settings.kind === 'store')
    warn(
      context,
      `MLFLOW_TRACKING_URI names ${settings.what}, which MLflow's server alone opens; the run is kept in ${options.runsFolder}. ` +
        'With "mlflow server --backend-store-uri ..." and MLFLOW_TRACKING_URI=http://..., "pawl runs push" sends it.',
    );
  if (settings.kind !== 'server') return await record(plan);

  const live: LiveContext = { env: context.env, signal: context.signal, sleep: context.sleep };
  const server = new MlflowServer(new RestClient(settings, live));
  let contact: Contact | undefined;
  let failure: Unreachable | undefined;
  try {
    contact = await retrying(duringRun, context, firstContact(server, plan));
    await assertArtifactsWritable(server, contact.run, live, context.now().getTime());
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    failure = error;
  }
  const named = contact === undefined ? plan : { ...plan, ...contact.names, key: contact.run.runId };
  return await record(named, async (local) => {
    const pusher = new RunPusher(local, server, live, notesBeside(settings.url)(local));
    if (contact !== undefined) await pusher.adopt(contact.run, contact.isFresh);
    return { pusher, live, failure };
  });
}

interface RunPlan {
  readonly options: StartRunOptions;
  /** What the run is found by on a server; its id, unless the server gives it another one. */
  readonly tag: string;
  /** Its id. */
  readonly key: string;
  readonly experiment: string;
  /** The id came from MLFLOW_RUN_ID. */
  readonly given: boolean;
  readonly startTime: number;
  readonly runName: string;
}

interface Contact {
  readonly run: ServerRun;
  /** Of a run that was there before, its own. */
  readonly names: { readonly experiment?: string; readonly runName?: string };
  readonly isFresh: boolean;
}

/** Makes the run on the server, or finds it: repeated after a lost answer, it makes no second one. */
function firstContact(server: MlflowServer, plan: RunPlan): () => Promise<Contact> {
  let attempts = 0;
  return async () => {
    attempts += 1;
    if (plan.given) {
      const run = await server.run(plan.key);
      if (run === undefined)
        throw new CliError(
          'TRACKING_REFUSED',
          `MLFLOW_RUN_ID names run ${plan.key}, which ${server.client.url} does not have.`,
          'Unset MLFLOW_RUN_ID, or set MLFLOW_TRACKING_URI to the server that made the run.',
        );
      const experiment = await server.experimentName(run.experimentId);
      const names = { experiment, runName: plan.options.runName ?? run.runName };
      return { run, names, isFresh: false };
    }
    const experimentId = await server.ensureExperiment(plan.experiment);
    const lost = attempts > 1 ? await server.findRun(experimentId, plan.key) : undefined;
    const run = lost ?? (await server.createRun(experimentId, plan, plan.key));
    return { run, names: {}, isFresh: true };
  };
}

/** Says now, not after an hour of training, that nobody but the server may write its artifacts. */
async function assertArtifactsWritable(
  server: MlflowServer,
  run: ServerRun,
  live: LiveContext,
  now: number,
): Promise<void> {
  try {
    (await artifactSink(server.client, run.artifactUri, live)).close();
  } catch (error) {
    await server.updateRun(run.runId, { status: 'FAILED', endTime: now, runName: run.runName });
    throw error;
  }
}

async function record(plan: RunPlan, link?: (record: RunRecord) => Promise<ServerLink>): Promise<Tracker> {
  const { context, tags, runsFolder } = plan.options;
  const { runName, experiment, startTime: time } = plan;
  const local = new RunRecord(runsFolder, plan.key);
  await local.create();
  if (!(await claimRun(local)))
    throw new CliError(
      'TRACKING_REFUSED',
      `Run ${plan.key} is being written by another process.`,
      'Unset MLFLOW_RUN_ID.',
    );
  await local.append({ event: 'started', time, name: runName, experiment });
  const tracker = new SpoolingTracker({ record: local, runName, runsFolder }, context, await link?.(local));
  // `mlflow run` has said where its runs come from.
  const source = plan.given ? {} : { 'mlflow.source.type': 'LOCAL', 'mlflow.source.name': 'pawl train' };
  await tracker.tags({ ...source, ...tags, [RUN_KEY_TAG]: plan.tag });
  return tracker;
}

const newId = (): string => randomBytes(16).toString('hex');

/** `run-20260131-093000`, UTC. */
const defaultName = (time: number): string =>
  `run-${new Date(time).toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-')}`;

function assertRunId(id: string): void {
  if (!isRunId(id))
    throw new CliError('USAGE', 'MLFLOW_RUN_ID is not the id of a run.', 'Unset it, or set it to 32 hex digits.');
}

function warn(context: Pick<Context, 'stderr'>, text: string): void {
  context.stderr.write(`warning: ${text}\n`);
}
