import { CliError } from '../../errors/cli-error.ts';
import {
  array,
  isRefusal,
  object,
  orAbsent,
  runOf,
  text,
  versionOf,
  type ServerRun,
  type ServerVersion,
} from './mlflow-answers.ts';
import type { RestClient } from './rest-client.ts';
import type { EventOf, MetricPoint, RunStatus } from './run-events.ts';

/** Limits of one `runs/log-batch` (mlflow.utils.validation). */
const MAX_METRICS = 1000;
const MAX_PARAMS_OR_TAGS = 100;
/** Longest texts that MLflow keeps; it refuses longer ones. */
const MAX_PARAM_LENGTH = 6000;
const MAX_TAG_LENGTH = 5000;

/** Longest digest of a data set that MLflow takes. */
const MAX_DATASET_DIGEST = 36;
/** The tag of an experiment by which MLflow 3 shows the pages of training, not those of agents. */
const EXPERIMENT_KIND = { key: 'mlflow.experimentKind', value: 'custom_model_development' };

/** The tag that names a run everywhere: its id on the server may differ from the local one. */
export const RUN_KEY_TAG = 'pawl.run.id';

/** What becomes of a run on the server. */
export interface RunChange {
  readonly status: RunStatus | 'RUNNING';
  /** Unix milliseconds. */
  readonly endTime?: number | undefined;
  readonly runName: string;
}

/** A named metric's points. */
export interface NamedPoint extends MetricPoint {
  readonly key: string;
}

/** What Pawl asks of an MLflow tracking server, by meaning. All calls may be repeated, except where said. */
export class MlflowServer {
  readonly client: RestClient;

  constructor(client: RestClient) {
    this.client = client;
  }

  /** Id of the experiment of this name, made where there is none. */
  async ensureExperiment(name: string): Promise<string> {
    const found = await this.#experimentByName(name);
    if (found !== undefined) return found;
    try {
      return text(
        (await this.client.send('POST', 'experiments/create', { name, tags: [EXPERIMENT_KIND] }))['experiment_id'],
      );
    } catch (error) {
      // Somebody else was quicker.
      const made = isRefusal(error, 'RESOURCE_ALREADY_EXISTS') ? await this.#experimentByName(name) : undefined;
      if (made === undefined) throw error;
      return made;
    }
  }

  async #experimentByName(name: string): Promise<string | undefined> {
    const answer = await orAbsent(this.client.get('experiments/get-by-name', { experiment_name: name }));
    if (answer === undefined) return undefined;
    const experiment = object(answer['experiment']);
    if (experiment['lifecycle_stage'] === 'deleted')
      throw new CliError(
        'TRACKING_REFUSED',
        `The experiment ${name} is deleted on ${this.client.url}.`,
        `Restore it ("mlflow experiments restore -x ${text(experiment['experiment_id'])}"), or name another one in params.yaml: tracking.experiment.`,
      );
    return text(experiment['experiment_id']);
  }

  async experimentName(experimentId: string): Promise<string> {
    const answer = await this.client.get('experiments/get', { experiment_id: experimentId });
    return text(object(answer['experiment'])['name']);
  }

  /** Not to be repeated: look for the run first ({@link findRun}). */
  async createRun(
    experimentId: string,
    info: { readonly runName: string; readonly startTime: number },
    key: string,
  ): Promise<ServerRun> {
    const answer = await this.client.send('POST', 'runs/create', {
      experiment_id: experimentId,
      start_time: info.startTime,
      run_name: info.runName,
      tags: [{ key: RUN_KEY_TAG, value: key }],
    });
    return runOf(object(answer['run']));
  }

  /** Undefined where the server has no run of this id, or it is deleted. */
  async run(runId: string): Promise<ServerRun | undefined> {
    const answer = await orAbsent(this.client.get('runs/get', { run_id: runId }));
    if (answer === undefined) return undefined;
    const run = object(answer['run']);
    return object(run['info'])['lifecycle_stage'] === 'deleted' ? undefined : runOf(run);
  }

  /** The run that carries this key, in whatever process and under whatever id it was made. */
  async findRun(experimentId: string, key: string): Promise<ServerRun | undefined> {
    return await this.#findRun([experimentId], key);
  }

  /** {@link findRun} in every experiment. */
  async findRunAnywhere(key: string): Promise<ServerRun | undefined> {
    const ids: string[] = [];
    for (let page = ''; ;) {
      const answer = await this.client.send('POST', 'experiments/search', {
        max_results: 1000,
        ...(page === '' ? {} : { page_token: page }),
      });
      ids.push(...array(answer['experiments']).map((experiment) => text(object(experiment)['experiment_id'])));
      page = text(answer['next_page_token']);
      if (page === '') return ids.length === 0 ? undefined : await this.#findRun(ids, key);
    }
  }

  async #findRun(experimentIds: readonly string[], key: string): Promise<ServerRun | undefined> {
    const answer = await this.client.send('POST', 'runs/search', {
      experiment_ids: experimentIds,
      filter: `tags.\`${RUN_KEY_TAG}\` = '${key}'`,
      max_results: 1,
    });
    const [run] = array(answer['runs']);
    return run === undefined ? undefined : runOf(object(run));
  }

  /** Points whose step and time the server has already are not logged again by who asks first: {@link pointsOf}. */
  async logMetrics(runId: string, points: readonly NamedPoint[]): Promise<void> {
    for (let from = 0; from < points.length; from += MAX_METRICS) {
      const metrics = points
        .slice(from, from + MAX_METRICS)
        // Protocol Buffers' JSON has words for what JSON lacks.
        .map((point) => ({ ...point, value: Number.isFinite(point.value) ? point.value : String(point.value) }));
      await this.client.send('POST', 'runs/log-batch', { run_id: runId, metrics });
    }
  }

  async logParams(runId: string, params: Readonly<Record<string, string>>): Promise<void> {
    await this.#logTexts(runId, 'params', params, MAX_PARAM_LENGTH);
  }

  async setTags(runId: string, tags: Readonly<Record<string, string>>): Promise<void> {
    await this.#logTexts(runId, 'tags', tags, MAX_TAG_LENGTH);
  }

  async #logTexts(runId: string, kind: 'params' | 'tags', texts: Readonly<Record<string, string>>, limit: number) {
    const all = Object.entries(texts).map(([key, value]) => ({ key, value: value.slice(0, limit) }));
    for (let from = 0; from < all.length; from += MAX_PARAMS_OR_TAGS)
      await this.client.send('POST', 'runs/log-batch', {
        run_id: runId,
        [kind]: all.slice(from, from + MAX_PARAMS_OR_TAGS),
      });
  }

  /** Every point of a metric that the server has, as `timestamp:step`. */
  async pointsOf(runId: string, metric: string): Promise<ReadonlySet<string>> {
    const points = new Set<string>();
    for (let page = ''; ;) {
      const answer = await orAbsent(
        this.client.get('metrics/get-history', {
          run_id: runId,
          metric_key: metric,
          max_results: String(MAX_METRICS),
          ...(page === '' ? {} : { page_token: page }),
        }),
      );
      for (const point of array(answer?.['metrics'])) {
        const { timestamp, step } = object(point);
        points.add(`${Number(timestamp)}:${Number(step ?? 0)}`);
      }
      page = text(answer?.['next_page_token']);
      if (page === '') return points;
    }
  }

  async logDataset(
    runId: string,
    { name, hash, source }: Pick<EventOf<'dataset'>, 'name' | 'hash' | 'source'>,
  ): Promise<void> {
    const digest = hash.replace(/^sha256:/, '').slice(0, MAX_DATASET_DIGEST);
    const dataset = { name, digest, source: JSON.stringify({ uri: source }), source_type: 'local' };
    const tags = [{ key: 'mlflow.data.context', value: 'training' }];
    await this.client.send('POST', 'runs/log-inputs', { run_id: runId, datasets: [{ dataset, tags }] });
  }

  async updateRun(runId: string, { status, endTime, runName }: RunChange): Promise<void> {
    await this.client.send('POST', 'runs/update', {
      run_id: runId,
      status,
      run_name: runName,
      ...(endTime === undefined ? {} : { end_time: endTime }),
    });
  }

  /** Makes the registered model; one that exists is as good. */
  async ensureModel(name: string): Promise<void> {
    await this.client.send('POST', 'registered-models/create', { name }).catch((error: unknown) => {
      if (!isRefusal(error, 'RESOURCE_ALREADY_EXISTS')) throw error;
    });
  }

  /** Not to be repeated: look first ({@link versionsOfRun}). */
  async createVersion(
    name: string,
    source: string,
    runId: string,
    tags: Readonly<Record<string, string>>,
  ): Promise<ServerVersion> {
    const answer = await this.client.send('POST', 'model-versions/create', {
      name,
      source,
      run_id: runId,
      tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
    });
    return versionOf(object(answer['model_version']));
  }

  async versionsOfRun(runId: string): Promise<readonly ServerVersion[]> {
    const answer = await this.client.get('model-versions/search', {
      filter: `run_id = '${runId}'`,
      max_results: '100',
    });
    return array(answer['model_versions'])
      .map((version) => versionOf(object(version)))
      .sort((a, b) => a.createdAt - b.createdAt);
  }

  /** Undefined where there is none. */
  async version(name: string, version: string): Promise<ServerVersion | undefined> {
    const answer = await orAbsent(this.client.get('model-versions/get', { name, version }));
    return answer === undefined ? undefined : versionOf(object(answer['model_version']));
  }

  /** Undefined where there is none. */
  async versionByAlias(name: string, alias: string): Promise<ServerVersion | undefined> {
    const answer = await orAbsent(this.client.get('registered-models/alias', { name, alias }));
    return answer === undefined ? undefined : versionOf(object(answer['model_version']));
  }

  async setAlias(name: string, alias: string, version: string): Promise<void> {
    await this.client.send('POST', 'registered-models/alias', { name, alias, version });
  }

  async setVersionTag(name: string, version: string, key: string, value: string): Promise<void> {
    await this.client.send('POST', 'model-versions/set-tag', { name, version, key, value });
  }
}
