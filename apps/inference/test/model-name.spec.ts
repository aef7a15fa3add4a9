import { readFileSync } from 'node:fs';
import { eventually } from '@pawl/test-kit/eventually';
import { catPhoto } from '@pawl/test-kit/repository';
import type { Bundle } from '@pawl/shared/bundle/open-bundle';
import { register } from 'prom-client';
import { parseConfig } from '../src/config/config.schema.ts';
import { createApp } from '../src/create-app.ts';
import { readinessSchema } from '../src/health/health.schema.ts';
import { ModelService } from '../src/model/model.service.ts';
import { FakeLogger } from './support/fake-logger.ts';
import { FakeModelBackend } from './support/fake-model-backend.ts';
import { aBundleWithoutFiles, startTestService } from './support/test-service.ts';

const photo = Uint8Array.from(readFileSync(catPhoto));
const birds = aBundleWithoutFiles({ name: 'birds' });
const readiness = async (url: string) => readinessSchema.parse(await (await fetch(`${url}/readyz`)).json());
const metrics = async (url: string) => (await fetch(`${url}/metrics`)).text();
const predict = (url: string) => fetch(`${url}/predict`, { method: 'POST', body: photo });

describe('a service that is not told the name of its model', () => {
  it('takes the name of the bundle', async () => {
    const service = await startTestService({ open: () => Promise.resolve(birds) });
    expect((await predict(service.url)).status).toBe(200);
    expect(await readiness(service.url)).toMatchObject({ ready: true, model: 'birds' });
    expect(await metrics(service.url)).toMatch(/^birds_prediction_label_total\{label="cat"\} 1$/m);
    await service.app.close();
  });

  it('answers before the bundle is there, without a name, and has metrics from then on', async () => {
    register.clear();
    const config = parseConfig({ MODEL_URI: 'https://models.example/birds', DRAIN_DELAY_MS: '0' });
    const { promise, resolve } = Promise.withResolvers<Bundle>();
    const source = { open: () => promise };
    const logger = new FakeLogger();
    const model = new ModelService(config, source, new FakeModelBackend(), logger);
    void model.start();
    const app = await createApp(config, logger, model);
    await app.listen(0, '127.0.0.1');
    const url = await app.getUrl();
    expect(await readiness(url)).not.toHaveProperty('model');
    expect((await predict(url)).status).toBe(503);
    expect(await metrics(url)).not.toContain('request_total');
    resolve(birds);
    await eventually('it is ready', async () => (await readiness(url)).ready);
    expect((await predict(url)).status).toBe(200);
    expect(await metrics(url)).toMatch(/^birds_request_total\{endpoint="\/predict",status="200"\} 1$/m);
    await app.close();
  });
});

describe('a service that is told the name of its model', () => {
  it('refuses the bundle of another, and says both names', async () => {
    const service = await startTestService({ env: { MODEL_NAME: 'catdog' }, open: () => Promise.resolve(birds) });
    expect(await readiness(service.url)).toMatchObject({
      ready: false,
      model: 'catdog',
      code: 'MODEL_INCOMPATIBLE',
      reason: 'The bundle is of the model "birds", this service serves "catdog".',
    });
    expect(await metrics(service.url)).toMatch(/^catdog_model_ready 0$/m);
    await service.app.close();
  });
});
