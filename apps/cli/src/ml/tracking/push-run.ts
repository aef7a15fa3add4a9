import { join } from 'node:path';
import { digestOfFile } from '@pawl/shared/bundle/digest';
import { isMissing } from '@pawl/shared/errors/system-error';
import type { Context } from '../../terminal/context.ts';
import { artifactSink, type ArtifactSink } from './artifact-sink.ts';
import type { ServerRun } from './mlflow-answers.ts';
import { RUN_KEY_TAG, type MlflowServer } from './mlflow-server.ts';
import { nextBatch, type EventBatch } from './next-batch.ts';
import { readPushNotes, writePushNotes, type PushNotes } from './push-notes.ts';
import {
  firstValues,
  lastValues,
  ofKind,
  pointsOf,
  type EventOf,
  type RunEvent,
  type RunSummary,
} from './run-events.ts';
import type { RecordContent, RunRecord } from './run-record.ts';

/** Tag of a version on the server: Unix milliseconds at which it was registered where it was made. */
const REGISTERED_AT_TAG = 'pawl.registered-at';

/**
 * Replays the record of one run to one server, from the first event that the server does not have. It may be called after
 * every event, by another process, or again after it was cut off anywhere: what a lost answer leaves in doubt is sent again
 * where that changes nothing, and looked up first where it would.
 */
export class RunPusher {
  readonly #record: RunRecord;
  readonly #server: MlflowServer;
  readonly #context: Pick<Context, 'env' | 'signal'>;
  /** Path of the file of notes. */
  readonly #notesFile: string;
  #notes: PushNotes | undefined;
  /** Parameters that the server had before this process sent any: `mlflow run` logs some of its own. */
  #givenParams: Readonly<Record<string, string>> = {};
  /** The points that the server has, by metric, as `timestamp:step`; what is not in it must be asked for. */
  readonly #points = new Map<string, Set<string>>();
  /** The run was made by this process, and no answer about its metrics was lost: it has no points but those above. */
  #isFresh = false;
  #sink: ArtifactSink | undefined;
  readonly #changed = new Set<string>();
  /** Grows whenever the server took something. */
  progress = 0;

  constructor(record: RunRecord, server: MlflowServer, context: Pick<Context, 'env' | 'signal'>, notesFile: string) {
    this.#record = record;
    this.#server = server;
    this.#context = context;
    this.#notesFile = notesFile;
  }

  /** Where the run was sent, once it is known. */
  get notes(): PushNotes | undefined {
    return this.#notes;
  }

  /** Artifacts that were not sent, because they are no longer what the record says. */
  get changedArtifacts(): readonly string[] {
    return [...this.#changed];
  }

  /** Starts from a run of the server. `isFresh`: it was made a moment ago and has no metrics. */
  async adopt(run: ServerRun, isFresh: boolean): Promise<PushNotes> {
    const { runId, experimentId, artifactUri } = run;
    this.#isFresh = isFresh;
    this.#givenParams = run.params;
    this.#notes = { server: this.#server.client.url, runId, experimentId, artifactUri, sent: 0, versions: {} };
    await this.#save(this.#notes);
    return this.#notes;
  }

  /** @throws Unreachable, Refused, CliError TRACKING_REFUSED; the signal's reason. */
  async push(): Promise<void> {
    const content = await this.#record.read();
    if (content === undefined) return;
    const { events, summary } = content;
    const notes = await this.#ensureRun(content);
    try {
      while (notes.sent < events.length) {
        const batch = nextBatch(events, notes.sent);
        await this.#send(batch, notes, events, summary);
        notes.sent += batch.events.length;
        await this.#save(notes);
      }
    } finally {
      this.#sink?.close();
      this.#sink = undefined;
    }
  }

  async #ensureRun({ summary }: RecordContent): Promise<PushNotes> {
    if (this.#notes !== undefined) return this.#notes;
    const known = await readPushNotes(this.#notesFile);
    const there = known === undefined ? undefined : await this.#server.run(known.runId);
    if (known !== undefined && there !== undefined) {
      this.#givenParams = there.params;
      return (this.#notes = known);
    }
    const { runId } = this.#record;
    const key = summary.tags[RUN_KEY_TAG] ?? runId;
    // A run that `mlflow run` made, or that this server gave the id to, is there under the same id.
    let run = await this.#server.run(runId);
    if (run === undefined) {
      const experimentId = await this.#server.ensureExperiment(summary.experiment);
      run = await this.#server.findRun(experimentId, key);
      const { name: runName, startTime } = summary;
      run ??= await this.#server.createRun(experimentId, { runName, startTime }, key);
    }
    return await this.adopt(run, false);
  }

  async #send(batch: EventBatch, notes: PushNotes, events: readonly RunEvent[], summary: RunSummary): Promise<void> {
    const { runId } = notes;
    switch (batch.kind) {
      case 'params': {
        const present = { ...firstValues(ofKind(events.slice(0, notes.sent), 'params')), ...this.#givenParams };
        const missing = Object.entries(firstValues(batch.events)).filter(([name]) => !Object.hasOwn(present, name));
        if (missing.length > 0) await this.#server.logParams(runId, Object.fromEntries(missing));
        return;
      }
      case 'tags':
        await this.#server.setTags(runId, lastValues(batch.events));
        return;
      case 'metrics':
        await this.#sendMetrics(runId, batch.events);
        return;
      case 'one':
        await this.#sendOne(batch.events[0], notes, summary);
    }
  }

  async #sendOne(
    event: (EventBatch & { kind: 'one' })['events'][0],
    notes: PushNotes,
    summary: RunSummary,
  ): Promise<void> {
    const { runId } = notes;
    switch (event.event) {
      case 'started':
        // A run that was made a moment ago is what it says.
        if (!this.#isFresh) await this.#server.updateRun(runId, { status: 'RUNNING', runName: event.name });
        return;
      case 'dataset':
        await this.#server.logDataset(runId, event);
        return;
      case 'artifact':
        await this.#sendArtifact(event, notes, summary);
        return;
      case 'registered':
        await this.#sendVersion(event, notes);
        return;
      case 'modelTags': {
        const version = notes.versions[`${event.name}/${event.version}`];
        if (version === undefined) return;
        for (const [key, value] of Object.entries(event.tags))
          await this.#server.setVersionTag(event.name, version, key, value);
        return;
      }
      case 'ended':
        await this.#server.updateRun(runId, { status: event.status, endTime: event.time, runName: summary.name });
    }
  }

  /** A store that is no database keeps a point twice, so that points which may be there are looked up. */
  async #sendMetrics(runId: string, events: readonly EventOf<'metrics'>[]): Promise<void> {
    const all = events.flatMap(pointsOf);
    for (const key of new Set(all.map((point) => point.key)))
      if (!this.#points.has(key))
        this.#points.set(key, new Set(this.#isFresh ? [] : await this.#server.pointsOf(runId, key)));
    const idOf = ({ timestamp, step }: (typeof all)[number]) => `${timestamp}:${step}`;
    const missing = all.filter((point) => this.#points.get(point.key)?.has(idOf(point)) !== true);
    try {
      if (missing.length > 0) await this.#server.logMetrics(runId, missing);
    } catch (error) {
      // It may have some of them.
      this.#isFresh = false;
      this.#points.clear();
      throw error;
    }
    for (const point of missing) this.#points.get(point.key)?.add(idOf(point));
  }

  async #sendArtifact({ path, digest }: EventOf<'artifact'>, notes: PushNotes, summary: RunSummary): Promise<void> {
    // A later event speaks for the file.
    if (summary.artifacts[path] !== digest) return;
    const file = join(this.#record.artifactFolder, path);
    if ((await digestIfPresent(file)) !== digest) {
      this.#changed.add(path);
      return;
    }
    this.#sink ??= await artifactSink(this.#server.client, notes.artifactUri, this.#context);
    await this.#sink.put(path, file);
  }

  async #sendVersion(event: EventOf<'registered'>, notes: PushNotes): Promise<void> {
    const { name, path, alias, time } = event;
    const source = `${notes.artifactUri}/${path}`;
    await this.#server.ensureModel(name);
    // A number that the notes give to another version of this run is not this one.
    const taken = Object.entries(notes.versions).filter(([id]) => id !== `${name}/${event.version}`);
    const there = (await this.#server.versionsOfRun(notes.runId)).find(
      (each) => each.name === name && each.source === source && !taken.some(([, version]) => version === each.version),
    );
    const tags = { ...event.tags, [REGISTERED_AT_TAG]: String(time) };
    const { version } = there ?? (await this.#server.createVersion(name, source, notes.runId, tags));
    notes.versions[`${name}/${event.version}`] = version;
    // An alias moves forward only: a run that is sent late does not take it from a version that was made after it.
    const holder = await this.#server.versionByAlias(name, alias);
    const since = holder === undefined ? 0 : Number(holder.tags[REGISTERED_AT_TAG] ?? holder.createdAt);
    if (since <= time) await this.#server.setAlias(name, alias, version);
  }

  async #save(notes: PushNotes): Promise<void> {
    this.progress += 1;
    await writePushNotes(this.#notesFile, notes);
  }
}

const digestIfPresent = async (file: string): Promise<string | undefined> => {
  try {
    return (await digestOfFile(file)).digest;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
};
