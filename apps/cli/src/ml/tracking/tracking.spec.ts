import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { trackingContext } from '../../../test/support/mlflow.ts';
import { FakeCluster, pawl } from '../../../test/support/fake-cluster.ts';
import { CliError } from '../../errors/cli-error.ts';
import { proxyOf } from './artifact-sink.ts';
import { LocalRegistry } from './local-registry.ts';
import { listRuns } from './local-run.ts';
import { parseMetric, pythonFloat } from './metric-lines.ts';
import { parseModelAddress, resolveRegisteredModel, setModelTags } from './resolve-model.ts';
import { startRun, type TrackingContext } from './start-run.ts';
import { trackingSettings } from './tracking-settings.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pawl-tracking-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const optionsFor = (context: TrackingContext) => ({
  context,
  runsFolder: join(folder, 'runs'),
  experiment: 'catdog',
  runName: 'baseline',
  tags: { 'mlflow.source.git.commit': 'abc' },
  newId: () => '0123456789abcdef0123456789abcdef',
});

describe('the local record', () => {
  it('is append-only files in the layout of MLflow', async () => {
    const run = await startRun(optionsFor(trackingContext()));
    await run.params({ lr: 0.001, model: 'resnet18' });
    await run.metrics({ val_loss: 0.5 }, 1);
    await run.metrics({ val_loss: NaN }, 2);
    await writeFile(join(folder, 'roc.png'), 'a');
    await run.artifact({ source: join(folder, 'roc.png'), path: 'roc.png' });
    const registered = await run.register({ name: 'catdog', path: 'model', alias: 'candidate', tags: { a: 'b' } });
    await run.end('FINISHED');
    expect(registered).toEqual({ name: 'catdog', version: '1', alias: 'candidate' });
    expect(run.location).toMatch(/runs\/\d{18}\/0123456789abcdef0123456789abcdef$/);
    const at = (path: string) => readFile(join(run.location, path), 'utf8');
    expect(await at('params/lr')).toBe('0.001');
    expect(await at('metrics/val_loss')).toMatch(/^\d{13} 0\.5 1\n\d{13} nan 2\n$/);
    expect(await at('tags/mlflow.source.git.commit')).toBe('abc');
    expect(await at('artifacts/roc.png')).toBe('a');
    expect(await at('meta.yaml')).toMatch(/^status: 3$/m);
    // Nothing half-written is left, and nobody holds it.
    expect(await readdir(join(run.location, '.pawl'))).toEqual([]);
  });

  it('gives two values of one moment two times', async () => {
    const context = { ...trackingContext(), now: () => new Date(1_700_000_000_000) };
    const run = await startRun(optionsFor(context));
    await run.metrics({ loss: 1 }, 1);
    await run.metrics({ loss: 2 }, 1);
    const [record] = await listRuns(join(folder, 'runs'));
    expect((await record!.metrics()).get('loss')?.map(({ timestamp }) => timestamp)).toEqual([
      1_700_000_000_000, 1_700_000_000_001,
    ]);
  });

  it('parameters never change', async () => {
    const run = await startRun(optionsFor(trackingContext()));
    await run.params({ lr: 0.1 });
    await run.params({ lr: 0.2 });
    const [record] = await listRuns(join(folder, 'runs'));
    expect((await record!.params()).get('lr')).toBe('0.1');
  });

  it('refuses names that lead out of it', async () => {
    const run = await startRun(optionsFor(trackingContext()));
    for (const name of ['../x', 'a//b', '', '/etc/passwd', 'a\nb'])
      await expect(run.tags({ [name]: 'x' })).rejects.toThrow(RangeError);
  });

  it('a folder that cannot be written is an error with a next step', async () => {
    await writeFile(join(folder, 'runs'), 'a file');
    await expect(startRun(optionsFor(trackingContext()))).rejects.toMatchObject({
      code: 'FILE_WRITE_FAILED',
      hint: expect.stringContaining('--runs'),
    });
  });

  it('numbers of versions are never given twice', async () => {
    const run = await startRun(optionsFor(trackingContext()));
    const [record] = await listRuns(join(folder, 'runs'));
    const registry = new LocalRegistry(join(folder, 'runs'));
    const made = await Promise.all(
      Array.from({ length: 8 }, (_, index) => registry.create('catdog', record!, 'model', {}, index)),
    );
    expect(new Set(made.map(({ version }) => version)).size).toBe(8);
    await run.end('FAILED');
  });

  it('reads lines as MLflow writes them, and leaves out one that was cut off', () => {
    expect(parseMetric('1 0.5 1\n2 nan 2\n3 -inf 3\n4 1e-05 4\n5 0.')).toEqual([
      { timestamp: 1, value: 0.5, step: 1 },
      { timestamp: 2, value: NaN, step: 2 },
      { timestamp: 3, value: -Infinity, step: 3 },
      { timestamp: 4, value: 1e-5, step: 4 },
    ]);
    expect([NaN, Infinity, -Infinity, 0.25].map(pythonFloat)).toEqual(['nan', 'inf', '-inf', '0.25']);
  });

  it('finds and tags registered models; what is not there is an error with a next step', async () => {
    const run = await startRun(optionsFor(trackingContext()));
    await run.register({ name: 'catdog', path: 'model', alias: 'candidate', tags: {} });
    const options = { context: trackingContext(), runsFolder: join(folder, 'runs') };
    const model = await resolveRegisteredModel('models:/catdog@candidate', options);
    await setModelTags(model, { 'pawl.bundle.digest': 'sha256:0' }, options);
    expect(await resolveRegisteredModel('models:/catdog/1', options)).toMatchObject({
      version: '1',
      runId: run.runId,
      tags: { 'pawl.bundle.digest': 'sha256:0' },
    });
    await expect(resolveRegisteredModel('models:/catdog@champion', options)).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
      exitCode: 4,
    });
    await expect(run.register({ name: 'catdog', path: 'model', alias: 'latest', tags: {} })).rejects.toMatchObject({
      code: 'USAGE',
    });
  });
});

describe('addresses', () => {
  it.each([
    ['models:/catdog@champion', { name: 'catdog', alias: 'champion' }],
    ['models:/catdog/12', { name: 'catdog', version: '12' }],
  ])('%s', (uri, parts) => {
    expect(parseModelAddress(uri)).toEqual(parts);
  });

  it.each(['models:/catdog', 'models:/catdog@', 'models:/a/b/c', 'catdog@champion', 'models:/../x@y', 'models:/a@b@c'])(
    '%s is none',
    (uri) => {
      expect(() => parseModelAddress(uri)).toThrow(CliError);
    },
  );

  const settings = (env: Record<string, string>) => trackingSettings({ cwd: '/work', env });
  it.each<[Record<string, string>, object]>([
    [{}, { kind: 'none' }],
    [{ MLFLOW_TRACKING_URI: 'mlruns' }, { kind: 'folder', folder: '/work/mlruns' }],
    [{ MLFLOW_TRACKING_URI: 'file:./mlruns' }, { kind: 'folder', folder: '/work/mlruns' }],
    [{ MLFLOW_TRACKING_URI: 'file:///srv/runs' }, { kind: 'folder', folder: '/srv/runs' }],
    [{ MLFLOW_TRACKING_URI: 'sqlite:///mlflow.db' }, { kind: 'database', scheme: 'sqlite' }],
    [
      { MLFLOW_TRACKING_URI: 'https://user:p%40ss@host/prefix/' },
      { kind: 'server', url: 'https://host/prefix', authorization: `Basic ${btoa('user:p@ss')}` },
    ],
    [
      { MLFLOW_TRACKING_URI: 'http://h:5000', MLFLOW_TRACKING_TOKEN: 'secret' },
      { kind: 'server', url: 'http://h:5000', authorization: 'Bearer secret' },
    ],
  ])('%j', (env, expected) => {
    expect(settings(env)).toEqual(expected);
  });

  it('others are refused without repeating what may be secret', () => {
    expect(() => settings({ MLFLOW_TRACKING_URI: 'databricks://token-abc' })).toThrow(/scheme databricks:/);
    expect(() => settings({ MLFLOW_TRACKING_URI: 'http://user:hunter2@' })).toThrow(/^(?!.*hunter2)/);
  });

  it('the proxy of artifacts', () => {
    const server = 'https://host/prefix';
    expect(proxyOf('mlflow-artifacts:/1/abc/artifacts', server)).toEqual({ root: server, path: '1/abc/artifacts' });
    expect(proxyOf('mlflow-artifacts://other:8080/1/abc/artifacts', server)).toEqual({
      root: 'https://other:8080',
      path: '1/abc/artifacts',
    });
    expect(proxyOf('http://h/api/2.0/mlflow-artifacts/artifacts/1/a', server)).toEqual({
      root: 'http://h',
      path: '1/a',
    });
    expect(proxyOf('s3://bucket/1/abc/artifacts', server)).toBeUndefined();
  });
});

describe('a server that misbehaves', () => {
  let server: Server | undefined;
  let requests: IncomingMessage[] = [];
  type Answer = { readonly status: number; readonly body?: string; readonly headers?: Record<string, string> };
  const serve = async (answer: (request: IncomingMessage, index: number) => Answer | 'cut'): Promise<string> => {
    requests = [];
    server = createServer((request, response) => {
      const said = answer(request, requests.push(request) - 1);
      request.resume();
      if (said === 'cut') request.socket.destroy();
      else response.writeHead(said.status, said.headers).end(said.body ?? '{}');
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  };
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  const good = (request: IncomingMessage): Answer => {
    const info = { run_id: 'f'.repeat(32), experiment_id: '1', artifact_uri: 'mlflow-artifacts:/1/f/artifacts' };
    if (request.url?.includes('get-by-name') === true)
      return { status: 200, body: JSON.stringify({ experiment: { experiment_id: '1', lifecycle_stage: 'active' } }) };
    if (request.url?.endsWith('runs/create') === true)
      return { status: 200, body: JSON.stringify({ run: { info, data: {} } }) };
    return { status: 200 };
  };

  it('that refuses who we are ends the run before it begins, and no secret is shown', async () => {
    const url = await serve(() => ({ status: 401, body: 'You are not authenticated.' }));
    const context = trackingContext({ MLFLOW_TRACKING_URI: url, MLFLOW_TRACKING_TOKEN: 'top-secret' });
    const error: unknown = await startRun(optionsFor(context)).catch((cause: unknown) => cause);
    expect(error).toMatchObject({
      code: 'TRACKING_REFUSED',
      message: expect.stringContaining('You are not authenticated.'),
      hint: expect.stringContaining('MLFLOW_TRACKING_TOKEN'),
    });
    expect(String(error) + context.err()).not.toContain('top-secret');
    expect(requests[0]?.headers.authorization).toBe('Bearer top-secret');
    expect(await listRuns(join(folder, 'runs'))).toEqual([]);
  });

  it.each<[string, Answer | 'cut']>([
    ['cuts connections', 'cut'],
    ['is overloaded', { status: 429, headers: { 'retry-after': '1' } }],
    ['is broken', { status: 503, body: '<html><b>upstream</b></html>' }],
  ])('that %s costs one warning, and the run goes on locally', async (_, answer) => {
    const url = await serve(() => answer);
    const context = trackingContext({ MLFLOW_TRACKING_URI: url });
    const run = await startRun(optionsFor(context));
    await run.metrics({ loss: 1 }, 1);
    await run.end('FINISHED');
    expect(run.runId).toBe('0123456789abcdef0123456789abcdef');
    expect(context.err().match(/cannot be used now/g)).toHaveLength(1);
    const [record] = await listRuns(join(folder, 'runs'));
    expect(record?.info.status).toBe('FINISHED');
  });

  it('that hiccups is asked again, and nobody notices', async () => {
    const url = await serve((request, index) => ([0, 3, 8, 10].includes(index) ? 'cut' : good(request)));
    const context = trackingContext({ MLFLOW_TRACKING_URI: url });
    const run = await startRun(optionsFor(context));
    await run.metrics({ loss: 1 }, 1);
    await run.end('FINISHED');
    expect(context.err()).toBe('');
    expect(run.runId).toBe('f'.repeat(32));
  });

  it('that asks for patience is waited for, within bounds', async () => {
    const url = await serve((request, index) =>
      index === 0 ? { status: 429, headers: { 'retry-after': '7' } } : good(request),
    );
    const slept: number[] = [];
    const context = {
      ...trackingContext({ MLFLOW_TRACKING_URI: url }),
      sleep: (ms: number) => {
        slept.push(ms);
        return Promise.resolve();
      },
    };
    await startRun(optionsFor(context));
    expect(slept[0]).toBe(7000);
  });

  it('that is no MLflow is named so', async () => {
    const url = await serve(() => ({ status: 200, body: '<html>hello</html>' }));
    const context = trackingContext({ MLFLOW_TRACKING_URI: url });
    await expect(startRun(optionsFor(context))).rejects.toMatchObject({
      code: 'TRACKING_REFUSED',
      message: expect.stringContaining('not that of an MLflow server'),
    });
  });

  it('that redirects is not followed: a call would lose its body', async () => {
    const url = await serve(() => ({ status: 301, headers: { location: 'https://elsewhere.example/?token=x' } }));
    const context = trackingContext({ MLFLOW_TRACKING_URI: url });
    await expect(startRun(optionsFor(context))).rejects.toMatchObject({
      message: expect.stringContaining('redirects to https://elsewhere.example/.'),
    });
  });

  it('a run stopped by Ctrl-C is told to the server as KILLED', async () => {
    const bodies: string[] = [];
    const url = await serve((request) => {
      request.on('data', (chunk: Buffer) => bodies.push(chunk.toString()));
      return good(request);
    });
    const interrupt = new AbortController();
    const run = await startRun(optionsFor(trackingContext({ MLFLOW_TRACKING_URI: url }, interrupt.signal)));
    interrupt.abort();
    await run.end('KILLED');
    expect(bodies.some((body) => body.includes('"status":"KILLED"'))).toBe(true);
  });

  it('pawl runs push needs a server, and leaves alone what another process writes', async () => {
    const runs = join(folder, 'runs');
    expect(await pawl(`runs push --runs ${runs}`, new FakeCluster())).toMatchObject({
      code: 2,
      err: expect.stringContaining('MLFLOW_TRACKING_URI'),
    });
    await startRun(optionsFor(trackingContext()));
    const url = await serve(good);
    const [record] = await listRuns(runs);
    await writeFile(join(record!.notes, 'owner.json'), '1 some-other-host\n');
    const outcome = await pawl(`runs push --runs ${runs} --tracking-uri ${url}`, new FakeCluster());
    expect(outcome).toMatchObject({ code: 1, out: '0 runs sent, 0 there already.\n' });
    expect(outcome.err).toContain('in use by another process');
    expect(requests).toEqual([]);
  });
});

describe('pawl runs list', () => {
  it('is a table, newest first, that tells a run whose process was killed', async () => {
    const first = await startRun({ ...optionsFor(trackingContext()), newId: () => 'a'.repeat(32) });
    await first.metrics({ test_acc: 0.9512, val_loss: 0.2 }, 1);
    await first.end('FINISHED');
    const later = { ...trackingContext(), now: () => new Date(Date.now() + 60_000) };
    await startRun({ ...optionsFor(later), runName: 'second', newId: () => 'b'.repeat(32) });
    const runs = join(folder, 'runs');
    const [record] = await listRuns(runs);
    // No process has this id: Linux's largest is 2^22.
    await writeFile(join(record!.notes, 'owner.json'), `4194305 ${hostname()}\n`);
    const { out, code } = await pawl(`runs list --runs ${runs}`, new FakeCluster(), {
      now: () => new Date(Date.now() + 120_000),
    });
    expect(code).toBe(0);
    const lines = out.trim().split('\n');
    expect(lines[0]).toMatch(/^NAME +EXPERIMENT +AGE +STATUS +TEST_ACC +VAL_LOSS +WHERE$/);
    expect(lines[1]).toMatch(/^second +catdog +\w+ +CUT OFF +- +- +/);
    expect(lines[2]).toMatch(/^baseline +catdog +\w+ +FINISHED +0\.9512 +0\.2000 +/);
  });

  it('says what to do where there is none', async () => {
    const { err } = await pawl(`runs list --runs ${join(folder, 'none')}`, new FakeCluster());
    expect(err).toContain('"pawl train" makes one');
  });
});
