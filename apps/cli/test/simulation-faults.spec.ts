import { FakeCluster, pawl, type Surroundings } from './support/fake-cluster.ts';
import { aCat, FakeService, healthy, type CannedAnswer } from '@pawl/test-kit/fake-service';
import { SimulationFolder } from './support/simulation-folder.ts';

const run = (line: string, surroundings?: Surroundings) => pawl(line, new FakeCluster(), surroundings);
const service = new FakeService();
const folder = new SimulationFolder();
beforeEach(() => folder.open());
afterEach(async () => {
  service.close();
  await folder.close();
});
const simulate = (url: string, n: number, rest = '', surroundings?: Surroundings) =>
  run(`simulate --n ${n} --url ${url} --out ${folder.out} ${rest}`, surroundings);
const busy = { error: { code: 'OVERLOADED', message: 'full' } };
const broken = { error: { code: 'INTERNAL', message: 'broken' } };
const noModel = { error: { code: 'MODEL_NOT_READY', message: 'no model' } };

describe('pawl simulate against what is not as it should be', () => {
  it.each<[string, CannedAnswer, RegExp]>([
    ['a web page', [200, '<!doctype html><title>Sign in</title>'], /a web page with HTTP 200, not Pawl's JSON/],
    ['a gateway without pods', [503, '<html>no upstream'], /a web page with HTTP 503/],
    ['another program', [200, { up: true }], /application\/json with HTTP 200, not Pawl's JSON/],
    ['a 404', [404, { message: 'no' }], /answered HTTP 404/],
    [
      'a redirect',
      [302, '', { location: 'https://login.example/?token=abc' }],
      /redirects to https:\/\/login.example\/ /,
    ],
  ])('ends before it sends anything: %s', async (_, answer, expected) => {
    const url = await service.serve(() => answer);
    const { code, err } = await simulate(url, 2);
    expect([code, err]).toEqual([3, expect.stringMatching(expected)]);
    expect(err).toMatch(/ \[SERVICE_REFUSED\]\nnext: {2}\w/);
    expect(err).not.toContain('abc');
    expect(service.asked).toEqual(['/health']);
  });

  it('says that nobody listens', async () => {
    const url = await service.predicting(() => [200, aCat]);
    service.close();
    const { code, err } = await simulate(url, 2);
    expect(code).toBe(3);
    expect(err).toMatch(/the connection was refused \[SERVICE_UNREACHABLE\]\nnext: .*port-forward/);
  });

  it('comes back when the service asks for it, and counts that', async () => {
    const url = await service.predicting((count) =>
      count % 2 === 1 ? [429, busy, { 'retry-after': '3' }] : [200, aCat],
    );
    const { code } = await simulate(url, 3, `--photos ${await folder.photos('cat/1.jpg')}`);
    expect(code).toBe(0);
    // Time passes only while it sleeps: three waits of three seconds.
    expect(await folder.report()).toMatchObject({ throttled: 3, errors: 0, answered: 3, seconds: 9 });
  });

  it('does not come back for ever', async () => {
    const url = await service.predicting(() => [503, noModel, { 'retry-after': '5' }]);
    const { code } = await simulate(url, 1);
    expect(code).toBe(1);
    const { requests } = await folder.report();
    expect(requests).toMatchObject([{ attempts: 6, error: { code: 'MODEL_NOT_READY', status: 503 } }]);
  });

  it('does not come back where nobody asked for it', async () => {
    const url = await service.predicting(() => [500, broken]);
    const { code, out } = await simulate(url, 2);
    expect([code, service.timesAsked('/predict')]).toEqual([1, 2]);
    expect(out).toMatch(/^no answer +2 +of 2: 2 INTERNAL$/m);
  });

  it('gives up when the service goes away, and keeps what it has', async () => {
    const url = await service.predicting((count) => {
      if (count === 3) service.close();
      return [200, aCat];
    });
    const { code, err } = await simulate(url, 50, `--photos ${await folder.photos('cat/1.jpg')}`);
    expect([code, err]).toEqual([3, expect.stringMatching(/SERVICE_UNREACHABLE/)]);
    expect(await folder.report()).toMatchObject({ answered: 2, total_requests: 7, errors: 5 });
  });

  it('ends a request that takes too long', async () => {
    const url = await service.predicting(() => undefined);
    const { code, out } = await simulate(url, 1, '--timeout 200ms');
    expect([code, out]).toEqual([1, expect.stringMatching(/TIMEOUT: no answer within 0\.2 s/)]);
  });

  it('notes abstentions, and labels that the model does not have', async () => {
    const url = await service.predicting(() => [200, { ...aCat, abstained: true }]);
    const photos = await folder.photos('cat/1.jpg', 'owl/2.jpg', 'notes/readme.txt');
    const { code, out, err } = await simulate(url, 2, `--photos ${photos}`);
    expect([code, err]).toEqual([0, 'warning: photographs are labelled owl; the model knows cat, dog\n']);
    expect(out).toMatch(/right {2}abstained$/m);
    expect(out).toMatch(/^abstained +2 /m);
    expect(await folder.report()).toMatchObject({ abstained: 2, accuracy: 0.5 });
  });

  it('exits 1 below the accuracy that was asked for', async () => {
    const url = await service.predicting(() => [200, aCat]);
    const photos = await folder.photos('cat/1.jpg', 'dog/2.jpg');
    const { code, err } = await simulate(url, 2, `--photos ${photos} --min-accuracy 0.6`);
    expect([code, err]).toEqual([1, 'accuracy is below --min-accuracy 0.6\n']);
  });

  it('refuses a folder without photographs, and a place where nothing can be written', async () => {
    const url = await service.predicting(() => [200, aCat]);
    const empty = await simulate(url, 1, `--photos ${await folder.photos('cat/notes.txt')}`);
    expect([empty.code, empty.err]).toEqual([1, expect.stringMatching(/DATA_EMPTY/)]);
    const unwritable = await run(`simulate --n 1 --url ${url} --out /dev/null/report.json`);
    expect([unwritable.code, unwritable.err]).toEqual([1, expect.stringMatching(/FILE_WRITE_FAILED/)]);
  });

  it.each([
    ['simulate --n 0', 2, /whole number/],
    ['simulate --n ten', 2, /whole number/],
    ['simulate --concurrency 1000', 2, /1 to 256/],
    ['simulate --min-accuracy 90', 2, /0 to 1/],
    ['simulate --url nowhere', 2, /is not a URL/],
    ['simulate --photos /nonexistent', 4, /FILE_NOT_FOUND/],
    ['smoke', 2, /missing required argument/],
    ['smoke http://h --labels Cat', 2, /such as cat,dog/],
    ['smoke http://h --image /nonexistent.jpg', 4, /FILE_NOT_FOUND/],
  ])('%s: exit code %i', async (line, code, expected) => {
    const outcome = await run(line);
    expect([outcome.code, outcome.err]).toEqual([code, expect.stringMatching(expected)]);
  });
});

describe('pawl smoke', () => {
  const check = async (line: string) => {
    const { code, out } = await run(`smoke ${line}`);
    const lines = out.split('\n').filter((each) => /^(ok|warning|FAILED|-) /.test(each));
    return { code, lines, outcomes: lines.map((line) => line.split(/ +/)[0]), out };
  };

  it('fails when nobody listens, and asks no more', async () => {
    const url = await service.predicting(() => [200, aCat]);
    service.close();
    const { code, outcomes, out } = await check(url);
    expect([code, outcomes]).toEqual([1, ['FAILED', '-', '-', '-']]);
    expect(out).toMatch(/\/health answers 200: cannot reach the service at .*the connection\s+was refused/);
  });

  it('only warns while no model is loaded', async () => {
    const url = await service.serve((path) =>
      path === '/health' ? [200, { ...healthy, model_loaded: false }] : [503, noModel],
    );
    const { code, outcomes, out } = await check(url);
    expect([code, outcomes]).toEqual([0, ['ok', 'warning', 'warning', '-']]);
    expect(out).toMatch(/\npassed with 2 warnings: http/);
  });

  it.each<[string, CannedAnswer, number, string[]]>([
    ['one of its labels', [200, aCat], 0, ['ok', 'ok', 'ok', 'ok']],
    ['a label of another model', [200, { ...aCat, label: 'owl' }], 1, ['ok', 'ok', 'ok', 'FAILED']],
    ['an error', [500, broken], 1, ['ok', 'ok', 'FAILED', '-']],
    ['a web page of a gateway', [503, '<html>no upstream'], 1, ['ok', 'ok', 'FAILED', '-']],
    ['something without a label', [200, { answer: 'cat' }], 1, ['ok', 'ok', 'FAILED', '-']],
  ])('judges %s', async (_, answer, code, outcomes) => {
    expect(await check(await service.predicting(() => answer))).toMatchObject({ code, outcomes });
  });

  it('takes labels and a photograph of another model', async () => {
    const url = await service.predicting(() => [200, { ...aCat, label: 'owl' }]);
    const photos = await folder.photos('owl/1.jpg');
    expect((await check(`${url} --labels owl,crow --image ${photos}/owl/1.jpg`)).code).toBe(0);
  });

  it('waits for a service that starts', async () => {
    const starting = (count: number): CannedAnswer =>
      count < 3 ? [502, '<html>Bad Gateway'] : [200, { ...healthy, model_loaded: count >= 5 }];
    const url = await service.serve((path, count) => (path === '/health' ? starting(count) : [200, aCat]));
    const { code, outcomes } = await check(`${url} --wait 60s`);
    expect([code, outcomes, service.timesAsked('/health')]).toEqual([0, ['ok', 'ok', 'ok', 'ok'], 5]);
  });

  it('waits no longer than it was told', async () => {
    const url = await service.serve(() => [502, '<html>Bad Gateway']);
    const { code, out } = await check(`${url} --wait 10s`);
    expect([code, service.asked.length]).toEqual([1, 11]);
    expect(out).toContain('(for 10s)');
  });

  it('does not wait for what will not come', async () => {
    const url = await service.serve(() => [404, { message: 'no' }]);
    await check(`${url} --wait 10s`);
    expect(service.asked).toHaveLength(1);
  });

  it('says the same as data', async () => {
    const url = await service.predicting(() => [200, aCat]);
    const { out } = await run(`smoke ${url} -o json`);
    expect(JSON.parse(out)).toMatchObject({ url, passed: true, checks: [{ outcome: 'pass' }, {}, {}, {}] });
  });
});
