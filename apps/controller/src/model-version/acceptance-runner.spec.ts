import { configMaps } from '@pawl/shared/kubernetes/objects';
import { FakeClock } from '@pawl/shared/concurrency/test/fake-clock';
import { FakeApi, refusals } from '@pawl/test-kit/fake-api';
import { MemoryLogger } from '../runtime/test/fake-objects.ts';
import { AcceptanceRunner, type AcceptanceRunnerOptions } from './acceptance-runner.ts';
import type { AcceptanceRun } from './facts.ts';
import { ago, aPolicy, aVersion, NOW, passed, verified } from './test/builders.ts';

const KEY = 'ns/m';
const two = aVersion('1.1.0', verified);
const asking = { kind: 'ask-acceptance', version: two, pod: 'c-0', address: 'pod:8000', template: 't' } as const;
const policy = aPolicy();
const config = { state: { kind: 'valid' as const, policy, images: 1 }, policy, imagesIn: ['images'] };
type Ask = AcceptanceRunnerOptions['pods']['askAcceptance'];
const answer: Ask = (_address, images) =>
  Promise.resolve({
    total: images.length,
    correct: images.length,
    required: 1,
    at: ago(0),
    template: 't',
    mistakes: [],
  });

function aRunner(askAcceptance: Ask) {
  const clock = new FakeClock(NOW);
  const api = new FakeApi(() => clock.now());
  const data = { 'cat.a.jpg': Buffer.from('a cat').toString('base64') };
  api.put({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'images', namespace: 'ns' }, binaryData: data });
  const told: string[] = [];
  const stop = new AbortController();
  const runner = new AcceptanceRunner({
    api,
    pods: { askAcceptance },
    onChange: (key) => told.push(key),
    logger: new MemoryLogger(),
    clock,
    signal: stop.signal,
  });
  const run = (version = two): AcceptanceRun | undefined => runner.runs(KEY, [version]).values().next().value;
  return { runner, run, api, clock, told, stop };
}

describe('a run of the acceptance images', () => {
  it('reads the images, asks the pod, and enqueues the key', async () => {
    const { runner, run, clock, told } = aRunner(answer);
    runner.start(KEY, asking, config);
    expect(run()).toEqual({ kind: 'running' });
    await clock.settle();
    expect(run()).toMatchObject({ kind: 'answered', acceptance: { total: 1, correct: 1 } });
    expect(told).toEqual([KEY]);
  });

  it('is asked again later when the pod or its images are gone', async () => {
    const { runner, run, api, clock, told } = aRunner(answer);
    await api.delete(configMaps, 'ns', 'images');
    runner.start(KEY, asking, config);
    await clock.settle();
    const message = 'the ConfigMap images is gone';
    expect(run()).toEqual({ kind: 'unanswered', message, retryAt: NOW + 2_000, isWithoutImages: true });
    expect(told).toEqual([KEY]);
  });

  it('keeps telling what the API server refuses while it asks again, and stops when it has the images', async () => {
    const { runner, run, api, clock } = aRunner(answer);
    const heal = api.fail({ kind: 'ConfigMap' }, refusals.forbidden('no'));
    const refused = 'The API server refuses to show the acceptance images: no';
    runner.start(KEY, asking, config);
    expect(run()).toEqual({ kind: 'running' });
    await clock.settle();
    expect(run()).toMatchObject({ kind: 'unanswered', refused });
    heal();
    runner.start(KEY, asking, config);
    expect(run()).toEqual({ kind: 'running', refused });
    await clock.settle();
    expect(run()).toMatchObject({ kind: 'answered' });
  });

  it('runs out of time by the clock, and ends with the process', async () => {
    const hanging: Ask = (_address, _images, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reject(signal.reason as Error);
        });
      });
    const { runner, run, clock, stop } = aRunner(hanging);
    runner.start(KEY, asking, config);
    await clock.advance(policy.acceptance.timeoutSeconds * 1000);
    expect(run()).toMatchObject({ kind: 'unanswered', message: 'pod c-0: No result within 30000 ms.' });
    runner.start(KEY, asking, config);
    await clock.settle();
    stop.abort(new Error('stopping'));
    await clock.settle();
    expect(run()).toMatchObject({ kind: 'unanswered', message: 'pod c-0: stopping' });
    expect(clock.pending).toBe(0);
  });

  it('is not begun twice, and is forgotten with its version or with a verdict', async () => {
    let asked = 0;
    const { runner, run, clock } = aRunner((...all) => {
      asked += 1;
      return answer(...all);
    });
    runner.start(KEY, asking, config);
    runner.start(KEY, asking, config);
    await clock.settle();
    expect(asked).toBe(1);
    expect(runner.runs('ns/other', []).size).toBe(0);
    expect(run()).toBeDefined();
    expect(run(aVersion('1.1.0', passed))).toBeUndefined();
    expect(run()).toBeUndefined();
  });
});
