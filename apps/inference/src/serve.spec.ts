import { FakeClock } from '@pawl/shared/concurrency/test/fake-clock';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { FakeLogger } from '../test/support/fake-logger.ts';
import { FakeModelBackend } from '../test/support/fake-model-backend.ts';
import { aBundleWithoutFiles } from '../test/support/test-service.ts';
import { ModelService } from './model/model.service.ts';
import { serve, type ServedApp, type ServePorts } from './serve.ts';

/** Everything that {@link serve} uses, in memory. */
function setUp(changes: { readonly app?: Partial<ServedApp>; readonly env?: Record<string, string> } = {}) {
  const clock = new FakeClock();
  const logger = new FakeLogger();
  const stop = new AbortController();
  const closing = new AbortController();
  const backend = new FakeModelBackend();
  const exits: (number | 'hard')[] = [];
  const told: string[] = [];
  const listened: unknown[][] = [];
  let built = 0;
  const store = { open: () => Promise.resolve(aBundleWithoutFiles()) };
  const app: ServedApp = {
    listen: (...address) => Promise.resolve(listened.push(address)),
    getUrl: () => Promise.resolve('http://0.0.0.0:8000'),
    close: () => Promise.resolve(),
    ...changes.app,
  };
  const ports: ServePorts = {
    env: { MODEL_URI: 'file:///models/catdog', DRAIN_TIMEOUT_MS: '20000', ...changes.env },
    clock,
    uptimeMs: () => 123.4,
    exit: (code) => exits.push(code),
    endHard: () => exits.push('hard'),
    createLogger: () => logger,
    createModel: (config) => new ModelService(config, store, backend, logger, clock),
    createApp: () => {
      built += 1;
      return Promise.resolve({ app, closing: closing.signal });
    },
    tell: (text) => told.push(text),
  };
  const run = () => serve(stop.signal, ports);
  return { clock, logger, stop, closing, backend, exits, told, listened, store, run, built: () => built };
}

describe('serve', () => {
  it('refuses a wrong setting before anything begins', async () => {
    const { run, built } = setUp({ env: { PORT: 'eight' } });
    await expect(run()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    expect(built()).toBe(0);
  });

  it('listens where it is told to, and says so', async () => {
    const { run, listened, logger, exits } = setUp({ env: { PORT: '8001', HOST: '::1' } });
    await run();
    expect(listened).toEqual([[8001, '::1']]);
    expect(logger.entries).toContainEqual({
      level: 'info',
      message: 'listening',
      fields: { url: 'http://0.0.0.0:8000', startMs: 123 },
    });
    expect(exits).toEqual([]);
  });

  it('lets the workers load before Nest, and does not wait for a slow store', async () => {
    const { run, store, clock, built, listened } = setUp();
    store.open = () => new Promise(() => undefined);
    const running = run();
    await clock.advance(199);
    expect(built()).toBe(0);
    await clock.advance(1);
    await running;
    expect([built(), listened.length, clock.pending]).toEqual([1, 1, 0]);
  });

  it('releases the model and names the setting when it cannot listen', async () => {
    const inUse = new Error('address already in use');
    const { run, backend } = setUp({ app: { listen: () => Promise.reject(inUse) } });
    await expect(run()).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'HOST=0.0.0.0 PORT=8000: cannot listen there (address already in use).',
    });
    expect(backend.closed).toBe(true);
  });

  it('ends without listening when it was stopped while it started', async () => {
    const { run, stop, listened, backend, exits } = setUp();
    stop.abort();
    await run();
    expect([listened, backend.closed, exits]).toEqual([[], true, [0]]);
  });

  it('ends with 0 when everything was answered', async () => {
    const { run, stop, exits, clock, logger } = setUp();
    await run();
    stop.abort();
    await clock.settle();
    expect([exits, logger.messages('info').at(-1)]).toEqual([[0], 'stopped']);
  });

  it('ends with 1 when requests still run at the deadline, which begins when the listener closes', async () => {
    const { run, stop, closing, exits, clock, logger } = setUp({ app: { close: () => new Promise(() => undefined) } });
    await run();
    stop.abort();
    await clock.advance(60_000);
    expect(exits).toEqual([]);
    closing.abort();
    await clock.advance(19_999);
    expect(exits).toEqual([]);
    await clock.advance(1);
    expect([exits, logger.messages('error')]).toEqual([[1], ['drain deadline passed with requests in flight']]);
  });

  it('ends hard at the deadline when a worker still holds an image', async () => {
    const { run, stop, closing, exits, clock, backend } = setUp({ app: { close: () => new Promise(() => undefined) } });
    await run();
    backend.inFlight = 1;
    stop.abort();
    closing.abort();
    await clock.advance(20_000);
    expect(exits).toEqual(['hard']);
  });

  it('says that it cannot recover, and ends hard a moment later', async () => {
    const { run, exits, clock, logger, backend } = setUp();
    await run();
    backend.hang('a worker does not end');
    await clock.advance(4_999);
    expect([exits, logger.messages('fatal')]).toEqual([[], ['the process cannot recover and ends']]);
    await clock.advance(1);
    expect(exits).toEqual(['hard']);
  });

  it('ends hard, not in order, when a worker hangs while it is stopped', async () => {
    const { run, stop, exits, clock, backend } = setUp();
    await run();
    backend.hang('a worker does not end');
    stop.abort();
    await clock.settle();
    expect(exits).toEqual(['hard']);
  });

  it('ends with 1 when stopping fails', async () => {
    const { run, stop, exits, clock, logger } = setUp({ app: { close: () => Promise.reject(new Error('broken')) } });
    await run();
    stop.abort();
    await clock.settle();
    expect([exits, logger.messages('error')]).toEqual([[1], ['stopping failed']]);
  });

  it('shows the banner once the model is ready', async () => {
    const { run, told } = setUp({ env: { BANNER: 'true' } });
    await run();
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/Pawl serves catdog 1\.2\.3\n\n {2}Page {3}http:\/\/localhost:8000\n/);
  });

  it('shows in the banner why there is no model', async () => {
    const { run, told, store } = setUp({ env: { BANNER: 'true' } });
    store.open = () => Promise.reject(new PawlError('BUNDLE_NOT_FOUND', { message: 'no such folder' }));
    await run();
    expect(told).toEqual([
      '\n  Pawl runs at http://localhost:8000, without a model: The model was refused: no such folder\n',
    ]);
  });
});
