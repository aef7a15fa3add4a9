import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { aFolder, cleanFolders } from '@pawl/test-kit/bundles';
import { eventually } from '@pawl/test-kit/eventually';
import { inRepository } from '@pawl/test-kit/repository';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { trackingContext } from '../../apps/cli/test/support/mlflow.ts';
import { pawlIn } from '../../apps/cli/test/support/pawl-in.ts';
import { training } from '../../apps/cli/test/support/training-run.ts';
import { Stack } from './support/stack.ts';

/** Images may have to be built or pulled, and an MLflow makes its tables. */
import.meta.jest.setTimeout(1_800_000);

/** What Prometheus answers a query with. */
interface QueryAnswer {
  readonly data: {
    readonly result: readonly { readonly metric: Readonly<Record<string, string>>; readonly value: [number, string] }[];
  };
}

const query = (expression: string) => `/api/v1/query?query=${encodeURIComponent(expression)}`;

describeWhenSet('PAWL_TEST_DOCKER_HOST', 'the stack of compose.yaml, on a real Docker', (host) => {
  let stack: Stack;

  /** Starts it, with profiles; throws what Docker says where it does not become healthy. */
  async function up(profiles = ''): Promise<void> {
    const { code, out } = await stack.script(['up'], { COMPOSE_PROFILES: profiles });
    if (code !== 0) throw new Error(out);
  }
  /** Services that are healthy. */
  const healthy = async () =>
    (await stack.containers())
      .filter(({ Health }) => Health === 'healthy')
      .map(({ Service }) => Service)
      .sort();

  beforeAll(async () => {
    stack = await Stack.create(host, `pawl-test-${process.pid}`);
    await up();
  });
  afterAll(async () => {
    await stack.script(['down', '--volumes']);
    await cleanFolders();
  });

  it('has three services, all healthy when the command ends', async () => {
    expect(await healthy()).toEqual(['grafana', 'inference', 'prometheus']);
  });

  it('passes pawl smoke', async () => {
    const { code, out } = await stack.script(['smoke']);
    expect([code, out]).toEqual([0, expect.stringMatching(/a model is loaded +\d+\.\d+\.\d+[^]*passed: http:/)]);
  });

  it('is watched by Prometheus, which counts its answers and judges them by the rules', async () => {
    const counted = await eventually('the requests of the smoke test in Prometheus', async () => {
      const answer = (await stack.get('prometheus', query('catdog_request_total{job="catdog-api"}'))) as QueryAnswer;
      return answer.data.result.find(({ metric }) => metric['endpoint'] === '/predict' && metric['status'] === '200');
    });
    expect(Number(counted.value[1])).toBeGreaterThan(0);
    const targets = (await stack.get('prometheus', '/api/v1/targets?state=active')) as {
      readonly data: { readonly activeTargets: readonly Readonly<Record<string, unknown>>[] };
    };
    expect(targets.data.activeTargets).toEqual([
      expect.objectContaining({
        health: 'up',
        scrapeUrl: 'http://inference:8000/metrics',
        scrapeInterval: '15s',
        labels: { instance: 'inference:8000', job: 'catdog-api' },
      }),
    ]);
    const rules = (await stack.get('prometheus', '/api/v1/rules?type=alert')) as {
      readonly data: {
        readonly groups: readonly { readonly rules: readonly { readonly name: string; readonly health: string }[] }[];
      };
    };
    const alerts = rules.data.groups.flatMap((group) => group.rules);
    expect(alerts.map(({ name }) => name)).toContain('PawlModelMissing');
    expect(alerts.filter(({ health }) => health === 'err')).toEqual([]);
  });

  it('is shown by Grafana: the dashboards are there, and their source answers', async () => {
    expect(await stack.get('grafana', '/api/health')).toMatchObject({ database: 'ok' });
    const titles = readdirSync(inRepository('monitoring/dashboards')).map(
      (file) =>
        (JSON.parse(readFileSync(inRepository(join('monitoring/dashboards', file)), 'utf8')) as { title: string })
          .title,
    );
    const shown = await eventually('the dashboards in Grafana', async () => {
      const found = (await stack.get('grafana', '/api/search?type=dash-db')) as readonly { readonly title: string }[];
      return found.length === titles.length && found;
    });
    expect(shown.map(({ title }) => title).sort()).toEqual([...titles].sort());
    const through = await stack.get('grafana', `/api/datasources/proxy/uid/prometheus${query('up{job="catdog-api"}')}`);
    expect((through as QueryAnswer).data.result.map(({ value }) => value[1])).toEqual(['1']);
  });

  it('lets no container write, nor have any right of root', async () => {
    const { out } = await stack.docker(['compose', 'exec', '--no-TTY', 'inference', 'node', '-e', READS_STATUS]);
    expect(JSON.parse(out)).toEqual({
      capabilities: '0000000000000000',
      newPrivileges: '1',
      user: 1000,
      write: 'EROFS',
      weights: 'EROFS',
    });
  });

  it('records a run with the profile mlflow, in PostgreSQL and S3, and keeps it over a restart', async () => {
    await up('mlflow');
    expect(await healthy()).toEqual(['grafana', 'inference', 'mlflow', 'postgres', 'prometheus', 's3']);
    const folder = await aFolder();
    const context = trackingContext({ MLFLOW_TRACKING_URI: `http://127.0.0.1:${stack.ports.mlflow}` });
    const run = await training.start({ context, runsFolder: join(folder, 'runs'), experiment: 'stack', tags: {} });
    await training.epoch(run, 1);
    await training.finish(run, folder);
    expect(context.err()).toBe('');

    const version = async () =>
      (await stack.get('mlflow', '/api/2.0/mlflow/registered-models/alias?name=catdog&alias=candidate')) as {
        readonly model_version: { readonly version: string; readonly status: string };
      };
    expect((await version()).model_version).toMatchObject({ version: '1', status: 'READY' });
    const { out: objects } = await stack.docker([
      'compose',
      'exec',
      '--no-TTY',
      's3',
      'find',
      '/data/mlflow',
      '-name',
      'model.onnx',
    ]);
    expect(objects.trim().split('\n')).toHaveLength(1);

    for (const service of ['mlflow', 's3', 'postgres'])
      await stack.docker(['compose', 'rm', '--stop', '--force', service]);
    await up('mlflow');
    expect((await version()).model_version).toMatchObject({ version: '1', status: 'READY' });
  });

  it('takes a bundle with the profile registry', async () => {
    await up('registry');
    const uri = `oci://127.0.0.1:${stack.ports.registry}/catdog:1`;
    const env = { REGISTRY_PLAIN_HTTP: 'true' };
    const published = await pawlIn(inRepository(''), ['publish', 'models/catdog', uri], { env });
    expect(published).toMatchObject({ code: 0, out: expect.stringContaining('Published') });
    const verified = await pawlIn(inRepository(''), ['verify', uri], { env });
    expect(verified).toMatchObject({ code: 0, out: expect.stringContaining('catdog') });
  });

  it('refuses a folder of a model that is not there, and makes none', async () => {
    const missing = join(await aFolder(), 'no-model');
    const other = await Stack.create(host, `pawl-test-${process.pid}-missing`);
    try {
      const { code, out } = await other.script(['up', 'inference'], { MODEL_DIR: missing });
      expect([code, out]).toEqual([1, expect.stringContaining(`bind source path does not exist: ${missing}`)]);
      expect(readdirSync(join(missing, '..'))).toEqual([]);
    } finally {
      await other.script(['down', '--volumes']);
    }
  });

  it('leaves nothing behind', async () => {
    expect(await stack.left()).not.toEqual([]);
    const { code } = await stack.script(['down', '--volumes']);
    expect([code, await stack.left()]).toEqual([0, []]);
  });
});

/** What a process of the container may do, as JSON. */
const READS_STATUS = `
  const { readFileSync, writeFileSync } = require('node:fs');
  const [, capabilities] = /^CapBnd:\\s*(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  const [, newPrivileges] = /^NoNewPrivs:\\s*(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  const write = (path) => { try { writeFileSync(path, ''); return 'written'; } catch ({ code }) { return code; } };
  console.log(JSON.stringify({
    capabilities, newPrivileges, user: process.getuid(), write: write('/app/x'), weights: write('/model/model.onnx'),
  }));`;
