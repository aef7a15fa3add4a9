import { ownerOf } from './claim-run.ts';
import { notesBeside, pageOf, readPushNotes, sentState } from './push-notes.ts';
import type { RunRow } from './render-runs.ts';
import { listRuns } from './run-record.ts';

/** Every run of a folder, newest first, with what the server at `serverUrl` is known to have of it; asks no server. */
export async function describeRuns(root: string, serverUrl: string | undefined): Promise<readonly RunRow[]> {
  const rows: RunRow[] = [];
  for (const { record, summary, events, damaged } of await listRuns(root)) {
    const notes = serverUrl === undefined ? undefined : await readPushNotes(notesBeside(serverUrl)(record));
    const { name, experiment, status, startTime, endTime, params, tags, artifacts, models } = summary;
    const metrics = Object.fromEntries(
      Object.entries(summary.metrics).map(([key, points]) => [key, points.at(-1)?.value ?? NaN] as const),
    );
    const losses = (summary.metrics['val_loss'] ?? []).map(({ value }) => value).filter(Number.isFinite);
    rows.push({
      runId: record.runId,
      ...{ name, experiment, status, startTime, endTime },
      wasCutOff: status === 'RUNNING' && (await ownerOf(record)) === 'a process that is gone',
      damaged,
      ...{ params, tags },
      metrics,
      // Recorded at the end, with the head that was kept; until then, of the best one so far.
      bestValLoss: metrics['best_val_loss'] ?? (losses.length === 0 ? undefined : Math.min(...losses)),
      artifacts: Object.keys(artifacts),
      models: models.map((model) => `${model.name} ${model.version} as @${model.alias}`),
      location: notes === undefined ? record.folder : pageOf(notes),
      pushed: serverUrl === undefined ? undefined : sentState(events.length, notes),
    });
  }
  return rows;
}
