import { bundleAt, type Bundle } from '@pawl/shared/bundle/open-bundle';
import { FakeClock } from '@pawl/shared/concurrency/test/fake-clock';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { FakeLogger } from '../../test/support/fake-logger.ts';
import { FakeModelBackend } from '../../test/support/fake-model-backend.ts';
import { aBundleWithoutFiles } from '../../test/support/test-service.ts';
import { parseConfig } from '../config/config.schema.ts';
import { ModelService } from './model.service.ts';

const down = () => new PawlError('BUNDLE_STORE_UNREACHABLE', { message: 'the store is down' });

/** A service whose store answers by `answers` in turn, and then always with a bundle. */
function setUp(answers: (() => Promise<Bundle>)[] = [], env: Readonly<Record<string, string>> = {}) {
  const clock = new FakeClock();
  const logger = new FakeLogger();
  const backend = new FakeModelBackend();
  const opened: { readonly uri: string; readonly at: number; readonly signal: AbortSignal }[] = [];
  const open = (uri: string, signal: AbortSignal): Promise<Bundle> => {
    opened.push({ uri, at: clock.monotonic(), signal });
    return (answers.shift() ?? (() => Promise.resolve(aBundleWithoutFiles())))();
  };
  const config = parseConfig({ MODEL_URI: 'file:///models/catdog', ...env });
  const model = new ModelService(config, { open }, backend, logger, clock);
  return { clock, logger, backend, opened, model };
}

const failing = (error: Error) => () => Promise.reject(error);

describe('ModelService', () => {
  it('stays absent without an address', async () => {
    const { model, logger } = setUp([], { MODEL_URI: '' });
    await model.start();
    await model.settled;
    expect(model.state).toEqual({ name: 'absent' });
    expect(() => model.require()).toThrow('No model is configured.');
    expect(logger.messages('warn')).toEqual(['no model: MODEL_URI is not set, /predict answers 503']);
  });

  it('fetches, loads, compares golden images, and serves', async () => {
    const { model, opened, backend, logger } = setUp();
    expect(() => model.require()).toThrow(PawlError);
    await model.start();
    await model.settled;
    expect(model.state).toMatchObject({
      name: 'ready',
      model: { digest: aBundleWithoutFiles().digest, golden: { images: 1 } },
    });
    expect(model.require()).toBe(model.served);
    expect([opened.map(({ uri }) => uri), backend.seen]).toHaveLength(2);
    expect(logger.entries).toMatchObject([{ level: 'info', message: 'model loaded', fields: { version: '1.2.3' } }]);
  });

  it('says that the first step is over while the workers still load', async () => {
    const { model, backend } = setUp();
    const loaded = Promise.withResolvers<undefined>();
    backend.load = () => loaded.promise;
    await model.start();
    expect(model.state).toEqual({ name: 'loading', step: 'load' });
    expect(model.whyNotReady).toBe('The model is being brought up (load).');
    loaded.resolve(undefined);
    await model.settled;
    expect(model.state.name).toBe('ready');
  });

  it('tries a store that is down again, after pauses that double up to a minute', async () => {
    const { model, clock, opened, logger } = setUp(Array.from({ length: 9 }, () => failing(down())));
    const started = model.start();
    await clock.settle();
    expect(model.state).toMatchObject({ name: 'loading', step: 'fetch', lastError: { message: 'the store is down' } });
    expect(model.whyNotReady).toBe('The model cannot be fetched yet: the store is down');
    await clock.advance(300_000);
    await Promise.all([started, model.settled]);
    const seconds = opened.map(({ at }) => at / 1000);
    expect(seconds).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183, 243]);
    expect(logger.messages('warn')).toHaveLength(9);
    expect(model.state.name).toBe('ready');
  });

  it('refuses a bundle with a permanent failure, and frees its memory', async () => {
    const { model, backend, opened, clock, logger } = setUp([
      failing(new PawlError('BUNDLE_SIGNATURE_INVALID', { message: 'signed by another key' })),
    ]);
    await model.start();
    await model.settled;
    await clock.advance(600_000);
    expect(model.state).toMatchObject({ name: 'failed', error: { code: 'BUNDLE_SIGNATURE_INVALID' } });
    expect(model.whyNotReady).toBe('The model was refused: signed by another key');
    expect([backend.closed, opened.length]).toEqual([true, 1]);
    expect(logger.messages('error')).toEqual(['model load failed | signed by another key']);
  });

  it('refuses the bundle of another model', async () => {
    const { model } = setUp([() => Promise.resolve(aBundleWithoutFiles({ name: 'birds' }))], { MODEL_NAME: 'catdog' });
    await model.start();
    await model.settled;
    expect(model.state).toMatchObject({ name: 'failed', error: { code: 'MODEL_INCOMPATIBLE' } });
    expect([model.name, await model.named]).toEqual(['catdog', 'catdog']);
  });

  it('takes the name of its bundle where none is configured', async () => {
    const { model } = setUp([() => Promise.resolve(aBundleWithoutFiles({ name: 'birds' }))]);
    expect(model.name).toBeUndefined();
    await model.start();
    await model.settled;
    expect([model.state.name, model.name, await model.named]).toEqual(['ready', 'birds', 'birds']);
  });

  it('tries again after an unexpected error, and logs it', async () => {
    const { model, clock } = setUp([failing(new TypeError('undefined is not a function'))]);
    const started = model.start();
    await clock.settle();
    expect(model.state).toMatchObject({ name: 'loading', lastError: { code: 'INTERNAL' } });
    await clock.advance(1000);
    await Promise.all([started, model.settled]);
    expect(model.state.name).toBe('ready');
  });

  it('tries again when a golden image cannot be read, and says which', async () => {
    const files = [{ path: 'golden/cat.jpg', size: 1, sha256: `sha256:${'0'.repeat(64)}` }];
    const { manifest, digest } = aBundleWithoutFiles({ files });
    const unreadable = bundleAt('/nowhere', manifest, digest);
    const { model, clock, opened } = setUp([() => Promise.resolve(unreadable)]);
    await model.start();
    // The file system answers at an unknown time.
    while (model.state.name === 'loading' && model.state.lastError === undefined) await clock.settle();
    expect(model.state).toMatchObject({
      name: 'loading',
      lastError: {
        code: 'BUNDLE_STORE_UNREACHABLE',
        message: 'golden/cat.jpg of the bundle cannot be read (ENOENT).',
      },
    });
    await clock.advance(1000);
    await model.settled;
    expect([model.state.name, opened.length]).toEqual(['ready', 2]);
  });

  it('logs workers of a refused model that cannot be ended, and continues', async () => {
    const { model, backend, clock, logger } = setUp([
      failing(new PawlError('BUNDLE_NOT_FOUND', { message: 'there is none' })),
    ]);
    backend.close = () => Promise.reject(new Error('the thread hangs'));
    await model.start();
    await clock.settle();
    expect(model.state.name).toBe('failed');
    expect(logger.messages('error')).toEqual([
      'model load failed | there is none',
      'the workers of a refused model could not be ended',
    ]);
  });

  it('stops fetching when the process ends, and does not load a bundle that arrives later', async () => {
    const late = Promise.withResolvers<Bundle>();
    const { model, backend, opened, clock } = setUp([() => late.promise]);
    let loads = 0;
    backend.load = () => Promise.resolve(void (loads += 1));
    const started = model.start();
    await model.onApplicationShutdown();
    expect(opened[0]?.signal.aborted).toBe(true);
    late.resolve(aBundleWithoutFiles());
    await started;
    await clock.settle();
    expect([model.state.name, backend.closed, loads]).toEqual(['closed', true, 0]);
    expect(model.whyNotReady).toBe('The service is shutting down.');
  });

  it('does not wait for a retry when the process ends', async () => {
    const { model, clock, opened } = setUp([failing(down())]);
    const started = model.start();
    await clock.settle();
    await model.onApplicationShutdown();
    await started;
    expect([clock.pending, opened.length, model.state.name]).toEqual([0, 1, 'closed']);
  });

  it('serves nothing while no worker is alive', async () => {
    const { model, backend } = setUp();
    await model.start();
    await model.settled;
    backend.readyWorkers = 0;
    expect(model.served).toBeUndefined();
    expect(() => model.require()).toThrow('No worker is alive; one is being started.');
  });
});
