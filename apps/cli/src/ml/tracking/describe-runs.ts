import { ownerOf } from './claim-run.ts';
import { listRuns } from './local-run.ts';
import { isPushed } from './push-run.ts';
import { readPushState } from './push-state.ts';
import type { RunRow } from './render-runs.ts';
import { pageOf } from './spooling-tracker.ts';

/** Every run of a record, newest first, with what the server at `serverUrl` is known to have of it; asks no server. */
export async function describeRuns(root: string, serverUrl: string | undefined): Promise<readonly RunRow[]> {
  const rows: RunRow[] = [];
  for (const run of await listRuns(root)) {
    const state = serverUrl === undefined ? undefined : await readPushState(run, serverUrl);
    const metrics: Record<string, number> = {};
    for (const [name, points] of await run.metrics()) metrics[name] = points.at(-1)?.value ?? NaN;
    rows.push({
      info: run.info,
      experiment: await run.experiment(),
      wasCutOff: (await ownerOf(run)) === 'a process that is gone',
      metrics,
      location: state === undefined ? run.folder : pageOf(state),
      pushed: serverUrl === undefined ? undefined : await isPushed(run, state),
    });
  }
  return rows;
}
