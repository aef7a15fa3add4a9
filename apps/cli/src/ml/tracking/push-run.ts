import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '../../terminal/context.ts';
import { artifactSink } from './artifact-sink.ts';
import { LocalRegistry, type ModelVersionRecord } from './local-registry.ts';
import { RUN_KEY_TAG, type LocalRun } from './local-run.ts';
import type { MlflowServer, NamedPoint, ServerRun } from './mlflow-server.ts';
import { emptyPushState, readPushState, writePushState, type PushState } from './push-state.ts';

/** Tag of a version on the server: Unix milliseconds at which it was registered where it was made. */
export const REGISTERED_AT_TAG = 'pawl.registered-at';

/**
 * Brings one run on one server up to what its local record says. Level-based: it compares and sends what is missing, so it
 * may be called after every change, by another process, or again after it was cut off anywhere; nothing is sent twice with
 * another effect.
 */
export class RunPusher {
  readonly #run: LocalRun;
  readonly #server: MlflowServer;
  readonly #context: Pick<Context, 'env' | 'signal'>;
  #state: PushState | undefined;
  /** Metrics of which the server is known to have exactly what the state says. */
  readonly #exact = new Set<string>();
  /** Metrics that were sent or attempted by this process. */
  readonly #tried = new Set<string>();
  /** The run was made by this process a moment ago: what it did not try to send, nobody did. */
  #isFresh = false;
  /** Grows whenever the server took something. */
  progress = 0;

  constructor(run: LocalRun, server: MlflowServer, context: Pick<Context, 'env' | 'signal'>) {
    this.#run = run;
    this.#server = server;
    this.#context = context;
  }

  /** Where the run was sent, once it is known. */
  get state(): PushState | undefined {
    return this.#state;
  }

  /** Starts from a run of the server. `isFresh`: it was made a moment ago and has no metrics. */
  async adopt(run: ServerRun, isFresh: boolean): Promise<PushState> {
    const state = emptyPushState(this.#server.client.url, run);
    // Parameters never change: what `mlflow run` has logged stays as it wrote it.
    for (const [name, value] of run.params) state.params[name] = value;
    this.#isFresh = isFresh;
    this.#state = state;
    await this.#save();
    return state;
  }

  /** @throws Unreachable, Refused, CliError TRACKING_REFUSED; the signal's reason. */
  async push(): Promise<void> {
    const state = await this.#ensureRun();
    await this.#pushParams(state);
    await this.#pushMetrics(state);
    await this.#pushInputs(state);
    await this.#pushArtifacts(state);
    await this.#pushVersions(state);
    // Tags after artifacts: some of them make the server's page look for what was uploaded.
    await this.#pushTags(state);
    const { status, endTime, runName } = this.#run.info;
    const wanted = `${status} ${endTime ?? ''} ${runName}`;
    if (state.status === wanted) return;
    await this.#server.updateRun(state.runId, this.#run.info);
    state.status = wanted;
    await this.#save();
  }

  async #ensureRun(): Promise<PushState> {
    if (this.#state !== undefined) return this.#state;
    const known = await readPushState(this.#run, this.#server.client.url);
    const there = known === undefined ? undefined : await this.#server.run(known.runId);
    if (known !== undefined && there !== undefined) return (this.#state = known);
    const key = (await this.#run.tags()).get(RUN_KEY_TAG) ?? this.#run.info.runId;
    // A run that `mlflow run` made, or that this server gave the id to, is there under the same id.
    let run = await this.#server.run(this.#run.info.runId);
    if (run === undefined) {
      const experimentId = await this.#server.ensureExperiment(await this.#run.experiment());
      run = await this.#server.findRun(experimentId, key);
      run ??= await this.#server.createRun(experimentId, this.#run.info, key);
    }
    return await this.adopt(run, false);
  }

  async #pushParams(state: PushState): Promise<void> {
    const params = await this.#run.params();
    const missing = new Map([...params].filter(([name]) => !Object.hasOwn(state.params, name)));
    if (missing.size === 0) return;
    await this.#server.logParams(state.runId, missing);
    for (const [name, value] of missing) state.params[name] = value;
    await this.#save();
  }

  async #pushTags(state: PushState): Promise<void> {
    const tags = await this.#run.tags();
    const missing = new Map([...tags].filter(([name, value]) => state.tags[name] !== value));
    if (missing.size === 0) return;
    await this.#server.setTags(state.runId, missing);
    for (const [name, value] of missing) state.tags[name] = value;
    await this.#save();
  }

  async #pushMetrics(state: PushState): Promise<void> {
    const missing: NamedPoint[] = [];
    const counts: Record<string, number> = {};
    for (const [key, points] of await this.#run.metrics()) {
      const sent = state.metrics[key] ?? 0;
      if (points.length <= sent) continue;
      counts[key] = points.length;
      // Whoever was cut off does not know what arrived; stores other than databases would keep a point twice.
      const isExact = this.#exact.has(key) || (this.#isFresh && !this.#tried.has(key));
      const there = isExact ? undefined : await this.#server.pointsOf(state.runId, key);
      for (const point of points.slice(there === undefined ? sent : 0))
        if (there?.has(`${point.timestamp}:${point.step}`) !== true) missing.push({ key, ...point });
    }
    if (Object.keys(counts).length === 0) return;
    for (const key of Object.keys(counts)) {
      this.#tried.add(key);
      this.#exact.delete(key);
    }
    if (missing.length > 0) await this.#server.logMetrics(state.runId, missing);
    for (const [key, count] of Object.entries(counts)) {
      state.metrics[key] = count;
      this.#exact.add(key);
    }
    await this.#save();
  }

  async #pushInputs(state: PushState): Promise<void> {
    const inputs = await this.#run.inputs();
    if (inputs.length <= state.inputs) return;
    await this.#server.logInputs(state.runId, inputs);
    state.inputs = inputs.length;
    await this.#save();
  }

  async #pushArtifacts(state: PushState): Promise<void> {
    const missing: (readonly [path: string, file: string, mark: string])[] = [];
    for (const path of await this.#run.artifacts()) {
      const file = join(this.#run.artifactFolder, path);
      const { size, mtimeMs } = await stat(file);
      const mark = `${size} ${mtimeMs}`;
      if (state.artifacts[path] !== mark) missing.push([path, file, mark]);
    }
    if (missing.length === 0) return;
    const sink = await artifactSink(this.#server.client, state.artifactUri, this.#context);
    try {
      for (const [path, file, mark] of missing) {
        await sink.put(path, file);
        state.artifacts[path] = mark;
        await this.#save();
      }
    } finally {
      sink.close();
    }
  }

  async #pushVersions(state: PushState): Promise<void> {
    const registry = new LocalRegistry(this.#run.root);
    for (const local of await registry.versionsOfRun(this.#run.info.runId)) {
      const id = `${local.name}/${local.version}`;
      const version = await this.#ensureVersion(state, local, id);
      for (const [key, value] of Object.entries(local.tags)) {
        const tag = `${id} ${key}`;
        if (state.versionTags[tag] === value) continue;
        await this.#server.setVersionTag(local.name, version, key, value);
        state.versionTags[tag] = value;
        await this.#save();
      }
      for (const alias of await registry.aliasesOf(local.name, local.version))
        await this.#pushAlias(state, local, version, alias, `${id}@${alias}`);
    }
  }

  async #ensureVersion(state: PushState, local: ModelVersionRecord, id: string): Promise<string> {
    const known = state.versions[id];
    if (known !== undefined) return known;
    const source = `${state.artifactUri}/${pathInRun(this.#run, local)}`;
    const tags = { ...local.tags, [REGISTERED_AT_TAG]: String(local.createdAt) };
    await this.#server.ensureModel(local.name);
    const there = (await this.#server.versionsOfRun(state.runId)).find(
      (version) => version.name === local.name && version.source === source,
    );
    const { version } = there ?? (await this.#server.createVersion(local.name, source, state.runId, tags));
    state.versions[id] = version;
    if (there === undefined)
      for (const [key, value] of Object.entries(local.tags)) state.versionTags[`${id} ${key}`] = value;
    await this.#save();
    return version;
  }

  /** An alias moves forward only: a run that is sent late does not take it from one that was made after it. */
  async #pushAlias(
    state: PushState,
    local: ModelVersionRecord,
    version: string,
    alias: string,
    id: string,
  ): Promise<void> {
    if (state.aliases.includes(id)) return;
    const holder = await this.#server.versionByAlias(local.name, alias);
    const since = holder === undefined ? 0 : Number(holder.tags[REGISTERED_AT_TAG] ?? holder.createdAt);
    if (since <= local.createdAt) await this.#server.setAlias(local.name, alias, version);
    state.aliases.push(id);
    await this.#save();
  }

  async #save(): Promise<void> {
    this.progress += 1;
    if (this.#state !== undefined) await writePushState(this.#run, this.#state);
  }
}

/** Path among the run's artifacts of a version's files. */
function pathInRun(run: LocalRun, { source }: ModelVersionRecord): string {
  return decodeURIComponent(source.slice(source.indexOf(`/${run.info.runId}/artifacts/`))).replace(
    /^\/[^/]*\/artifacts\//,
    '',
  );
}

/** Whether everything of a run is on the server that `state` speaks of. */
export async function isPushed(run: LocalRun, state: PushState | undefined): Promise<'yes' | 'partly' | 'no'> {
  if (state === undefined) return 'no';
  const { status, endTime, runName } = run.info;
  const ended = state.status === `${status} ${endTime ?? ''} ${runName}`;
  const metrics = [...(await run.metrics())].every(([key, points]) => (state.metrics[key] ?? 0) >= points.length);
  const tags = [...(await run.tags())].every(([name, value]) => state.tags[name] === value);
  const artifacts = (await run.artifacts()).every((path) => Object.hasOwn(state.artifacts, path));
  return ended && metrics && tags && artifacts ? 'yes' : 'partly';
}
