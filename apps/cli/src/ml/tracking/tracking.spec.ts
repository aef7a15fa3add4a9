import { existsSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { trackingContext } from '../../../test/support/mlflow.ts';
import { FakeCluster, pawl } from '../../../test/support/fake-cluster.ts';
import { FakeMlflow } from '../../../test/support/fake-mlflow.ts';
import { CliError } from '../../errors/cli-error.ts';
import { proxyOf } from './artifact-sink.ts';
import { choosePort } from './mlflow-process.ts';
import { parseModelAddress, resolveRegisteredModel } from './resolve-model.ts';
import { listRuns } from './run-record.ts';
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

  const settings = (env: Record<string, string>) => trackingSettings({ env });
  it.each<[Record<string, string>, object]>([
    [{}, { kind: 'none' }],
    [{ MLFLOW_TRACKING_URI: 'mlruns' }, { kind: 'store', what: 'a folder' }],
    [{ MLFLOW_TRACKING_URI: 'file:///srv/runs' }, { kind: 'store', what: 'a folder' }],
    [{ MLFLOW_TRACKING_URI: 'sqlite:///mlflow.db' }, { kind: 'store', what: 'a sqlite database' }],
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
    expect(record?.summary.status).toBe('FINISHED');
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

  it.each(['mlruns', 'sqlite:///mlflow.db'])(
    'that MLFLOW_TRACKING_URI=%s does not name costs one warning',
    async (uri) => {
      const context = trackingContext({ MLFLOW_TRACKING_URI: uri });
      const run = await startRun(optionsFor(context));
      await run.end('FINISHED');
      expect(context.err()).toMatch(/^warning: .* which MLflow's server alone opens; the run is kept in .*runs\..*\n$/);
      expect(run.location).toBe(join(folder, 'runs', run.runId));
    },
  );

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
      message: expect.stringContaining('redirects to https://elsewhere.example/?***.'),
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
    const run = await startRun(optionsFor(trackingContext()));
    const url = await serve(good);
    await writeFile(join(run.location, 'owner'), '1 some-other-host\n');
    const outcome = await pawl(`runs push --runs ${runs} --tracking-uri ${url}`, new FakeCluster());
    expect(outcome).toMatchObject({ code: 1, out: '0 runs sent, 0 there already.\n' });
    expect(outcome.err).toContain('in use by another process');
    expect(requests).toEqual([]);
  });
});

describe('pawl runs list and show', () => {
  const runs = () => join(folder, 'runs');
  const command = (line: string) =>
    pawl(`${line} --runs ${runs()}`, new FakeCluster(), { now: () => new Date(Date.now() + 120_000) });

  it('is a table, newest first, that tells a run whose process was killed', async () => {
    const first = await startRun({ ...optionsFor(trackingContext()), newId: () => 'a'.repeat(32) });
    for (const [epoch, loss] of [0.3, 0.2, 0.4].entries()) await first.metrics({ val_loss: loss }, epoch + 1);
    // Of the head that was kept, which need not have the lowest loss.
    await first.metrics({ test_acc: 0.9512, best_val_loss: 0.25 });
    await first.end('FINISHED');
    const later = { ...trackingContext(), now: () => new Date(Date.now() + 60_000) };
    const second = await startRun({ ...optionsFor(later), runName: 'second', newId: () => 'b'.repeat(32) });
    for (const [epoch, loss] of [0.6, 0.5, 0.7].entries()) await second.metrics({ val_loss: loss }, epoch + 1);
    // No process has this id: Linux's largest is 2^22.
    await writeFile(join(second.location, 'owner'), `4194305 ${hostname()}\n`);
    const { out, err, code } = await command('runs list');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const lines = out.trim().split('\n');
    expect(lines[0]).toMatch(/^NAME +EXPERIMENT +AGE +STATUS +TEST_ACC +BEST_VAL_LOSS +WHERE$/);
    expect(lines[1]).toMatch(/^second +catdog +\w+ +CUT OFF +- +0\.5000 +/);
    expect(lines[2]).toMatch(/^baseline +catdog +\w+ +FINISHED +0\.9512 +0\.2500 +/);
  });

  it('shows one run by its name or its id', async () => {
    const run = await startRun(optionsFor(trackingContext()));
    await run.params({ lr: 0.1 });
    await run.metrics({ val_loss: 0.3 }, 1);
    await run.register({ name: 'catdog', path: 'model', alias: 'candidate', tags: {} });
    await run.end('FINISHED');
    const { out } = await command('runs show baseline');
    expect(out).toMatch(/^baseline\n {2}run +0123456789abcdef0123456789abcdef\n {2}experiment +catdog\n/);
    expect(out).toMatch(/registered +catdog 1 as @candidate\n[^]*Parameters\n {2}lr +0\.1\n[^]*val_loss +0\.3\n/);
    expect((await command(`runs show ${run.runId}`)).out).toBe(out);
    expect(JSON.parse((await command('runs show baseline -o json')).out)).toMatchObject({ params: { lr: '0.1' } });
    expect(await command('runs show nobody')).toMatchObject({
      code: 4,
      err: expect.stringContaining('[RUN_NOT_FOUND]'),
    });
  });

  it('counts lines that a crash cut off', async () => {
    const run = await startRun(optionsFor(trackingContext()));
    await run.end('FINISHED');
    await appendFile(join(run.location, 'events.jsonl'), '{"event":"met');
    const { code, out, err } = await command('runs list');
    expect(code).toBe(0);
    expect(out).toContain('FINISHED');
    expect(err).toBe('warning: 1 line of the record of baseline cannot be read and is left out.\n');
  });

  it('says what to do where there is none', async () => {
    const { err } = await command('runs list');
    expect(err).toContain('"pawl train" makes one');
  });

  it('says how to see the runs of an earlier version, beside its own', async () => {
    const older = join(runs(), '225102507342083656');
    for (const path of [join(older, 'a'.repeat(32)), join(older, 'b'.repeat(32)), join(runs(), 'models/catdog')]) {
      await mkdir(path, { recursive: true });
      await writeFile(join(path, 'meta.yaml'), 'name: catdog\n');
    }
    await writeFile(join(older, 'meta.yaml'), 'name: catdog\n');
    const alone = await command('runs list');
    expect(alone).toMatchObject({ code: 0, out: '' });
    expect(alone.err).toMatch(
      /^2 runs of an earlier version of Pawl in .*: see them with\n {2}MLFLOW_ALLOW_FILE_STORE=true mlflow ui --backend-store-uri .*runs\n$/,
    );
    await startRun(optionsFor(trackingContext()));
    const both = await command('runs list');
    expect(both.out).toContain('baseline');
    expect(both.err).toBe(alone.err);
    const options = { context: trackingContext(), runsFolder: runs() };
    await expect(resolveRegisteredModel('models:/catdog@candidate', options)).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
      hint: expect.stringContaining('earlier version of Pawl'),
    });
  });
});

describe('pawl runs serve', () => {
  it('without mlflow prints the commands that do the same', async () => {
    const { code, out } = await pawl('runs serve --port 5001 --runs old/runs', new FakeCluster(), {
      env: { PATH: folder },
    });
    expect(code).toBe(4);
    expect(out).toBe(
      [
        'There is no mlflow on PATH. Where there is one ("pip install mlflow"), start a server:',
        '  mkdir -p mlflow-runs',
        '  mlflow server --host 127.0.0.1 --port 5001 --backend-store-uri sqlite:///mlflow-runs/mlflow.db --artifacts-destination mlflow-runs/artifacts',
        'and send it the runs from here:',
        '  pawl runs push --tracking-uri http://127.0.0.1:5001 --runs old/runs',
        '',
      ].join('\n'),
    );
  });

  it('takes the mlflow of PATH or of PAWL_MLFLOW, and shows what it says when it does not start', async () => {
    const path = join(folder, 'mlflow');
    await writeFile(path, '#!/bin/sh\necho "no module for $*" >&2\nexit 1\n', { mode: 0o755 });
    const missing = await pawl('runs serve', new FakeCluster(), { env: { PAWL_MLFLOW: join(folder, 'none') } });
    expect(missing).toMatchObject({ code: 4, err: expect.stringContaining('[FILE_NOT_FOUND]') });
    for (const env of [{ PATH: `/nowhere:${folder}` }, { PAWL_MLFLOW: path }]) {
      const { code, err } = await pawl(`runs serve --runs ${folder}`, new FakeCluster(), { env });
      expect(code).toBe(3);
      expect(err).toMatch(/ended before it answered:\sno module for server [^]*\[TRACKING_UNREACHABLE\]/);
      // The store that was made for it is gone.
      const store = /--artifacts-destination (\S+)\/artifacts/.exec(err)?.[1];
      expect(store).toMatch(/pawl-runs-/);
      expect(existsSync(store!)).toBe(false);
    }
  });

  it('refuses a port that is in use, and takes another one where none was asked for', async () => {
    await using other = await FakeMlflow.start();
    const taken = Number(new URL(other.url).port);
    await expect(choosePort(taken, true)).rejects.toMatchObject({ code: 'USAGE' });
    expect(await choosePort(taken, false)).not.toBe(taken);
  });
});
