import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import type { RunRecord } from './run-record.ts';
import { readIfPresent, writeAtomically } from './store-files.ts';

/** What a server is known to have of a run. Without these notes everything is sent again, and everything may be. */
const pushNotesSchema = z.object({
  /** Address of the server. */
  server: z.string(),
  /** Of the run on the server. */
  runId: z.string(),
  experimentId: z.string(),
  artifactUri: z.string(),
  /** How many events of the record it has, from the first on. */
  sent: z.number().int().nonnegative(),
  /** The server's version number by the record's `name/version`. */
  versions: z.record(z.string(), z.string()),
});

/** What a server is known to have of a run. */
export type PushNotes = z.infer<typeof pushNotesSchema>;

/** Path of the file of notes for a run. */
export type NotesPlace = (record: RunRecord) => string;

/** Notes beside the record, a file for each server. */
export const notesBeside =
  (server: string): NotesPlace =>
  ({ folder }) =>
    join(folder, `pushed-${createHash('sha256').update(server).digest('hex').slice(0, 12)}.json`);

/** The notes in a file; undefined where the run was never sent, or the notes are damaged. */
export async function readPushNotes(path: string): Promise<PushNotes | undefined> {
  const text = await readIfPresent(path);
  if (text === undefined) return undefined;
  try {
    return pushNotesSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** @throws CliError DISK_FULL, FILE_WRITE_FAILED. */
export async function writePushNotes(path: string, notes: PushNotes): Promise<void> {
  await writeAtomically(path, `${JSON.stringify(notes)}\n`);
}

/** Pure: what is known of what the server has of a run with so many events. */
export function sentState(events: number, notes: Pick<PushNotes, 'sent'> | undefined): 'yes' | 'partly' | 'no' {
  if (notes === undefined) return 'no';
  return notes.sent >= events ? 'yes' : 'partly';
}

/** Pure: the page of a run in MLflow's UI. */
export const pageOf = ({ server, experimentId, runId }: Omit<PushNotes, 'artifactUri' | 'sent' | 'versions'>): string =>
  `${server}/#/experiments/${experimentId}/runs/${runId}`;
