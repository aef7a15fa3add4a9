import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { RunRecord } from '../src/ml/tracking/run-record.ts';
import { serveRuns } from '../src/ml/tracking/serve-runs.ts';
import { Mlflow, trackingContext } from './support/mlflow.ts';
import { freePort } from '@pawl/test-kit/free-port';
import { training } from './support/training-run.ts';

/** Python's imports on a busy machine, twice. */
import.meta.jest.setTimeout(900_000);

/** `serveRuns` under way: it looks for new runs when the test says so. */
class Serving {
  readonly #interrupt = new AbortController();
  readonly #ready = Promise.withResolvers<{ readonly url: string; readonly runs: number }>();
  readonly #ended: Promise<void>;
  #asleep = Promise.withResolvers<() => void>();

  constructor(options: { readonly root: string; readonly executable: string; readonly store: string; port: number }) {
    const { signal } = this.#interrupt;
    const sleep = async (ms: number): Promise<void> => {
      // While the server starts.
      if (ms < 1000) {
        await delay(ms, undefined, { signal }).catch(() => undefined);
        return;
      }
      const awake = Promise.withResolvers<undefined>();
      signal.addEventListener('abort', () => {
        awake.resolve(undefined);
      });
      this.#asleep.resolve(() => {
        awake.resolve(undefined);
      });
      await awake.promise;
    };
    this.#ended = serveRuns(
      { ...trackingContext({ ...process.env }, signal), sleep },
      { ...options, onReady: this.#ready.resolve, onChangedArtifacts: () => undefined },
    );
    this.#ended.catch(this.#ready.reject);
  }

  ready(): Promise<{ readonly url: string; readonly runs: number }> {
    return this.#ready.promise;
  }

  /** Lets it look once, and waits until it has sent what it found. */
  async refresh(): Promise<void> {
    const wake = await this.#asleep.promise;
    this.#asleep = Promise.withResolvers();
    wake();
    await this.#asleep.promise;
  }

  /** Ctrl-C. */
  async stop(): Promise<void> {
    this.#interrupt.abort();
    await this.#ended;
  }
}

describeWhenSet('PAWL_TEST_MLFLOW', 'pawl runs serve with the real MLflow', (executable) => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pawl-serve-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('shows every run, finished or under way, follows it, and finds its store again', async () => {
    const runsFolder = join(folder, 'runs');
    const options = { context: trackingContext(), runsFolder, experiment: 'catdog', tags: {} };
    const finished = await training.start({ ...options, runName: 'finished' });
    for (const epoch of [1, 2, 3]) await training.epoch(finished, epoch);
    await training.finish(finished, folder);
    const live = await training.start({ ...options, runName: 'live' });
    await training.epoch(live, 1);
    // Written by somebody else, who is alive.
    await writeFile(join(runsFolder, live.runId, 'owner'), '1 some-other-host\n');

    const serve = { root: runsFolder, executable, store: join(folder, 'store'), port: await freePort() };
    const serving = new Serving(serve);
    const { url, runs } = await serving.ready();
    expect({ url, runs }).toEqual({ url: `http://127.0.0.1:${serve.port}`, runs: 2 });
    const api = async <Answer>(path: string, body?: object): Promise<Answer> => {
      const request = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${url}/api/2.0/mlflow/${path}`, { ...request, headers });
      expect(response.status).toBe(200);
      return (await response.json()) as Answer;
    };
    const all = async () => {
      const { experiment } = await api<{ experiment: { experiment_id: string } }>(
        'experiments/get-by-name?experiment_name=catdog',
      );
      const found = await api<{ runs: { info: { run_id: string; run_name: string; status: string } }[] }>(
        'runs/search',
        { experiment_ids: [experiment.experiment_id], order_by: ['attributes.start_time ASC'] },
      );
      return found.runs.map(({ info }) => info);
    };
    const history = async (id: string | undefined, metric: string) => {
      const query = `run_id=${id ?? ''}&metric_key=${metric}`;
      const { metrics } = await api<{ metrics: { step: number; value: number }[] }>(`metrics/get-history?${query}`);
      return metrics.map(({ step, value }) => [step, value]);
    };
    const [first, second] = await all();
    expect([first, second]).toMatchObject([
      { run_name: 'finished', status: 'FINISHED' },
      { run_name: 'live', status: 'RUNNING' },
    ]);
    expect(await history(first?.run_id, 'val_loss')).toEqual([
      [1, 0.9],
      [2, 0.45],
      [3, 0.3],
    ]);
    expect(await history(second?.run_id, 'val_loss')).toEqual([[1, 0.9]]);
    const image = await fetch(`${url}/get-artifact?path=loss_curves.png&run_uuid=${first?.run_id ?? ''}`);
    expect(await image.text()).toBe('not really loss_curves.png');
    expect(await api('registered-models/alias?name=catdog&alias=candidate')).toMatchObject({
      model_version: { version: '1', run_id: first?.run_id },
    });

    const record = new RunRecord(runsFolder, live.runId);
    await record.append({ event: 'metrics', time: Date.now(), step: 2, values: { val_loss: 0.45 } });
    await serving.refresh();
    expect(await history(second?.run_id, 'val_loss')).toEqual([
      [1, 0.9],
      [2, 0.45],
    ]);
    // Its writer was left alone.
    expect((await record.read())?.summary.status).toBe('RUNNING');
    await serving.stop();
    await expect(fetch(`${url}/health`)).rejects.toThrow();
    await access(join(serve.store, 'mlflow.db'));

    const again = new Serving(serve);
    expect(await again.ready()).toMatchObject({ runs: 2 });
    expect((await all()).map((run) => run.run_name)).toEqual(['finished', 'live']);
    expect(await history(second?.run_id, 'val_loss')).toHaveLength(2);
    await again.stop();
  });

  it('leaves the runs of an earlier version readable by the command that "pawl runs list" prints', async () => {
    const root = join(folder, 'mixed');
    const older = join(root, '225102507342083656');
    const run = 'a'.repeat(32);
    const uri = (path: string) => pathToFileURL(path).href;
    for (const name of ['params', 'metrics', 'tags', 'artifacts'])
      await mkdir(join(older, run, name), { recursive: true });
    const meta = {
      artifact_location: uri(older),
      creation_time: 1,
      experiment_id: '225102507342083656',
      last_update_time: 1,
      lifecycle_stage: 'active',
      name: 'older',
    };
    const runMeta = {
      artifact_uri: uri(join(older, run, 'artifacts')),
      end_time: 2,
      entry_point_name: '',
      experiment_id: '225102507342083656',
      lifecycle_stage: 'active',
      run_id: run,
      run_name: 'before',
      run_uuid: run,
      source_name: '',
      source_type: 4,
      source_version: '',
      start_time: 1,
      status: 3,
      tags: [],
      user_id: '',
    };
    // JSON is YAML.
    await writeFile(join(older, 'meta.yaml'), JSON.stringify(meta));
    await writeFile(join(older, run, 'meta.yaml'), JSON.stringify(runMeta));
    await writeFile(join(older, run, 'metrics/val_loss'), '1 0.5 1\n');
    const now = await training.start({
      context: trackingContext(),
      runsFolder: root,
      experiment: 'newer',
      tags: {},
    });
    await now.end('FINISHED');
    const mlflow = new Mlflow(executable);
    const { runs } = await mlflow.read(uri(root), 'older', 'catdog');
    mlflow.close();
    expect(runs).toMatchObject([{ name: 'before', status: 'FINISHED', metrics: { val_loss: [[1, 1, '0.5']] } }]);
  });
});
