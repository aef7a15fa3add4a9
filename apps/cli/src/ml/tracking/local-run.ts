import { createHash } from 'node:crypto';
import { appendFile, cp, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseMetric, pythonFloat, type MetricPoint } from './metric-lines.ts';
import {
  assertEntityName,
  filesBelow,
  foldersIn,
  namesIn,
  NOTES_FOLDER,
  onDisk,
  readIfPresent,
  readMeta,
  textOf,
  writeAtomically,
  writeMeta,
} from './store-files.ts';
import type { Artifact, RunDataset, RunStatus } from './tracker.ts';

/** A data set among a run's inputs, as MLflow has it. */
export interface RunInput {
  readonly name: string;
  /** At most 36 characters. */
  readonly digest: string;
  readonly sourceType: string;
  /** JSON. */
  readonly source: string;
}

/** What `meta.yaml` of a run says. */
export interface RunInfo {
  readonly runId: string;
  readonly experimentId: string;
  readonly runName: string;
  readonly status: RunStatus | 'RUNNING';
  /** Unix milliseconds. */
  readonly startTime: number;
  readonly endTime: number | undefined;
}

/** MLflow's RunStatus by its number (service.proto); SCHEDULED counts as running. */
const statuses: readonly RunInfo['status'][] = ['RUNNING', 'RUNNING', 'RUNNING', 'FINISHED', 'FAILED', 'KILLED'];
/** MLflow's SourceType LOCAL. */
const SOURCE_TYPE_LOCAL = 4;
/** Folders of an experiment that are no runs. */
const reserved = ['tags', 'datasets', 'traces', 'models'];
/** Longest digest of a data set that MLflow takes. */
const MAX_DATASET_DIGEST = 36;

/** The tag that names a run everywhere: its id on the server may differ from the local one. */
export const RUN_KEY_TAG = 'pawl.run.id';
export const DATA_HASH_TAG = 'pawl.data.hash';
/** The tag of an experiment by which MLflow 3 shows the pages of training, not those of agents. */
export const EXPERIMENT_KIND = { key: 'mlflow.experimentKind', value: 'custom_model_development' };

/**
 * A run in a folder, in the layout of MLflow's file store (mlflow/store/tracking/file_store.py, 3.17), so that
 * `mlflow ui` reads it. Values are appended or replaced as a whole; a process that is killed leaves a readable record.
 */
export class LocalRun {
  /** Absolute path of the record that the run is part of. */
  readonly root: string;
  /** Absolute path. */
  readonly folder: string;
  info: RunInfo;

  constructor(root: string, info: RunInfo) {
    this.root = root;
    this.folder = join(root, info.experimentId, info.runId);
    this.info = info;
  }

  /** Absolute path of our own notes on the run. */
  get notes(): string {
    return join(this.folder, NOTES_FOLDER);
  }

  get artifactFolder(): string {
    return join(this.folder, 'artifacts');
  }

  /** Makes the run, or takes up one of this id that is there already. @throws CliError DISK_FULL, FILE_WRITE_FAILED. */
  static async create(root: string, experiment: string, wanted: Omit<RunInfo, 'experimentId'>): Promise<LocalRun> {
    const present = await findRun(root, wanted.runId);
    const experimentId = present?.info.experimentId ?? (await ensureExperiment(root, experiment, wanted.startTime));
    const run = new LocalRun(root, present?.info ?? { ...wanted, experimentId });
    await onDisk(run.folder, async () => {
      for (const name of ['params', 'metrics', 'tags', 'artifacts'])
        await mkdir(join(run.folder, name), { recursive: true });
    });
    await run.update({ runName: wanted.runName, status: 'RUNNING', endTime: undefined });
    return run;
  }

  async update(change: Partial<Pick<RunInfo, 'runName' | 'status' | 'endTime'>>): Promise<void> {
    this.info = { ...this.info, ...change };
    const { runId, experimentId, runName, status, startTime, endTime } = this.info;
    await writeMeta(
      this.folder,
      {
        artifact_uri: pathToFileURL(this.artifactFolder).href,
        end_time: endTime ?? null,
        entry_point_name: '',
        experiment_id: experimentId,
        lifecycle_stage: 'active',
        run_id: runId,
        run_name: runName,
        run_uuid: runId,
        source_name: '',
        source_type: SOURCE_TYPE_LOCAL,
        source_version: '',
        start_time: startTime,
        status: statuses.lastIndexOf(status),
        tags: [],
        user_id: '',
      },
      this.notes,
    );
    await this.writeTag('mlflow.runName', runName);
  }

  /** Parameters never change: a name that is there keeps its value. */
  async writeParam(name: string, value: string): Promise<void> {
    assertEntityName(name);
    const path = join(this.folder, 'params', name);
    if ((await readIfPresent(path)) === undefined) await writeAtomically(path, value, this.notes);
  }

  async writeTag(name: string, value: string): Promise<void> {
    assertEntityName(name);
    await writeAtomically(join(this.folder, 'tags', name), value, this.notes);
  }

  async appendMetric(name: string, { timestamp, value, step }: MetricPoint): Promise<void> {
    assertEntityName(name);
    const path = join(this.folder, 'metrics', name);
    await onDisk(path, async () => {
      await mkdir(dirname(path), { recursive: true });
      await appendFile(path, `${timestamp} ${pythonFloat(value)} ${step}\n`);
    });
  }

  /** Copies a file or folder to its place among the artifacts, replacing what was there. */
  async writeArtifact({ source, path }: Artifact): Promise<void> {
    assertEntityName(path);
    const target = join(this.artifactFolder, path);
    const copy = join(this.notes, 'copying');
    await onDisk(target, async () => {
      await rm(copy, { recursive: true, force: true });
      await mkdir(dirname(target), { recursive: true });
      await mkdir(this.notes, { recursive: true });
      await cp(source, copy, { recursive: true, dereference: true });
      await rm(target, { recursive: true, force: true });
      await rename(copy, target);
    });
  }

  async writeDataset({ name, hash, source }: RunDataset): Promise<void> {
    const digest = hash.replace(/^sha256:/, '').slice(0, MAX_DATASET_DIGEST);
    const datasetId = md5(name + digest);
    await writeMeta(
      join(this.root, this.info.experimentId, 'datasets', datasetId),
      { digest, name, profile: null, schema: null, source: JSON.stringify({ uri: source }), source_type: 'local' },
      this.notes,
    );
    await writeMeta(
      join(this.folder, 'inputs', md5(datasetId + this.info.runId)),
      {
        destination_id: this.info.runId,
        destination_type: 'RUN',
        source_id: datasetId,
        source_type: 'DATASET',
        tags: { 'mlflow.data.context': 'training' },
      },
      this.notes,
    );
    await this.writeTag(DATA_HASH_TAG, hash);
  }

  params(): Promise<ReadonlyMap<string, string>> {
    return textsBelow(join(this.folder, 'params'));
  }

  tags(): Promise<ReadonlyMap<string, string>> {
    return textsBelow(join(this.folder, 'tags'));
  }

  /** By name; a line that a full disk cut off is left out. */
  async metrics(): Promise<ReadonlyMap<string, readonly MetricPoint[]>> {
    const texts = await textsBelow(join(this.folder, 'metrics'));
    return new Map([...texts].map(([name, text]) => [name, parseMetric(text)]));
  }

  /** Paths among the artifacts. */
  artifacts(): Promise<readonly string[]> {
    return filesBelow(this.artifactFolder);
  }

  async inputs(): Promise<readonly RunInput[]> {
    const inputs: RunInput[] = [];
    for (const id of await foldersIn(join(this.folder, 'inputs'))) {
      const input = await readMeta(join(this.folder, 'inputs', id));
      const folder = join(this.root, this.info.experimentId, 'datasets', textOf(input?.['source_id']));
      const dataset = input?.['source_type'] === 'DATASET' ? await readMeta(folder) : undefined;
      if (dataset !== undefined)
        inputs.push({
          name: textOf(dataset['name']),
          digest: textOf(dataset['digest']),
          sourceType: textOf(dataset['source_type']),
          source: textOf(dataset['source']),
        });
    }
    return inputs;
  }

  /** Name of the run's experiment. */
  async experiment(): Promise<string> {
    const meta = await readMeta(join(this.root, this.info.experimentId));
    return textOf(meta?.['name']);
  }
}

/** Every run of a record, newest first; damaged ones are left out, as MLflow does. */
export async function listRuns(root: string): Promise<readonly LocalRun[]> {
  const runs: LocalRun[] = [];
  for (const experimentId of await experimentIds(root))
    for (const runId of await foldersIn(join(root, experimentId))) {
      const run = reserved.includes(runId) ? undefined : await openRun(root, experimentId, runId);
      if (run !== undefined) runs.push(run);
    }
  return runs.sort((a, b) => b.info.startTime - a.info.startTime);
}

/** The run of this id; undefined where there is none. */
export async function findRun(root: string, runId: string): Promise<LocalRun | undefined> {
  for (const experimentId of await experimentIds(root)) {
    const run = await openRun(root, experimentId, runId);
    if (run !== undefined) return run;
  }
  return undefined;
}

async function experimentIds(root: string): Promise<readonly string[]> {
  return (await foldersIn(root)).filter((name) => /^\d+$/.test(name));
}

async function openRun(root: string, experimentId: string, runId: string): Promise<LocalRun | undefined> {
  const meta = await readMeta(join(root, experimentId, runId));
  if (meta?.['run_id'] !== runId || meta['lifecycle_stage'] === 'deleted') return undefined;
  const { run_name: runName, status, start_time: startTime, end_time: endTime } = meta;
  return new LocalRun(root, {
    runId,
    experimentId,
    runName: typeof runName === 'string' ? runName : runId,
    status: statuses[Number(status)] ?? 'RUNNING',
    startTime: Number(startTime),
    endTime: typeof endTime === 'number' ? endTime : undefined,
  });
}

/** The experiment of this name, made where there is none; made by two processes at once, it is the same one. */
async function ensureExperiment(root: string, name: string, now: number): Promise<string> {
  for (const id of await experimentIds(root)) if ((await readMeta(join(root, id)))?.['name'] === name) return id;
  const deleted = await namesIn(join(root, '.trash'));
  let attempt = 0;
  let id = idOfName(name, attempt);
  while (deleted.includes(id)) id = idOfName(name, ++attempt);
  const folder = join(root, id);
  const meta = {
    artifact_location: pathToFileURL(folder).href,
    creation_time: now,
    experiment_id: id,
    last_update_time: now,
    lifecycle_stage: 'active',
    name,
  };
  // A folder without `meta.yaml` is no run for MLflow.
  const scratch = join(folder, NOTES_FOLDER);
  await writeAtomically(join(folder, 'tags', EXPERIMENT_KIND.key), EXPERIMENT_KIND.value, scratch);
  await writeMeta(folder, meta, scratch);
  return id;
}

/** MLflow's experiment ids are integers of 18 digits; this one follows from the name. */
function idOfName(name: string, attempt: number): string {
  const hash = createHash('sha256').update(`${name}\n${attempt}`).digest();
  return String(10n ** 17n + (hash.readBigUInt64BE() % (9n * 10n ** 17n)));
}

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

async function textsBelow(folder: string): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  for (const path of await filesBelow(folder)) texts.set(path, (await readIfPresent(join(folder, path))) ?? '');
  return texts;
}
