import { readFileSync } from 'node:fs';
import { jest } from '@jest/globals';
import { softmax } from '@pawl/shared/execution/answer';
import { catPhoto } from '@pawl/test-kit/repository';
import { batchSchema, errorBodySchema, predictionSchema } from '../src/prediction/prediction.schema.ts';
import { FakeModelBackend } from './support/fake-model-backend.ts';
import { aBundleWithoutFiles, type TestService, startTestService } from './support/test-service.ts';

const photo = readFileSync(catPhoto);
const labels = Array.from({ length: 1_000 }, (_, index) => `breed_${index}`);
/** The last label by far, before it the others in their order. */
const output = labels.map((label, index) => (label === 'breed_999' ? 20 : index / 100));
const shares = softmax(output);
const probabilitiesOf = Object.fromEntries(labels.map((label, index) => [label, shares[index] ?? 0]));
const bundle = aBundleWithoutFiles({
  labels,
  output: { kind: 'softmax-logits', name: 'logits' },
  golden: {
    tolerance: 0.05,
    images: [{ file: 'golden/cat.jpg', label: 'breed_999', probabilities: probabilitiesOf }],
  },
});

let service: TestService;
const start = async (env: Record<string, string> = {}): Promise<void> => {
  const backend = new FakeModelBackend();
  backend.behaviour = () => Promise.resolve({ ...backend.answer(0), output });
  service = await startTestService({ env, backend, open: () => Promise.resolve(bundle) });
};
afterEach(async () => {
  await service.app.close();
});

const ask = (path: string) => {
  const body = new FormData();
  body.append('file', new Blob([Buffer.from(photo)]), 'a.jpg');
  return fetch(service.url + path, { method: 'POST', body });
};
const probabilities = (answer: object) => Object.keys(answer).filter((key) => key.endsWith('_probability'));

describe('an answer of a model of 1,000 labels', () => {
  it('has all of them unless it is asked for fewer, and then the largest', async () => {
    await start();
    const all = predictionSchema({ labels }).parse(await (await ask('/predict')).json());
    expect(probabilities(all)).toEqual(labels.map((label) => `${label}_probability`));
    const few = await (await ask('/predict?top=3')).text();
    expect(few.length).toBeLessThan(500);
    const answer = JSON.parse(few) as object;
    predictionSchema({ labels }, true).parse(answer);
    expect(answer).toMatchObject({ label: 'breed_999' });
    expect(probabilities(answer)).toEqual(['breed_999_probability', 'breed_998_probability', 'breed_997_probability']);
    const { predictions } = batchSchema({ labels }, true).parse(await (await ask('/predict/batch?top=1')).json());
    expect(predictions.map(probabilities)).toEqual([['breed_999_probability']]);
  });

  it('has as many as the service is set to, and others for a request that asks', async () => {
    await start({ TOP_LABELS: '5' });
    expect(probabilities((await (await ask('/predict')).json()) as object)).toHaveLength(5);
    expect(probabilities((await (await ask('/predict?top=0')).json()) as object)).toHaveLength(1_000);
  });

  it('is refused for a number that is none, before the body is read', async () => {
    await start();
    const response = await ask('/predict?top=many');
    expect(response.status).toBe(400);
    expect(errorBodySchema.parse(await response.json()).error).toMatchObject({
      code: 'REQUEST_INVALID',
      message: 'top="many": expected one whole number, 0 or more.',
    });
    // The golden image alone.
    expect(service.backend.seen).toHaveLength(1);
  });
});

describe('/docs/openapi.json', () => {
  const get = (headers: Record<string, string> = {}) => fetch(`${service.url}/docs/openapi.json`, { headers });

  it('is made once a model', async () => {
    await start();
    const stringify = jest.spyOn(JSON, 'stringify');
    try {
      const [first, second] = [await get(), await get()];
      expect(await first.text()).toBe(await second.text());
      const made = stringify.mock.calls.filter(
        ([value]) => typeof value === 'object' && value !== null && 'openapi' in value,
      );
      expect(made).toHaveLength(1);
    } finally {
      stringify.mockRestore();
    }
  });

  it('is not sent again to who has it', async () => {
    await start();
    const tag = (await get()).headers.get('etag') ?? '';
    for (const known of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
      const response = await get({ 'if-none-match': known });
      expect([response.status, await response.text()]).toEqual([304, '']);
    }
    expect((await get({ 'if-none-match': '"other"' })).status).toBe(200);
  });

  it('is another one while no model can answer', async () => {
    await start();
    const loaded = await (await get()).text();
    service.backend.readyWorkers = 0;
    const without = await (await get()).text();
    expect(loaded).toContain('breed_7_probability');
    expect(without).not.toContain('breed_7_probability');
  });
});
