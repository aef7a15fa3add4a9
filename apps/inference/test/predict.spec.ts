import { readFileSync } from 'node:fs';
import { errorCodes } from '@pawl/shared/errors/error-codes';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { healthSchema, livenessSchema, readinessSchema } from '../src/health/health.schema.ts';
import { batchSchema, errorBodySchema, predictionSchema } from '../src/prediction/prediction.schema.ts';
import { eventually } from '@pawl/test-kit/eventually';
import { catPhoto } from '@pawl/test-kit/repository';
import { aBundleWithoutFiles, type TestService, startTestService } from './support/test-service.ts';

const photo = readFileSync(catPhoto);
const labels = ['cat', 'dog'];

function form(...files: [content: Uint8Array, name?: string][]): FormData {
  const body = new FormData();
  for (const [content, name] of files) body.append('file', new Blob([Buffer.from(content)]), name ?? 'pet.jpg');
  return body;
}

let service: TestService;
const post = (path: string, body: BodyInit, headers: Record<string, string> = {}) =>
  fetch(service.url + path, { method: 'POST', body, headers });

beforeEach(async () => {
  service = await startTestService();
});
afterEach(async () => {
  await service.app.close();
});

describe('POST /predict', () => {
  it('answers a multipart upload with label, confidence and both probabilities', async () => {
    const response = await post('/predict', form([photo]));
    expect(response.status).toBe(200);
    const body = predictionSchema({ labels }).parse(await response.json());
    expect(body).toMatchObject({
      label: 'cat',
      confidence: 0.9526,
      cat_probability: 0.9526,
      dog_probability: 0.0474,
      model_version: '1.2.3',
      model_digest: `sha256:${'ab'.repeat(32)}`,
    });
    expect(body.warnings).toBeUndefined();
  });

  it.each(['image/jpeg', 'application/octet-stream', 'image/anything; q=1'])(
    'answers a raw body of type %s',
    async (type) => {
      const response = await post('/predict', photo, { 'content-type': type });
      expect(response.status).toBe(200);
      predictionSchema({ labels }).parse(await response.json());
    },
  );

  it('hands the exact bytes to the backend', async () => {
    service.backend.seen.length = 0;
    await post('/predict', form([photo]));
    await post('/predict', photo, { 'content-type': 'image/jpeg' });
    expect(service.backend.seen.map((seen) => seen.equals(photo))).toEqual([true, true]);
  });

  it('says that only the first frame of an animation was used', async () => {
    service.backend.behaviour = () => Promise.resolve(service.backend.answer(2, 12));
    const body = (await (await post('/predict', form([photo]))).json()) as { warnings: string[] };
    expect(body.warnings).toEqual(['The image is an animation of 12 frames; only the first was used.']);
  });

  it.each<[string, () => Promise<Response>, keyof typeof errorCodes]>([
    ['no field named file', () => post('/predict', textForm('picture', 'x')), 'FILE_MISSING'],
    ['an empty form', () => post('/predict', emptyForm(), emptyForm.headers), 'FILE_MISSING'],
    ['a file of 0 bytes', () => post('/predict', form([new Uint8Array()])), 'FILE_EMPTY'],
    ['a raw body of 0 bytes', () => post('/predict', '', { 'content-type': 'image/png' }), 'FILE_EMPTY'],
    ['two files', () => post('/predict', form([photo], [photo])), 'TOO_MANY_FILES'],
    [
      'a file that is no image',
      () => post('/predict', form([Buffer.from('hello, I am text')])),
      'IMAGE_FORMAT_UNSUPPORTED',
    ],
    [
      'an SVG',
      () => post('/predict', form([Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')])),
      'IMAGE_FORMAT_UNSUPPORTED',
    ],
    ['JSON', () => post('/predict', '{}', { 'content-type': 'application/json' }), 'CONTENT_TYPE_UNSUPPORTED'],
    [
      'multipart without boundary',
      () => post('/predict', 'x', { 'content-type': 'multipart/form-data' }),
      'MULTIPART_MALFORMED',
    ],
    [
      'a multipart body that stops early',
      () => post('/predict', '--b\r\ncontent-disp', { 'content-type': 'multipart/form-data; boundary=b' }),
      'MULTIPART_MALFORMED',
    ],
    ['GET', () => fetch(`${service.url}/predict`), 'METHOD_NOT_ALLOWED'],
    ['DELETE', () => fetch(`${service.url}/predict`, { method: 'DELETE' }), 'METHOD_NOT_ALLOWED'],
    ['an unknown route', () => fetch(`${service.url}/nothing`), 'ROUTE_UNKNOWN'],
    ['a malformed escape in the path', () => fetch(`${service.url}/assets/%E0%A4%A`), 'REQUEST_INVALID'],
  ])('refuses %s', async (_, request, code) => {
    const response = await request();
    const { error } = errorBodySchema.parse(await response.json());
    expect({ code: error.code, status: response.status }).toEqual({ code, status: errorCodes[code].status });
    expect(error.request_id).toBe(response.headers.get('x-request-id'));
    expect(error.message.length).toBeGreaterThan(10);
    expect(error.hint.length).toBeGreaterThan(10);
  });

  it('refuses a file over the limit, announced or not', async () => {
    const small = await startTestService({ env: { IMAGE_MAX_BYTES: '1000' } });
    const big = Buffer.concat([photo, Buffer.alloc(200_000)]);
    const stream = () => new Blob([big]).stream();
    const requests: RequestInit[] = [
      { body: form([big]) },
      { body: form([photo.subarray(0, 1001)]) },
      { body: big, headers: { 'content-type': 'image/jpeg' } },
      { body: stream(), duplex: 'half', headers: { 'content-type': 'image/jpeg' } } as RequestInit,
    ];
    for (const request of requests) {
      const response = await fetch(`${small.url}/predict`, { method: 'POST', ...request });
      expect(response.status).toBe(413);
      expect(errorBodySchema.parse(await response.json()).error.code).toBe('FILE_TOO_LARGE');
    }
    await small.app.close();
  });

  it.each([
    ['OVERLOADED', 429, '1'],
    ['DEADLINE_EXCEEDED', 429, '1'],
    ['SERVICE_STALLED', 503, '5'],
    ['WORKER_CRASHED', 500, null],
    ['IMAGE_UNREADABLE', 422, null],
    ['MODEL_NOT_READY', 503, '5'],
  ] as const)('maps %s to %d with Retry-After %s', async (code, status, retryAfter) => {
    service.backend.behaviour = () => Promise.reject(new PawlError(code, { message: 'because of a test' }));
    const response = await post('/predict', form([photo]));
    expect({ status: response.status, retryAfter: response.headers.get('retry-after') }).toEqual({
      status,
      retryAfter,
    });
  });

  it('refuses before it reads the body when the queue is full', async () => {
    service.backend.room = 0;
    service.backend.seen.length = 0;
    const response = await post('/predict', form([photo]));
    expect([response.status, service.backend.seen.length]).toEqual([429, 0]);
  });

  it('refuses uploads beyond the memory budget, and takes the next one again', async () => {
    const tight = await startTestService({ env: { UPLOAD_MEMORY_BYTES: String(photo.length + 20_000) } });
    let release = (): void => undefined;
    tight.backend.behaviour = () =>
      new Promise((resolve) => {
        release = () => {
          resolve(tight.backend.answer(-3));
        };
      });
    tight.backend.seen.length = 0;
    const first = fetch(`${tight.url}/predict`, { method: 'POST', body: form([photo]) });
    await eventually('the image is at the model', () => tight.backend.seen.length > 0);
    const second = await fetch(`${tight.url}/predict`, { method: 'POST', body: form([photo]) });
    expect(second.status).toBe(429);
    release();
    expect((await first).status).toBe(200);
    tight.backend.behaviour = () => Promise.resolve(tight.backend.answer(-3));
    expect((await fetch(`${tight.url}/predict`, { method: 'POST', body: form([photo]) })).status).toBe(200);
    await tight.app.close();
  });

  it('turns an unexpected exception into INTERNAL and keeps its words out of the answer', async () => {
    service.backend.behaviour = () => Promise.reject(new Error('secret detail'));
    const response = await post('/predict', form([photo]));
    const text = await response.text();
    expect([response.status, errorBodySchema.parse(JSON.parse(text)).error.code]).toEqual([500, 'INTERNAL']);
    expect(text).not.toContain('secret detail');
  });

  it('tells the backend when the client has gone', async () => {
    const gone = new Promise<void>((resolve) => {
      service.backend.behaviour = (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => {
            resolve();
            reject(new PawlError('CLIENT_CLOSED_REQUEST', { message: 'gone' }));
          });
        });
    });
    const abort = new AbortController();
    service.backend.seen.length = 0;
    const request = fetch(`${service.url}/predict`, { method: 'POST', body: form([photo]), signal: abort.signal });
    await eventually('the image is at the model', () => service.backend.seen.length > 0);
    abort.abort();
    await expect(request).rejects.toThrow();
    await gone;
    const metrics = await (await fetch(`${service.url}/metrics`)).text();
    expect(metrics).toMatch(/catdog_request_total\{endpoint="\/predict",status="499"\} 1/);
  });
});

describe('POST /predict/batch', () => {
  it('answers each image, and a bad one fails alone', async () => {
    const response = await post(
      '/predict/batch',
      form([photo], [Buffer.from('not an image')], [photo], [new Uint8Array()]),
    );
    expect(response.status).toBe(200);
    const { predictions } = batchSchema({ labels }).parse(await response.json());
    expect(predictions.map((entry) => ('error' in entry ? entry.error.code : entry.label))).toEqual([
      'cat',
      'IMAGE_FORMAT_UNSUPPORTED',
      'cat',
      'FILE_EMPTY',
    ]);
  });

  it('gives one image a list of one', async () => {
    const body = batchSchema({ labels }).parse(await (await post('/predict/batch', form([photo]))).json());
    expect(body.predictions).toHaveLength(1);
  });

  it('refuses more images than it takes', async () => {
    const response = await post('/predict/batch', form(...Array.from({ length: 17 }, () => [photo] as [Buffer])));
    expect(response.status).toBe(400);
    expect(errorBodySchema.parse(await response.json()).error.code).toBe('TOO_MANY_FILES');
  });

  it('takes all or none when the queue is nearly full', async () => {
    service.backend.room = 2;
    service.backend.seen.length = 0;
    expect((await post('/predict/batch', form([photo], [photo], [photo]))).status).toBe(429);
    expect(service.backend.seen).toHaveLength(0);
    expect((await post('/predict/batch', form([photo], [photo]))).status).toBe(200);
  });
});

describe('a model whose labels have names for people', () => {
  it('answers the name beside the id, where there is one, and says so in its OpenAPI document', async () => {
    const bundle = aBundleWithoutFiles({ labelNames: { dog: 'Golden Retriever' } });
    const named = await startTestService({ open: () => Promise.resolve(bundle) });
    try {
      const ask = async (logit: number) => {
        named.backend.behaviour = () => Promise.resolve(named.backend.answer(logit));
        const body: unknown = await (
          await fetch(`${named.url}/predict`, { method: 'POST', body: form([photo]) })
        ).json();
        return predictionSchema(bundle.manifest).parse(body);
      };
      expect(await ask(3)).toMatchObject({ label: 'dog', label_name: 'Golden Retriever' });
      expect(await ask(-3)).not.toHaveProperty('label_name');
      const document = await (await fetch(`${named.url}/docs/openapi.json`)).text();
      expect(document).toContain('"label_name"');
      expect(await (await fetch(`${service.url}/docs/openapi.json`)).text()).not.toContain('"label_name"');
    } finally {
      await named.app.close();
    }
  });
});

describe('a model that abstains', () => {
  const abstain = { score: 'max-probability', threshold: 0.8 } as const;
  const shape = { labels, abstain };
  let wary: TestService;
  const ask = (path: string) => fetch(wary.url + path, { method: 'POST', body: form([photo, 'pet.jpg']) });

  beforeEach(async () => {
    wary = await startTestService({ open: () => Promise.resolve(aBundleWithoutFiles({ abstain })) });
  });
  afterEach(async () => {
    await wary.app.close();
  });

  it.each([
    [-3, false],
    [0.4, true],
  ])('says whether it does, beside the label it would have given: logit %d, %s', async (logit, abstained) => {
    wary.backend.behaviour = () => Promise.resolve(wary.backend.answer(logit));
    const body: unknown = await (await ask('/predict')).json();
    expect(predictionSchema(shape).parse(body)).toMatchObject({ label: logit < 0 ? 'cat' : 'dog', abstained });
    const { predictions } = batchSchema(shape).parse(await (await ask('/predict/batch')).json());
    expect(predictions).toMatchObject([{ abstained }]);
    expect(wary.log.find(({ message }) => message.startsWith('predict | label'))).toMatchObject({ abstained });
  });

  it('counts abstentions by the label that was nearest', async () => {
    wary.backend.behaviour = () => Promise.resolve(wary.backend.answer(0.4));
    await ask('/predict');
    wary.backend.behaviour = () => Promise.resolve(wary.backend.answer(3));
    await ask('/predict');
    const text = await (await fetch(`${wary.url}/metrics`)).text();
    expect(text).toMatch(/^catdog_abstained_total\{label="dog"\} 1$/m);
    expect(text).toMatch(/^catdog_prediction_label_total\{label="dog"\} 2$/m);
  });

  it('describes it at /docs, where another model does not', async () => {
    const described = async ({ url }: TestService) => {
      const document = (await (await fetch(`${url}/docs/openapi.json`)).json()) as {
        components: { schemas: Record<string, { required: string[]; properties: object }> };
      };
      return document.components.schemas['Prediction']!;
    };
    expect((await described(wary)).required).toContain('abstained');
    expect((await described(service)).properties).not.toHaveProperty('abstained');
  });

  it('is the only kind that speaks of it', async () => {
    const answer = (await (await post('/predict', form([photo]))).json()) as object;
    expect(answer).not.toHaveProperty('abstained');
    const line = service.log.find(({ message }) => message.startsWith('predict | '));
    expect(line).not.toHaveProperty('abstained');
  });
});

describe('the log', () => {
  const predictLines = () => service.log.filter(({ message }) => message.startsWith('predict | '));

  it('has one line a request in the agreed form, with the same values as fields', async () => {
    await post('/predict', form([photo, 'pet.jpg']));
    expect(predictLines()).toHaveLength(1);
    const [line] = predictLines();
    expect(line!.message).toMatch(/^predict \| label=cat confidence=0\.9526 latency=\d+\.\d{3}s file=pet\.jpg$/);
    expect(line).toMatchObject({ level: 'info', label: 'cat', confidence: 0.9526, file: 'pet.jpg', status: 200 });
    expect(Date.parse(line!['time'] as string)).toBeGreaterThan(0);
  });

  it('makes a hostile file name harmless', async () => {
    await post('/predict', form([photo, '../../etc/p\u0000a\u202ess\nwd' + 'x'.repeat(500) + '.jpg']));
    const file = predictLines()[0]!['file'] as string;
    expect(file).not.toMatch(/[\p{C}/]/u);
    expect(file.length).toBeLessThanOrEqual(128);
  });

  it('never holds image bytes', async () => {
    await post('/predict', form([photo]));
    await post('/predict', form([Buffer.from('AAAABBBBCCCCDDDD')]));
    const text = JSON.stringify(service.log);
    expect(text).not.toContain('AAAABBBB');
    expect(text).not.toContain('JFIF');
    expect(text.length).toBeLessThan(20_000);
  });
});

describe('the metrics', () => {
  it('count images by the graph that answered, where the model has two', async () => {
    const stages = async () => {
      const text = await (await fetch(`${service.url}/metrics`)).text();
      return text.split('\n').filter((line) => line.startsWith('catdog_stage_total'));
    };
    await post('/predict', form([photo]));
    expect(await stages()).toEqual([]);
    for (const stage of ['first', 'final', 'first'] as const) {
      service.backend.behaviour = () => Promise.resolve(service.backend.answer(-3, 1, stage));
      await post('/predict', form([photo]));
    }
    expect(await stages()).toEqual(['catdog_stage_total{stage="first"} 2', 'catdog_stage_total{stage="final"} 1']);
  });

  it('count requests, latency and labels under the agreed names', async () => {
    await post('/predict', form([photo]));
    await post('/predict', form([Buffer.from('nope')]));
    const text = await (await fetch(`${service.url}/metrics`)).text();
    expect(text).toMatch(/^catdog_request_total\{endpoint="\/predict",status="200"\} 1$/m);
    expect(text).toMatch(/^catdog_request_total\{endpoint="\/predict",status="415"\} 1$/m);
    expect(text).toMatch(/^catdog_prediction_label_total\{label="cat"\} 1$/m);
    expect(text).toMatch(/^catdog_image_refused_total\{code="IMAGE_FORMAT_UNSUPPORTED"\} 1$/m);
    expect(text).toMatch(/^catdog_model_info\{version="1\.2\.3",digest="sha256:(ab){32}"\} 1$/m);
    expect(text).toMatch(/^catdog_model_ready 1$/m);
    const buckets = [...text.matchAll(/catdog_request_latency_seconds_bucket\{le="([^"]+)",endpoint="\/predict"\}/g)];
    expect(buckets.map(([, le]) => le)).toEqual(['0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '+Inf']);
  });

  it('never take a raw URL as a label', async () => {
    await fetch(`${service.url}/wp-login.php?x=1`);
    const text = await (await fetch(`${service.url}/metrics`)).text();
    expect(text).not.toContain('wp-login');
    expect(text).toMatch(/endpoint="unknown",status="404"/);
  });
});

describe('/docs', () => {
  /** Every route that Express answers, but the pages and their files. */
  const routes = (): string[] => {
    const { router } = service.app.getHttpAdapter().getInstance() as unknown as {
      router: { stack: { route?: { path: string; methods: Record<string, boolean> } }[] };
    };
    const found = router.stack
      .flatMap(({ route }) => (route === undefined ? [] : Object.keys(route.methods).map((m) => `${m} ${route.path}`)))
      .filter((route) => !/ \/(docs|assets|$)/.test(route) && !/^(?!post).* \/(predict|feedback)/.test(route))
      .sort();
    return [...new Set(found)];
  };

  it('describes every route and nothing else', async () => {
    const document = (await (await fetch(`${service.url}/docs/openapi.json`)).json()) as {
      paths: Record<string, Record<string, unknown>>;
    };
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    expect(described.sort()).toEqual(routes());
    expect(routes()).toContain('post /predict/batch');
  });

  it('describes the answers from the schemas that validate them', async () => {
    const { components } = (await (await fetch(`${service.url}/docs/openapi.json`)).json()) as {
      components: { schemas: Record<string, { properties: object }> };
    };
    const answer = (await (await post('/predict', form([photo]))).json()) as object;
    expect(Object.keys(components.schemas['Prediction']!.properties)).toEqual(
      expect.arrayContaining(Object.keys(answer)),
    );
  });

  it('serves a page whose every file comes from the service', async () => {
    const page = await (await fetch(`${service.url}/docs`)).text();
    const files = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file!);
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) {
      expect(file).not.toMatch(/^(https?:)?\/\//);
      expect((await fetch(`${service.url}/${file}`)).status).toBe(200);
    }
  });
});

describe('the probes', () => {
  it('answer as their schemas say', async () => {
    const bodies = { health: healthSchema, livez: livenessSchema, readyz: readinessSchema };
    for (const [route, schema] of Object.entries(bodies)) {
      const response = await fetch(`${service.url}/${route}`);
      expect(response.status).toBe(200);
      schema.parse(await response.json());
    }
  });

  it('say where the weights come from, as far as the manifest does', async () => {
    const lineage = { run_id: 'a1b2', data_hash: `sha256:${'cd'.repeat(32)}`, git_commit: 'ef01' };
    const traced = await startTestService({ open: () => Promise.resolve(aBundleWithoutFiles({ lineage })) });
    const ready = readinessSchema.parse(await (await fetch(`${traced.url}/readyz`)).json());
    expect(ready.lineage).toEqual(lineage);
    expect(traced.log.find(({ message }) => message === 'model loaded')).toMatchObject({ lineage });
    await traced.app.close();
    expect(await (await fetch(`${service.url}/readyz`)).json()).not.toHaveProperty('lineage');
  });

  it('keep liveness and health green while no model can answer', async () => {
    service.backend.readyWorkers = 0;
    expect((await fetch(`${service.url}/livez`)).status).toBe(200);
    expect(await (await fetch(`${service.url}/health`)).json()).toEqual({ status: 'ok', model_loaded: false });
    const ready = await fetch(`${service.url}/readyz`);
    expect(ready.status).toBe(503);
    expect(readinessSchema.parse(await ready.json()).reason).toMatch(/No worker is alive/);
    expect((await post('/predict', form([photo]))).status).toBe(503);
  });
});

function textForm(name: string, value: string): FormData {
  const body = new FormData();
  body.append(name, value);
  return body;
}

function emptyForm(): string {
  return '--b--\r\n';
}
emptyForm.headers = { 'content-type': 'multipart/form-data; boundary=b' };
