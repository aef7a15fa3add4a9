import { claimRun, ownerOf, releaseRun } from './claim-run.ts';
import { listRuns, type LocalRun } from './local-run.ts';
import { MlflowServer } from './mlflow-server.ts';
import { isPushed, RunPusher } from './push-run.ts';
import { readPushState } from './push-state.ts';
import { RestClient } from './rest-client.ts';
import { afterRun, retrying } from './retry.ts';
import { pageOf } from './spooling-tracker.ts';
import type { ServerSettings } from './tracking-settings.ts';
import type { Context } from '../../terminal/context.ts';

/** What became of one run. */
export interface PushOutcome {
  readonly run: LocalRun;
  /** `busy`: another process writes or sends it now. */
  readonly result: 'sent' | 'there already' | 'busy';
  /** The run's page; empty for `busy`. */
  readonly page: string;
}

/**
 * Sends every run of a record that a server does not have whole, oldest first, so that numbers of versions grow as they
 * were made. A run whose process was killed is ended as KILLED first.
 *
 * @param report told of each run when it is done.
 * @throws CliError TRACKING_UNREACHABLE, TRACKING_REFUSED; the signal's reason. What was sent until then stays.
 */
export async function pushRuns(
  root: string,
  settings: ServerSettings,
  context: Pick<Context, 'env' | 'signal' | 'sleep'>,
  report: (outcome: PushOutcome) => void,
): Promise<void> {
  const server = new MlflowServer(new RestClient(settings, context));
  for (const run of [...(await listRuns(root))].reverse()) {
    const known = await readPushState(run, settings.url);
    const wasCutOff = (await ownerOf(run)) === 'a process that is gone';
    if (known !== undefined && !wasCutOff && (await isPushed(run, known)) === 'yes') {
      report({ run, result: 'there already', page: pageOf(known) });
      continue;
    }
    if (!(await claimRun(run))) {
      report({ run, result: 'busy', page: '' });
      continue;
    }
    try {
      if (run.info.status === 'RUNNING') await run.update({ status: 'KILLED', endTime: await lastSign(run) });
      const pusher = new RunPusher(run, server, context);
      await retrying(
        afterRun,
        context,
        () => pusher.push(),
        () => pusher.progress,
      );
      report({ run, result: 'sent', page: pusher.state === undefined ? '' : pageOf(pusher.state) });
    } finally {
      await releaseRun(run);
    }
  }
}

/** When a run that was cut off last wrote a metric. */
async function lastSign(run: LocalRun): Promise<number> {
  const times = [...(await run.metrics()).values()].flat().map(({ timestamp }) => timestamp);
  return Math.max(run.info.startTime, ...times);
}
