import type { Context } from '../../terminal/context.ts';
import { claimRun, isElsewhere, ownerOf, releaseRun } from './claim-run.ts';
import { MlflowServer } from './mlflow-server.ts';
import { notesBeside, pageOf, readPushNotes, sentState, type NotesPlace } from './push-notes.ts';
import { RunPusher } from './push-run.ts';
import { RestClient } from './rest-client.ts';
import { afterRun, retrying } from './retry.ts';
import { listRuns, type RunRecord } from './run-record.ts';
import type { ServerSettings } from './tracking-settings.ts';

/** What became of one run. */
export interface SentRun {
  readonly name: string;
  readonly record: RunRecord;
  /** `busy`: another process writes or sends it now. */
  readonly result: 'sent' | 'there already' | 'busy';
  /** The run's page; empty for `busy`. */
  readonly page: string;
  /** Artifacts that were not sent, because they are no longer what the record says. */
  readonly changedArtifacts: readonly string[];
}

/** What {@link pushRuns} touches. */
export type PushContext = Pick<Context, 'env' | 'signal' | 'sleep'>;

/** For a server that is ours alone and ends with us. */
export interface PushOptions {
  /** Where the notes on what was sent lie; default: beside each record. */
  readonly notes?: NotesPlace;
  /** Whether runs that are being written are sent as far as they are; default false: whoever writes one sends it. */
  readonly withBusy?: boolean;
}

/**
 * Sends every run of a folder that a server does not have whole, oldest first, so that numbers of versions grow as they
 * were made. A run whose process was killed is ended as KILLED first, at the time of its last sign of life.
 *
 * @param report told of each run when it is done.
 * @throws CliError TRACKING_UNREACHABLE, TRACKING_REFUSED; the signal's reason. What was sent until then stays.
 */
export async function pushRuns(
  root: string,
  settings: ServerSettings,
  context: PushContext,
  report: (outcome: SentRun) => void,
  { notes = notesBeside(settings.url), withBusy = false }: PushOptions = {},
): Promise<void> {
  const server = new MlflowServer(new RestClient(settings, context));
  for (const run of [...(await listRuns(root))].reverse()) {
    const { record } = run;
    const outcome = { name: run.summary.name, record, page: '', changedArtifacts: [] };
    const isRunning = run.summary.status === 'RUNNING';
    const known = await readPushNotes(notes(record));
    const isSettled = !isRunning || (withBusy && isElsewhere(await ownerOf(record)));
    if (known !== undefined && isSettled && sentState(run.events.length, known) === 'yes') {
      // The server may be another one at the same address.
      if ((await retrying(afterRun, context, () => server.run(known.runId))) !== undefined) {
        report({ ...outcome, result: 'there already', page: pageOf(known) });
        continue;
      }
    }
    const isOurs = await claimRun(record);
    if (!isOurs && !withBusy) {
      report({ ...outcome, result: 'busy' });
      continue;
    }
    try {
      if (isOurs && isRunning) await record.append({ event: 'ended', time: run.summary.lastTime, status: 'KILLED' });
      const pusher = new RunPusher(record, server, context, notes(record));
      await retrying(
        afterRun,
        context,
        () => pusher.push(),
        () => pusher.progress,
      );
      const page = pusher.notes === undefined ? '' : pageOf(pusher.notes);
      report({ ...outcome, result: 'sent', page, changedArtifacts: pusher.changedArtifacts });
    } finally {
      if (isOurs) await releaseRun(record);
    }
  }
}
