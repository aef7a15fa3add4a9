import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBundle } from '@pawl/shared/bundle/open-bundle';
import { createImageDecoder } from '@pawl/shared/preprocessing/decode-image';
import { defaultImageLimits } from '@pawl/shared/preprocessing/limits';
import { toTensorData } from '@pawl/shared/preprocessing/to-tensor';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { pushRuns, type SentRun } from '../src/ml/tracking/push-runs.ts';
import {
  registeredModelOfRun,
  resolveRegisteredModel,
  setModelTags,
  type RegistryOptions,
} from '../src/ml/tracking/resolve-model.ts';
import { FakeCluster, pawl } from './support/fake-cluster.ts';
import { cuttingProxy } from '@pawl/test-kit/answer-cutting-proxy';
import { Mlflow, recordedRun, trackingContext, type MlflowRecord, type MlflowRun } from './support/mlflow.ts';
import { Project } from './support/project.ts';
import { freePort } from '@pawl/test-kit/free-port';
import type { Server } from '@pawl/test-kit/server-process';
import { catdog, logitsOf, training } from './support/training-run.ts';

/** Python's imports on a busy machine. */
import.meta.jest.setTimeout(900_000);

/** What a run must look like in every store; ids and what only a server adds are left out. */
const essence = ({ tags, metrics, artifacts, ...rest }: MlflowRun) => ({
  ...rest,
  id: 'set',
  tags: { ...tags, 'pawl.run.id': 'set' },
  metrics: Object.fromEntries(Object.entries(metrics).sort()),
  artifacts: [...artifacts].sort(),
});

describeWhenSet('PAWL_TEST_MLFLOW', 'a real MLflow with SQLite', (executable) => {
  const mlflow = new Mlflow(executable);
  let folder: string;
  let port: number;
  let server: Server;
  let flags: readonly string[];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pawl-mlflow-'));
    port = await freePort();
    flags = [
      '--backend-store-uri',
      `sqlite:///${join(folder, 'mlflow.db')}`,
      '--artifacts-destination',
      join(folder, 'artifacts'),
    ];
    server = await mlflow.start(port, flags);
  });
  afterAll(async () => {
    mlflow.close();
    await server.kill();
    await rm(folder, { recursive: true, force: true });
  });

  const experimentOptions = (name: string) => ({ runsFolder: join(folder, name), experiment: name, tags: {} });
  const onlyRun = (record: MlflowRecord): MlflowRun => {
    expect(record.runs).toHaveLength(1);
    return record.runs[0]!;
  };
  const pushAll = async (root: string, url = server.url) => {
    const outcomes: SentRun[] = [];
    const settings = { kind: 'server', url, authorization: undefined } as const;
    await pushRuns(root, settings, trackingContext(), (outcome) => outcomes.push(outcome));
    return outcomes.map(({ result }) => result);
  };

  it('records a run on the server and in the folder alike', async () => {
    const context = trackingContext({ MLFLOW_TRACKING_URI: server.url });
    const options = {
      ...experimentOptions('online'),
      runName: 'baseline',
      tags: { 'mlflow.source.git.commit': 'abc' },
    };
    const run = await training.start({ ...options, context });
    for (const epoch of [1, 2, 3]) await training.epoch(run, epoch);
    await training.finish(run, folder);

    const there = await mlflow.read(server.url, 'online', 'catdog');
    const onServer = onlyRun(there);
    expect(essence(onServer)).toEqual(essence(await recordedRun(options.runsFolder, 'online')));
    expect(onServer).toMatchObject({
      id: run.runId,
      name: 'baseline',
      status: 'FINISHED',
      params: {
        epochs: '3',
        batch_size: '32',
        lr: '0.001',
        weight_decay: '0.0001',
        model: 'resnet18',
        optimizer: 'adam',
      },
      tags: { 'mlflow.source.git.commit': 'abc', 'pawl.data.hash': `sha256:${'ab'.repeat(32)}` },
      datasets: [{ name: 'catdog', digest: 'ab'.repeat(18), context: 'training' }],
    });
    expect(onServer.metrics['val_loss']?.map(([, step, value]) => [step, value])).toEqual([
      [1, '0.9'],
      [2, '0.45'],
      [3, '0.3'],
    ]);
    expect(Object.keys(onServer.metrics).sort()).toEqual([
      'test_acc',
      'test_loss',
      'train_acc',
      'train_loss',
      'val_acc',
      'val_loss',
    ]);
    expect(onServer.artifacts.map(([path]) => path)).toEqual(
      expect.arrayContaining(['confusion_matrix.png', 'loss_curves.png', 'model/MLmodel', 'model/model.onnx']),
    );
    expect(there.candidate).toBe('1');
    expect(there.versions).toMatchObject([{ version: '1', run_id: run.runId, aliases: ['candidate'] }]);
    expect(run.location).toBe(`${server.url}/#/experiments/1/runs/${run.runId}`);
    expect(context.err()).toBe('');
  });

  it('the registered model answers as the service does, from the registry and from the folder', async () => {
    const { manifest } = await openBundle(catdog);
    const decoder = createImageDecoder(manifest.input, { ...defaultImageLimits, timeoutMs: 60_000 });
    const tensors: Uint8Array[] = [];
    for (const { file } of manifest.golden.images) {
      const { pixels } = await decoder.decode(await readFile(join(catdog, file)));
      tensors.push(Uint8Array.from(toTensorData(pixels, manifest.input)));
    }
    const pixels = join(folder, 'pixels.bin');
    await writeFile(pixels, Buffer.concat(tensors));
    const logits = await logitsOf(catdog, pixels);
    expect(logits).toHaveLength(manifest.golden.images.length);

    const shape = [tensors.length, manifest.input.height, manifest.input.width, 3];
    for (const [tracking, model] of [
      [server.url, 'models:/catdog@candidate'],
      [server.url, join(folder, 'mlflow-model')],
    ] as const) {
      const { flavour, pyfunc, metadata, refused } = await mlflow.predict(tracking, model, pixels, shape);
      expect(flavour).toHaveLength(logits.length);
      for (const [index, logit] of logits.entries()) {
        expect(Math.abs((flavour[index] ?? NaN) - logit)).toBeLessThan(1e-4);
        expect(Math.abs((pyfunc[index] ?? NaN) - logit)).toBeLessThan(1e-4);
      }
      expect(metadata).toMatchObject({ name: 'catdog', labels: ['cat', 'dog'] });
      // The signature guards the dtype.
      expect(refused).toMatch(/uint8/);
    }
  });

  it('finds registered models, and tags them, on the server and in the folder', async () => {
    const runsFolder = join(folder, 'online');
    const server_: RegistryOptions = { context: trackingContext({ MLFLOW_TRACKING_URI: server.url }), runsFolder };
    const local: RegistryOptions = { context: trackingContext(), runsFolder };
    for (const options of [server_, local]) {
      const model = await resolveRegisteredModel('models:/catdog@candidate', options);
      expect(model).toMatchObject({ name: 'catdog', version: '1' });
      expect(await resolveRegisteredModel('models:/catdog/1', options)).toEqual(model);
      expect(await registeredModelOfRun(model.runId, options)).toMatchObject({ name: 'catdog', version: '1' });
      await setModelTags(model, { 'pawl.bundle.uri': 'oci://registry.example/catdog:1.0.0' }, options);
      const tagged = await resolveRegisteredModel('models:/catdog/1', options);
      expect(tagged.tags).toMatchObject({ 'pawl.bundle.uri': 'oci://registry.example/catdog:1.0.0' });
      for (const uri of ['models:/catdog@champion', 'models:/catdog/7', 'models:/dogcat@candidate'])
        await expect(resolveRegisteredModel(uri, options)).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
    }
  });

  it('a server that goes away costs a warning; push sends the rest, once', async () => {
    const context = trackingContext({ MLFLOW_TRACKING_URI: server.url });
    const options = experimentOptions('away');
    const run = await training.start({ ...options, context });
    await training.epoch(run, 1);
    await server.kill();
    for (const epoch of [2, 3]) await training.epoch(run, epoch);
    await training.finish(run, folder);
    expect(context.err().match(/cannot be used now/g)).toHaveLength(1);
    expect(context.err()).toMatch(/"pawl runs push" sends it/);

    // A run that never saw the server.
    const later = trackingContext({ MLFLOW_TRACKING_URI: server.url });
    const offline = await training.start({ ...options, experiment: 'offline', runName: 'offline', context: later });
    await training.epoch(offline, 1);
    await offline.end('FAILED');
    expect(offline.location).toContain(options.runsFolder);

    const env = { MLFLOW_TRACKING_URI: server.url };
    const surroundings = { env, now: () => new Date() };
    const command = (name: string) =>
      pawl(`runs ${name} --runs ${options.runsFolder}`, new FakeCluster(), surroundings);
    expect(await command('push')).toMatchObject({ code: 3, err: expect.stringContaining('[TRACKING_UNREACHABLE]') });
    expect((await command('list')).out).toMatch(/FINISHED +0\.9500 +0\.3000 +partly/);

    server = await mlflow.start(port, flags);
    const pushed = await command('push');
    expect(pushed).toMatchObject({ code: 0, err: '' });
    expect(pushed.out).toContain('2 runs sent, 0 there already.');
    const there = await mlflow.read(server.url, 'away', 'catdog');
    expect(essence(onlyRun(there))).toEqual(essence(await recordedRun(options.runsFolder, 'away')));
    expect(onlyRun(there).id).toBe(run.runId);
    expect(there.versions).toHaveLength(2);
    expect(there.candidate).toBe('2');
    const failed = onlyRun(await mlflow.read(server.url, 'offline', 'catdog'));
    expect(failed).toMatchObject({ status: 'FAILED', tags: { 'pawl.run.id': offline.runId } });

    expect((await command('push')).out).toContain('0 runs sent, 2 there already.');
    // Without our notes everything is looked up again, and nothing doubles.
    for (const entry of await readdir(options.runsFolder, { recursive: true }))
      if (/pushed-.*\.json$/.test(entry)) await rm(join(options.runsFolder, entry));
    expect((await command('push')).out).toContain('2 runs sent, 0 there already.');
    expect(await mlflow.read(server.url, 'away', 'catdog')).toEqual(there);
    expect((await command('list')).out).toMatch(/FINISHED +0\.9500 +0\.3000 +yes +http/);
  });

  it('a push that is killed again and again, an answer lost each time, ends with one whole run', async () => {
    const options = experimentOptions('cut');
    const run = await training.start({ ...options, context: trackingContext() });
    for (const epoch of [1, 2, 3]) await training.epoch(run, epoch);
    await training.finish(run, folder);
    const before = await mlflow.read(server.url, 'online', 'catdog');

    let cuts = 0;
    for (;;) {
      const killed = new AbortController();
      // The server does what is asked; the answer to one call is lost, and so is the process.
      await using proxy = await cuttingProxy(server.url, 2 + (cuts % 10), () => {
        killed.abort(new Error('killed'));
      });
      const settings = { kind: 'server', url: proxy.url, authorization: undefined } as const;
      // Notes name the server by address; it must look the same each time.
      const context = trackingContext({}, killed.signal);
      const done = await pushRuns(options.runsFolder, settings, context, () => undefined).then(
        () => true,
        () => false,
      );
      if (done) break;
      cuts += 1;
      expect(cuts).toBeLessThan(100);
    }
    expect(cuts).toBeGreaterThan(5);
    const there = await mlflow.read(server.url, 'cut', 'catdog');
    expect(essence(onlyRun(there))).toEqual(essence(await recordedRun(options.runsFolder, 'cut')));
    expect(there.versions).toHaveLength(before.versions.length + 1);
    expect(await pushAll(options.runsFolder)).toEqual(['sent']);
    expect((await mlflow.read(server.url, 'cut', 'catdog')).runs).toHaveLength(1);
  });

  describeWhenSet('PAWL_TEST_PHOTOS', 'with photographs', (photos) => {
    it('mlflow run trains, and its run is the one on record', async () => {
      const project = await Project.make(photos);
      try {
        await project.commit('project');
        const options = { cwd: project.folder, env: { MLFLOW_TRACKING_URI: server.url } };
        const local = ['run', '.', '--env-manager=local', '--experiment-name=project'];
        await mlflow.command([...local, '-e', 'prepare'], options);
        await mlflow.command([...local, '-P', 'epochs=2', '-P', 'run_name=from-project'], options);
        const { runs } = await mlflow.read(server.url, 'project', 'catdog');
        expect(runs.map(({ status }) => status)).toEqual(['FINISHED', 'FINISHED']);
        const run = runs.find(({ name }) => name === 'from-project');
        expect(run?.params).toMatchObject({ epochs: '2', optimizer: 'Adam' });
        expect(run?.metrics['val_loss']?.map(([, step]) => step)).toEqual([1, 2]);
        expect(run?.tags).toMatchObject({ 'mlflow.project.entryPoint': 'main', 'mlflow.source.type': 'PROJECT' });
        expect(run?.artifacts.map(([path]) => path)).toEqual(
          expect.arrayContaining(['loss_curves.png', 'model/MLmodel']),
        );
      } finally {
        await project.remove();
      }
    });
  });

  it('takes up the run that mlflow run made, in its experiment, and keeps its parameters', async () => {
    const call = async <Answer>(path: string, body: object): Promise<Answer> => {
      const response = await fetch(`${server.url}/api/2.0/mlflow/${path}`, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      });
      return (await response.json()) as Answer;
    };
    const { experiment_id } = await call<{ experiment_id: string }>('experiments/create', { name: 'projects' });
    const made = await call<{ run: { info: { run_id: string } } }>('runs/create', {
      experiment_id,
      run_name: 'from-project',
    });
    const id = made.run.info.run_id;
    await call('runs/log-parameter', { run_id: id, key: 'lr', value: '1e-3' });
    const context = trackingContext({ MLFLOW_TRACKING_URI: server.url, MLFLOW_RUN_ID: id });
    const run = await training.start({ ...experimentOptions('ignored'), context });
    await run.end('FINISHED');
    expect(context.err()).toBe('');
    expect(onlyRun(await mlflow.read(server.url, 'projects', 'catdog'))).toMatchObject({
      id,
      name: 'from-project',
      status: 'FINISHED',
      params: { lr: '1e-3', epochs: '3' },
    });
    const unknown = trackingContext({ MLFLOW_TRACKING_URI: server.url, MLFLOW_RUN_ID: 'f'.repeat(32) });
    await expect(training.start({ ...experimentOptions('ignored'), context: unknown })).rejects.toMatchObject({
      code: 'TRACKING_REFUSED',
      hint: expect.stringContaining('Unset MLFLOW_RUN_ID'),
    });
  });
});
