import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import type { LocalRun } from './local-run.ts';
import { readIfPresent, writeAtomically } from './store-files.ts';

const names = z.record(z.string(), z.string());

/** What a server is known to have of a run: everything else is sent again, and everything may be. */
const pushStateSchema = z.object({
  server: z.string(),
  /** Of the run on the server. */
  runId: z.string(),
  experimentId: z.string(),
  artifactUri: z.string(),
  params: names.default({}),
  tags: names.default({}),
  /** Points sent, by metric. */
  metrics: z.record(z.string(), z.number()).default({}),
  inputs: z.number().default(0),
  /** Size and time of each artifact sent, by path. */
  artifacts: names.default({}),
  /** Server's version number by local `name/version`. */
  versions: names.default({}),
  /** Aliases done, as local `name/version@alias`. */
  aliases: z.array(z.string()).default([]),
  versionTags: names.default({}),
  status: z.string().default(''),
});

export type PushState = z.infer<typeof pushStateSchema>;

const fileOf = (run: LocalRun, server: string): string =>
  join(run.notes, `pushed-${createHash('sha256').update(server).digest('hex').slice(0, 12)}.json`);

/** The state of a run on one server; undefined where it was never sent, or the notes are damaged. */
export async function readPushState(run: LocalRun, server: string): Promise<PushState | undefined> {
  const text = await readIfPresent(fileOf(run, server));
  if (text === undefined) return undefined;
  try {
    return pushStateSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

export async function writePushState(run: LocalRun, state: PushState): Promise<void> {
  await writeAtomically(fileOf(run, state.server), `${JSON.stringify(state)}\n`, run.notes);
}

/** A state in which nothing was sent yet. */
export function emptyPushState(
  server: string,
  run: Pick<PushState, 'runId' | 'experimentId' | 'artifactUri'>,
): PushState {
  const { runId, experimentId, artifactUri } = run;
  return pushStateSchema.parse({ server, runId, experimentId, artifactUri });
}
