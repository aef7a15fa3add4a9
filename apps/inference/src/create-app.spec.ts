import type { NestExpressApplication } from '@nestjs/platform-express';
import { register } from 'prom-client';
import { FakeLogger } from '../test/support/fake-logger.ts';
import { FakeModelBackend } from '../test/support/fake-model-backend.ts';
import { aBundleWithoutFiles } from '../test/support/test-service.ts';
import { parseConfig } from './config/config.schema.ts';
import { createApp, DrainState } from './create-app.ts';
import { ModelService } from './model/model.service.ts';

const config = parseConfig({ MODEL_URI: 'file:///fake', DRAIN_DELAY_MS: '0' });
let logger: FakeLogger;
let model: ModelService;
let app: NestExpressApplication | undefined;

beforeEach(() => {
  register.clear();
  logger = new FakeLogger();
  model = new ModelService(
    config,
    { open: () => Promise.resolve(aBundleWithoutFiles()) },
    new FakeModelBackend(),
    logger,
  );
});
afterEach(async () => {
  await app?.close();
  app = undefined;
});

describe('the app', () => {
  it('is built without listening, around a model that is not loaded yet', async () => {
    app = await createApp(config, logger, model);
    expect(app.getHttpServer()).toMatchObject({ listening: false });
    expect(app.get(ModelService)).toBe(model);
    expect(model.state).toEqual({ name: 'absent' });
  });

  it('hands out what ends the program in order', async () => {
    app = await createApp(config, logger, model);
    expect(app.get(DrainState)).toBeInstanceOf(DrainState);
  });

  it("sends Nest's own messages to the logger of the service", async () => {
    app = await createApp(config, logger, model);
    expect(logger.messages('debug')).toContainEqual(expect.stringContaining('dependencies initialized'));
  });

  it('leaves the bodies to the routes', async () => {
    app = await createApp(config, logger, model);
    await model.start();
    await app.listen(0, '127.0.0.1');
    await model.settled;
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${await app.getUrl()}/predict`, { method: 'POST', body: '{', headers });
    // A parser of JSON before the route would have found it malformed, which is 400.
    expect(response.status).toBe(415);
  });

  it('throws what keeps Nest from building it, and does not end the process', async () => {
    const broken = Object.defineProperty({ ...config }, 'PREDICTION_ID_KEY', {
      get: () => {
        throw new Error('no key can be read');
      },
    });
    await expect(createApp(broken, logger, model)).rejects.toThrow('no key can be read');
  });
});
