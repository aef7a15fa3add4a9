import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { watchedStatistics } from '@pawl/shared/drift/watched-statistic';
import { aBundle, aFolder, cleanFolders } from '@pawl/test-kit/bundles';
import { aCat, FakeService } from '@pawl/test-kit/fake-service';
import type { PerformanceReport } from '../src/watch/performance/performance-report.ts';
import { catdogReference } from './support/metric-history.ts';
import { pawlIn } from './support/pawl-in.ts';
import { aWatchedBundle } from './support/watched-bundle.ts';

/** Both commands without a Prometheus, or with one that has next to nothing; the real one is in watch.prometheus.spec.ts. */
const prometheus = new FakeService();
const service = new FakeService();
let folder: string;
beforeEach(async () => {
  folder = await aFolder();
});
afterEach(async () => {
  prometheus.close();
  service.close();
  await cleanFolders();
});

const run = (line: string, env = {}) => pawlIn(folder, line.split(' '), { env });
const empty = { status: 'success', data: { resultType: 'matrix', result: [] } };
const read = async (file: string) => JSON.parse(await readFile(join(folder, file), 'utf8')) as PerformanceReport;

async function photos(): Promise<void> {
  for (const name of ['cat', 'dog']) {
    await mkdir(join(folder, 'photos', name), { recursive: true });
    await writeFile(join(folder, 'photos', name, '1.jpg'), name);
  }
}

describe('pawl report without Prometheus', () => {
  it('makes a simulation, and saves it where the order wants it', async () => {
    await photos();
    const url = await service.predicting(() => [200, aCat]);
    const { code, out, err } = await run(`report --url ${url} --n 4 --photos photos --json --html report.html`);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^Simulation of .* 4 requests to http/m);
    expect(out).toMatch(/accuracy +50\.0 % +2 of 4 right/);
    expect(out).toMatch(/wrote monitoring\/performance_report\.json\nwrote report\.html\n$/);
    expect(await read('monitoring/performance_report.json')).toMatchObject({
      source: 'simulation',
      total_requests: 4,
      accuracy: 0.5,
      requests: [{ index: 1 }, { index: 2 }, { index: 3 }, { index: 4 }],
    });
    expect(await readFile(join(folder, 'report.html'), 'utf8')).toContain('Not right in the simulation');
  });

  it('takes a simulation that was saved, also one that it saved itself, and writes for programs alone', async () => {
    await photos();
    const url = await service.predicting(() => [200, aCat]);
    await run(`simulate --url ${url} --n 2 --photos photos --out one.json`);
    await run('report --simulation one.json --json two.json');
    const { code, out } = await run('report --simulation two.json --json -');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({ ...(await read('one.json')), source: 'simulation' });
    const page = await run('report --simulation two.json --html -');
    expect(page.out).toMatch(/^<!doctype html>[^]*<\/html> \n?$/);
  });

  it('ends where the service does not answer', async () => {
    await photos();
    const { code, err } = await run('report --url http://127.0.0.1:9 --photos photos');
    expect([code, err]).toEqual([3, expect.stringContaining('[SERVICE_UNREACHABLE]')]);
  });

  it.each([
    ['no JSON', 'no', /one\.json is no report of a simulation: it is not JSON/],
    ['something else', '{"accuracy":2}', /one\.json is no report of a simulation: \w+: /],
    ['a list', '[]', /one\.json is no report/],
  ])('says that a file is none: %s', async (_, text, message) => {
    await writeFile(join(folder, 'one.json'), text);
    const { code, err } = await run('report --simulation one.json');
    expect([code, err]).toEqual([1, expect.stringMatching(message)]);
    expect(err).toContain('[SIMULATION_INVALID]');
  });
});

it.each([
  ['report', 2, 'USAGE'],
  ['report --simulation a.json --url http://localhost:1', 2, 'USAGE'],
  ['report --simulation a.json', 4, 'FILE_NOT_FOUND'],
  ['report --prometheus http://me:secret@localhost:1', 2, 'USAGE'],
  ['report --prometheus http://127.0.0.1:9', 3, 'PROMETHEUS_UNREACHABLE'],
  ['report --prometheus http://127.0.0.1:9 --model a-b', 2, 'USAGE'],
  ['drift report --bundle .', 2, 'USAGE'],
])('refuses `pawl %s`', async (line, code, name) => {
  const run_ = await run(line);
  expect([run_.code, run_.err]).toEqual([code, expect.stringContaining(`[${name}]`)]);
  expect(run_.err).toMatch(/\nnext: {2}\w/);
  expect(run_.err).not.toContain('secret');
});

it.each(['--since 5', '--since 2y', '--since 30s', '--since 400d', '--match prod', '--n 0'])(
  'refuses %s',
  async (option) => {
    const { code, err } = await run(`report --prometheus http://127.0.0.1:9 ${option}`);
    expect([code, err]).toEqual([2, expect.stringContaining('Expected')]);
  },
);

describe('a Prometheus that has nothing of the model', () => {
  it('is asked with the credentials of the environment, which nobody sees', async () => {
    const url = await prometheus.serve(() => [200, empty]);
    const { code, err } = await run(`report --prometheus ${url} --match namespace=prod`, {
      PROMETHEUS_TOKEN: 's3cret',
    });
    expect([code, err]).toEqual([4, expect.stringContaining('no metrics of a model "catdog" with namespace="prod"')]);
    expect(err).toContain('[METRICS_NOT_FOUND]');
    expect(err).not.toContain('s3cret');
    expect(prometheus.asked[0]).toMatch(/^\/api\/v1\/query_range\?query=last_over_time/);
  });

  it('stands for no drift either', async () => {
    const bundle = await aWatchedBundle(catdogReference);
    const url = await prometheus.serve(() => [200, empty]);
    const { code, err } = await run(`drift report --bundle ${bundle.directory} --prometheus ${url}`);
    expect([code, err]).toEqual([4, expect.stringContaining('[METRICS_NOT_FOUND]')]);
  });
});

describe('a bundle that drift cannot be seen by', () => {
  it('has a reference of too few pictures', async () => {
    const few = { ...catdogReference, inputs: {}, answers: { count: 3, labels: { cat: 3 }, confidence: {} } };
    expect(watchedStatistics(few)).toEqual([]);
    const bundle = await aWatchedBundle(few);
    const { code, err } = await run(`drift report --bundle ${bundle.directory} --prometheus http://127.0.0.1:9`);
    expect([code, err]).toEqual([1, expect.stringContaining('[REFERENCE_MISSING]')]);
  });

  it('has one that is none', async () => {
    const bundle = await aBundle();
    const { code, err } = await run(`drift report --bundle ${bundle.directory} --prometheus http://127.0.0.1:9`);
    expect([code, err]).toEqual([1, expect.stringContaining('[BUNDLE_REFERENCE_INVALID]')]);
  });

  it('is not there', async () => {
    const { code, err } = await run('drift report --bundle nowhere --prometheus http://127.0.0.1:9');
    expect([code, err]).toEqual([4, expect.stringContaining('[BUNDLE_NOT_FOUND]')]);
  });
});
