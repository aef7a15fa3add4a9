import { inferenceMetrics, metricName } from '@pawl/shared/telemetry/metric-names';
import { FakeService } from '@pawl/test-kit/fake-service';
import { NOW } from './test/builders.ts';
import { type AcceptanceImage, podClient } from './pod-client.ts';

const service = new FakeService();
afterEach(() => {
  service.close();
});

const addressOf = (url: string) => url.replace('http://', '');
const never = new AbortController().signal;
const DIGEST = 'sha256:aa';
const anImage = (key: string): AcceptanceImage => ({ key, label: key.split('.')[0]!, bytes: Buffer.from(key) });
const rules = { digest: DIGEST, template: 'template-1', minCorrect: 0.9, now: () => NOW, signal: never };
const answered = (label: string, rest: object = {}) => ({ label, confidence: 0.9, model_digest: DIGEST, ...rest });

describe('the counters of a pod', () => {
  it('are read from its metrics', async () => {
    const line = `${metricName('catdog', inferenceMetrics.requestTotal)}{endpoint="/predict",status="200"} 7\n`;
    const url = await service.serve((path) => [path === '/metrics' ? 200 : 404, line]);
    expect((await podClient.scrape(addressOf(url), 'catdog', never)).requests).toBe(7);
  });

  it('are refused with another status', async () => {
    const url = await service.serve(() => [503, 'starting']);
    await expect(podClient.scrape(addressOf(url), 'catdog', never)).rejects.toThrow('/metrics answered 503');
  });

  it('are refused beyond 4 MiB', async () => {
    const url = await service.serve(() => [200, 'x'.repeat(4 * 1024 * 1024 + 1)]);
    await expect(podClient.scrape(addressOf(url), 'catdog', never)).rejects.toThrow(
      '/metrics answers with more than 4194304 bytes',
    );
  });

  it('are not waited for after the signal', async () => {
    const url = await service.serve(() => undefined);
    const stop = new AbortController();
    const scraped = podClient.scrape(addressOf(url), 'catdog', stop.signal);
    stop.abort(new Error('the lease is lost'));
    await expect(scraped).rejects.toThrow('the lease is lost');
  });
});

describe('a pod', () => {
  const before = { ...process.env };
  afterEach(() => {
    process.env = { ...before };
  });

  it.each(['HTTP_PROXY', 'http_proxy'])('is asked directly where stores are behind the proxy of %s', async (name) => {
    const proxy = new FakeService();
    process.env[name] = await proxy.serve(() => [502, 'no way to a pod']);
    const url = await service.serve(() => [200, '']);
    await podClient.scrape(addressOf(url), 'catdog', never);
    proxy.close();
    expect([service.asked, proxy.asked]).toEqual([['/metrics'], []]);
  });
});

describe('why a pod is not ready', () => {
  it.each<[string, object | string, string | undefined]>([
    ['its code and reason', { ready: false, code: 'MODEL_LOADING', reason: 'it loads' }, 'MODEL_LOADING: it loads'],
    ['its reason alone', { ready: false, reason: 'it loads' }, 'it loads'],
    ['nothing, when it is ready', { ready: true, reason: 'it loads' }, undefined],
    ['nothing, when the answer is a page of somebody else', '<html>', undefined],
    ['nothing, when the answer has other types', { ready: 'no', reason: 7 }, undefined],
    ['without what moves the cursor of a terminal', { reason: 'it\u001b[2J loads' }, 'it [2J loads'],
    ['no longer than a message has room for', { reason: 'x'.repeat(1000) }, `${'x'.repeat(299)}…`],
  ])('is %s', async (_, body, reason) => {
    const url = await service.serve(() => [503, body]);
    expect(await podClient.whyNotReady(addressOf(url), never)).toBe(reason);
  });

  it('is not read from where it redirects to', async () => {
    const url = await service.serve((path) =>
      path === '/readyz' ? [302, {}, { location: '/internal' }] : [200, { reason: 'words of another service' }],
    );
    await expect(podClient.whyNotReady(addressOf(url), never)).rejects.toThrow('/readyz redirects (302) to /internal');
    expect(service.asked).toEqual(['/readyz']);
  });

  it('is not known of a pod that cannot be reached', async () => {
    const url = await service.serve(() => undefined);
    service.close();
    expect(await podClient.whyNotReady(addressOf(url), never)).toBeUndefined();
  });
});

describe('the acceptance images', () => {
  const ask = async (url: string, ...keys: readonly string[]) =>
    await podClient.askAcceptance(addressOf(url), keys.map(anImage), rules);

  it('are counted by right answers', async () => {
    const url = await service.serve(() => [200, answered('cat')]);
    expect(await ask(url, 'cat.1', 'dog.1', 'cat.2')).toEqual({
      ...{ total: 3, correct: 2, required: 3, at: '2026-01-02T03:04:05Z', template: 'template-1' },
      mistakes: [{ image: 'dog.1', expected: 'dog', answered: 'cat', confidence: 0.9 }],
    });
  });

  it('are neither where the model abstains: wrong for a label, right where that is expected', async () => {
    const url = await service.serve(() => [200, answered('cat', { abstained: true })]);
    expect(await ask(url, 'cat.1', 'neither.owl')).toMatchObject({
      correct: 1,
      mistakes: [{ image: 'cat.1', expected: 'cat', answered: 'neither', confidence: 0.9 }],
    });
  });

  it('are a label where the model could abstain and does not', async () => {
    const url = await service.serve(() => [200, answered('cat', { abstained: false })]);
    expect((await ask(url, 'cat.1', 'neither.owl')).mistakes).toMatchObject([
      { image: 'neither.owl', answered: 'cat' },
    ]);
  });

  it('are wrong with the code of an error', async () => {
    const url = await service.serve(() => [422, { error: { code: 'IMAGE_UNREADABLE' } }]);
    expect((await ask(url, 'cat.1')).mistakes).toEqual([
      { image: 'cat.1', expected: 'cat', answered: 'IMAGE_UNREADABLE' },
    ]);
  });

  it.each<[string, number, object | string, string]>([
    ['the status of an error that is a page of somebody else', 500, '<html>', 'HTTP_500'],
    ['the status of an error without a code', 500, { error: { code: 7 } }, 'HTTP_500'],
    ['a label as long as a status has room for', 200, answered('l'.repeat(64)), `${'l'.repeat(62)}…`],
    ['a code as long as a status has room for', 422, { error: { code: 'C'.repeat(64) } }, `${'C'.repeat(62)}…`],
  ])('are wrong with %s', async (_title, status, body, word) => {
    const url = await service.serve(() => [status, body]);
    expect((await ask(url, 'cat.1')).mistakes[0]?.answered).toBe(word);
  });

  it('have labels as long as a status has room for', async () => {
    const url = await service.serve(() => [200, answered('cat')]);
    expect((await ask(url, `${'l'.repeat(64)}.1`)).mistakes[0]?.expected).toBe(`${'l'.repeat(62)}…`);
  });

  it.each<[string, object | string]>([
    ['a page of somebody else', '<html>'],
    ['a label that is no text', answered('cat', { label: 7 })],
    ['a confidence that is no number', answered('cat', { confidence: 'high' })],
  ])('are not judged by %s', async (_title, body) => {
    const url = await service.serve(() => [200, body]);
    await expect(ask(url, 'cat.1')).rejects.toThrow('/predict answers with something that is no prediction');
  });

  it.each([429, 503])('are sent again to a pod that is busy: %i', async (status) => {
    const url = await service.serve((_, count) => (count === 1 ? [status, {}] : [200, answered('cat')]));
    expect((await ask(url, 'cat.1')).correct).toBe(1);
    expect(service.asked).toEqual(['/predict', '/predict']);
  });

  it('are not judged by answers of other weights', async () => {
    const url = await service.serve(() => [200, answered('cat', { model_digest: 'sha256:bb' })]);
    await expect(ask(url, 'cat.1')).rejects.toThrow('it serves sha256:bb, not sha256:aa');
  });

  it('are not judged where the pod does not answer', async () => {
    const url = await service.serve(() => undefined);
    service.close();
    await expect(ask(url, 'cat.1')).rejects.toThrow();
  });

  it('name ten mistakes at most, in order', async () => {
    const url = await service.serve(() => [200, answered('dog')]);
    const keys = Array.from({ length: 12 }, (_, index) => `cat.${String.fromCharCode(97 + index)}`);
    const { correct, mistakes } = await ask(url, ...keys.toReversed());
    expect([correct, mistakes.map(({ image }) => image)]).toEqual([0, keys.slice(0, 10)]);
  });
});
