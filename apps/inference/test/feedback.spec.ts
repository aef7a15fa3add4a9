import { readFileSync } from 'node:fs';
import { errorCodes } from '@pawl/shared/errors/error-codes';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { catPhoto } from '@pawl/test-kit/repository';
import { eventually } from '@pawl/test-kit/eventually';
import { feedbackResultSchema, feedbackResultsSchema } from '../src/feedback/feedback.schema.ts';
import { errorBodySchema } from '../src/prediction/prediction.schema.ts';
import { aBundleWithoutFiles, startTestService, type TestService } from './support/test-service.ts';

const photo = readFileSync(catPhoto);
const key = 'a-key-of-the-right-size';
const json = { 'content-type': 'application/json' };

let service: TestService;
beforeEach(async () => {
  service = await startTestService({ env: { PREDICTION_ID_KEY: key, FEEDBACK_MAX_ENTRIES: '200' } });
});
afterEach(async () => {
  await service.app.close();
});

async function predict(url = service.url): Promise<string> {
  const response = await fetch(`${url}/predict`, {
    method: 'POST',
    body: photo,
    headers: { 'content-type': 'image/jpeg' },
  });
  return ((await response.json()) as { prediction_id: string }).prediction_id;
}
const post = (body: RequestInit['body'], headers: Record<string, string> = json, url = service.url) =>
  fetch(`${url}/feedback`, { method: 'POST', body: body ?? null, headers });
const send = (value: unknown) => post(JSON.stringify(value));
const metrics = async () => (await fetch(`${service.url}/metrics`)).text();

describe('POST /feedback', () => {
  it('counts the true label of an earlier prediction', async () => {
    const response = await send({ prediction_id: await predict(), label: 'dog' });
    expect(response.status).toBe(200);
    expect(feedbackResultSchema.parse(await response.json())).toEqual({
      result: 'counted',
      answered: 'cat',
      correct: false,
    });
    expect(await metrics()).toContain('catdog_feedback_total{version="1.2.3",label="dog",correct="false"} 1\n');
  });

  it('takes several at once, each with its own result or error', async () => {
    const ids = [await predict(), await predict()];
    const response = await send({
      feedback: [
        { prediction_id: ids[0], label: 'cat' },
        { prediction_id: 'forged.forged', label: 'cat' },
        { prediction_id: ids[1], label: 'fish' },
        { prediction_id: ids[0], label: 'cat' },
        'nonsense',
        { prediction_id: ids[1], label: 'neither' },
      ],
    });
    expect(response.status).toBe(200);
    const { results } = feedbackResultsSchema.parse(await response.json());
    expect(results.map((each) => ('error' in each ? each.error.code : each.result))).toEqual([
      'counted',
      'PREDICTION_ID_INVALID',
      'FEEDBACK_LABEL_UNKNOWN',
      'duplicate',
      'REQUEST_INVALID',
      'counted',
    ]);
    await eventually('a log line of it', () => {
      expect(service.log).toContainEqual(
        expect.objectContaining({
          level: 'info',
          message: expect.stringMatching(
            /^feedback \| counted=2 duplicates=1 refused=3 status=200 latency=\d+\.\d{3}s$/,
          ) as string,
          counted: 2,
          duplicates: 1,
          refused: 3,
        }),
      );
      return true;
    });
  });

  it('takes ids that another pod made with the same key, and keys that were replaced', async () => {
    const id = await predict();
    await service.app.close();
    const next = 'the-next-key-of-the-right-size';
    service = await startTestService({ env: { PREDICTION_ID_KEY: next, PREDICTION_ID_OLD_KEYS: key } });
    expect((await send({ prediction_id: id, label: 'cat' })).status).toBe(200);
    await service.app.close();
    service = await startTestService({ env: { PREDICTION_ID_KEY: next } });
    expect((await send({ prediction_id: id, label: 'cat' })).status).toBe(422);
  });

  it('says "neither" of a picture that the model abstained from', async () => {
    await service.app.close();
    const abstain = { score: 'max-probability', threshold: 0.99 } as const;
    service = await startTestService({ open: () => Promise.resolve(aBundleWithoutFiles({ abstain })) });
    const response = await send({ prediction_id: await predict(), label: 'neither' });
    expect(await response.json()).toEqual({ result: 'counted', answered: 'neither', correct: true });
  });

  it.each(['application/json; charset=utf-8', 'application/vnd.api+json', 'application/x-www-form-urlencoded'])(
    'takes JSON of the type %s',
    async (type) => {
      const body = JSON.stringify({ prediction_id: await predict(), label: 'cat' });
      expect((await post(body, { 'content-type': type })).status).toBe(200);
    },
  );

  it('takes JSON with a byte order mark', async () => {
    expect((await post(`\ufeff${JSON.stringify({ feedback: [] })}`)).status).toBe(200);
  });

  it.each<[string, () => Promise<Response>, keyof typeof errorCodes]>([
    ['no body', () => post(''), 'REQUEST_INVALID'],
    ['half a body', () => post('{"feedback": ['), 'REQUEST_INVALID'],
    ['bytes that are no text', () => post(Buffer.from([0x22, 0xff, 0xfe, 0x22])), 'REQUEST_INVALID'],
    ['a number', () => post('7'), 'REQUEST_INVALID'],
    ['null', () => post('null'), 'REQUEST_INVALID'],
    ['a list', () => post('[]'), 'REQUEST_INVALID'],
    ['an empty object', () => post('{}'), 'REQUEST_INVALID'],
    ['a batch that is no list', () => post('{"feedback": {}}'), 'REQUEST_INVALID'],
    ['a batch with more beside it', () => post('{"feedback": [], "label": "cat"}'), 'REQUEST_INVALID'],
    ['a list in a hundred thousand lists', () => post('['.repeat(100_000)), 'REQUEST_INVALID'],
    ['a photograph', () => post(photo, { 'content-type': 'image/jpeg' }), 'CONTENT_TYPE_UNSUPPORTED'],
    ['plain text', () => post('{}', { 'content-type': 'text/plain' }), 'CONTENT_TYPE_UNSUPPORTED'],
    ['a compressed body', () => post('{}', { ...json, 'content-encoding': 'gzip' }), 'CONTENT_ENCODING_UNSUPPORTED'],
    ['a forged id', () => send({ prediction_id: 'a.b', label: 'cat' }), 'PREDICTION_ID_INVALID'],
    ['a label that is none', () => send({ prediction_id: 'a.b', label: 'fish' }), 'FEEDBACK_LABEL_UNKNOWN'],
    ['too many entries', () => send({ feedback: Array(201).fill(0) }), 'REQUEST_TOO_LARGE'],
    ['a body over the limit', () => send({ feedback: ['x'.repeat(104_000)] }), 'REQUEST_TOO_LARGE'],
    ['GET', () => fetch(`${service.url}/feedback`), 'METHOD_NOT_ALLOWED'],
    ['DELETE', () => fetch(`${service.url}/feedback`, { method: 'DELETE' }), 'METHOD_NOT_ALLOWED'],
  ])('refuses %s', async (_, request, code) => {
    const response = await request();
    const { error } = errorBodySchema.parse(await response.json());
    expect({ code: error.code, status: response.status }).toEqual({ code, status: errorCodes[code].status });
    expect(error.message.length).toBeGreaterThan(10);
  });

  it('ends a body over the limit that nobody announced', async () => {
    const body = new ReadableStream({
      pull(controller) {
        controller.enqueue(Buffer.alloc(50_000, ' '));
      },
    });
    const response = await fetch(`${service.url}/feedback`, {
      method: 'POST',
      body,
      duplex: 'half',
      headers: json,
    } as RequestInit).catch(() => undefined);
    if (response !== undefined) expect(response.status).toBe(413);
    await eventually('a log line of it', () => {
      expect(service.log).toContainEqual(expect.objectContaining({ endpoint: '/feedback', status: 413 }));
      return true;
    });
    expect(await metrics()).toContain('catdog_upload_buffered_bytes 0\n');
  });

  it('holds no memory of a body when it is done with it', async () => {
    await Promise.all(
      Array.from({ length: 50 }, () => send({ feedback: Array(200).fill({ prediction_id: 'x', label: 'cat' }) })),
    );
    const text = await metrics();
    expect(text).toContain('catdog_upload_buffered_bytes 0\n');
    expect(text).toContain('catdog_feedback_refused_total{reason="id_invalid"} 10000\n');
  });

  it('answers 503 before the labels are known', async () => {
    await service.app.close();
    const open = () => Promise.reject(new PawlError('BUNDLE_NOT_FOUND', { message: 'There is none.' }));
    service = await startTestService({ open });
    const response = await send({ prediction_id: 'x', label: 'cat' });
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('5');
  });

  it('needs no worker', async () => {
    const id = await predict();
    service.backend.readyWorkers = 0;
    expect((await send({ prediction_id: id, label: 'cat' })).status).toBe(200);
  });
});
