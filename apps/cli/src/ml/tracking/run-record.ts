import { cp, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { digestOfFile } from '@pawl/shared/bundle/digest';
import { appendLine, parseLines } from './json-lines.ts';
import { readEvent, summarise, writeEvent, type RunEvent, type RunSummary } from './run-events.ts';
import { assertEntityName, filesBelow, foldersIn, onDisk, readIfPresent } from './store-files.ts';
import type { Artifact } from './tracker.ts';

const EVENTS_FILE = 'events.jsonl';

/** Whether a text may be the id of a run: it is the name of a folder, too. */
export const isRunId = (text: string): boolean => /^[A-Za-z0-9][\w-]{0,255}$/.test(text);

/** What a record holds at one moment. */
export interface RecordContent {
  readonly events: readonly RunEvent[];
  readonly summary: RunSummary;
  /** Lines that cannot be read. */
  readonly damaged: number;
}

/**
 * The record of one run: a folder `<runs>/<run id>` with `events.jsonl`, to which is only ever appended, and `artifacts/`.
 * It keeps nothing in memory: whoever reads sees what every process has written until then.
 */
export class RunRecord {
  readonly runId: string;
  /** Absolute path. */
  readonly folder: string;

  /** @param root absolute path of the folder of all runs. */
  constructor(root: string, runId: string) {
    this.runId = runId;
    this.folder = join(root, runId);
  }

  get artifactFolder(): string {
    return join(this.folder, 'artifacts');
  }

  /** Makes the folder. @throws CliError DISK_FULL, FILE_WRITE_FAILED. */
  async create(): Promise<void> {
    await onDisk(this.folder, () => mkdir(this.artifactFolder, { recursive: true }));
  }

  /** Undefined where there is no run, or its start cannot be read. */
  async read(): Promise<RecordContent | undefined> {
    const text = await readIfPresent(join(this.folder, EVENTS_FILE));
    if (text === undefined) return undefined;
    const { values: events, damaged } = parseLines(text, readEvent);
    const summary = summarise(events);
    return summary === undefined ? undefined : { events, summary, damaged };
  }

  /** @throws CliError DISK_FULL, FILE_WRITE_FAILED; RangeError for a name that MLflow would refuse. */
  async append(event: RunEvent): Promise<void> {
    if ('values' in event) for (const name of Object.keys(event.values)) assertEntityName(name);
    const path = join(this.folder, EVENTS_FILE);
    await onDisk(path, () => appendLine(path, writeEvent(event)));
  }

  /**
   * Copies a file or folder to its place among the artifacts, replacing what was there, and appends an event for each file.
   *
   * @param time Unix milliseconds.
   * @throws CliError DISK_FULL, FILE_WRITE_FAILED; RangeError.
   */
  async addArtifact({ source, path }: Artifact, time: number): Promise<void> {
    assertEntityName(path);
    const target = join(this.artifactFolder, path);
    const copy = join(this.folder, 'copying');
    await onDisk(target, async () => {
      await rm(copy, { recursive: true, force: true });
      await mkdir(dirname(target), { recursive: true });
      await cp(source, copy, { recursive: true, dereference: true });
      await rm(target, { recursive: true, force: true });
      await rename(copy, target);
    });
    for (const file of await filesBelow(target)) {
      const { digest } = await digestOfFile(join(target, file));
      await this.append({ event: 'artifact', time, path: file === '' ? path : `${path}/${file}`, digest });
    }
  }
}

/** A record with what it holds. */
export interface OpenedRecord extends RecordContent {
  readonly record: RunRecord;
}

/** Every run of a folder, newest first. */
export async function listRuns(root: string): Promise<readonly OpenedRecord[]> {
  const runs: OpenedRecord[] = [];
  for (const runId of await foldersIn(root)) {
    const record = new RunRecord(root, runId);
    const content = await record.read();
    if (content !== undefined) runs.push({ record, ...content });
  }
  return runs.sort((a, b) => b.summary.startTime - a.summary.startTime);
}
