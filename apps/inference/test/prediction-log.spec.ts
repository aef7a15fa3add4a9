import { readdir, readFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parseBundleUri } from '@pawl/shared/bundle/bundle-uri';
import { openWritableStore } from '@pawl/shared/bundle/stores/store-table';
import { type PredictionLine, readPredictionLine } from '@pawl/shared/predictionlog/prediction-line';
import { aFolder, cleanFolders } from '@pawl/test-kit/bundles';
import { eventually } from '@pawl/test-kit/eventually';
import { catPhoto } from '@pawl/test-kit/repository';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { startService } from './support/start-service.ts';
import { startTestService, type TestService } from './support/test-service.ts';

const photo = readFileSync(catPhoto);

async function predict(url: string, file = 'whiskers-at-home.jpg'): Promise<Record<string, unknown>> {
  const body = new FormData();
  body.append('file', new Blob([photo]), file);
  const response = await fetch(`${url}/predict`, { method: 'POST', body, headers: { 'x-request-id': 'asked-by-me' } });
  expect(response.status).toBe(200);
  return (await response.json()) as Record<string, unknown>;
}

/** Values of `catdog_prediction_log_total` by outcome. */
async function outcomes({ url }: TestService): Promise<Record<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const found = text.matchAll(/^catdog_prediction_log_total\{outcome="(\w+)"\} (\d+)$/gm);
  return Object.fromEntries([...found].map(([, outcome = '', value]) => [outcome, Number(value)]));
}

function linesOf(text: string): PredictionLine[] {
  return text
    .trimEnd()
    .split('\n')
    .map((each) => {
      const read = readPredictionLine(each);
      if (read.kind !== 'prediction') throw new Error(`no line of a prediction: ${each}`);
      return read.line;
    });
}

let stop: (() => Promise<void>) | undefined;
afterEach(async () => {
  await stop?.();
  stop = undefined;
  await cleanFolders();
});

it('is off by default, and then has no metrics', async () => {
  const service = await startTestService();
  await predict(service.url);
  expect(await outcomes(service)).toEqual({});
  await service.app.close();
});

describe('the log of predictions in a folder', () => {
  it('has a line a picture, with what was answered and what the picture was like', async () => {
    const folder = await aFolder();
    const service = await startTestService({ env: { PREDICTION_LOG: `file:${folder}` } });
    service.backend.behaviour = () =>
      Promise.resolve({
        ...service.backend.answer(-3),
        projections: [0.123456789],
        known: 1.5,
        image: {
          format: 'jpeg',
          width: 640,
          height: 480,
          frames: 1,
          statistics: { brightness: 0.5, contrast: 0.25, saturation: 0.125, sharpness: 3 },
        },
      });
    const answers = [await predict(service.url), await predict(service.url)];
    expect(await outcomes(service)).toEqual({ written: 0, dropped: 0, failed: 0 });
    await service.app.close();

    const [, object = ''] = await readdir(folder, { recursive: true });
    const text = gunzipSync(await readFile(join(folder, object))).toString();
    const lines = linesOf(text);
    expect(lines.map(({ prediction_id }) => prediction_id)).toEqual(answers.map((answer) => answer['prediction_id']));
    expect(lines[0]).toEqual({
      event: 'prediction',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      prediction_id: answers[0]?.['prediction_id'],
      request_id: 'asked-by-me',
      model: 'catdog',
      version: '1.2.3',
      digest: `sha256:${'ab'.repeat(32)}`,
      label: 'cat',
      confidence: 0.952574,
      known: 1.5,
      probabilities: { cat: 0.952574, dog: 0.0474259 },
      statistics: {
        brightness: 0.5,
        contrast: 0.25,
        saturation: 0.125,
        sharpness: 3,
        aspect: 1.33333,
        bytes_per_pixel: expect.closeTo(photo.length / (640 * 480), 4),
        projection_0: 0.123457,
      },
      format: 'jpeg',
      width: 640,
      height: 480,
      frames: 1,
      bytes: photo.length,
      timings: { queue_ms: 1, decode_ms: 2, infer_ms: 3 },
    });
    expect(text).not.toContain('whiskers');
  });

  it('holds the largest probabilities alone, as many as are wanted', async () => {
    const folder = await aFolder();
    const env = { PREDICTION_LOG: `file:${folder}`, PREDICTION_LOG_TOP_LABELS: '1' };
    const service = await startTestService({ env });
    await predict(service.url);
    await service.app.close();
    const [, object = ''] = await readdir(folder, { recursive: true });
    const [line] = linesOf(gunzipSync(await readFile(join(folder, object))).toString());
    expect(line?.probabilities).toEqual({ cat: 0.952574 });
  });
});

describe('the log of predictions in a store that does not take it', () => {
  let server: Server;
  /** A service that logs to it, an object of 1 kB at a time, 64 kB in memory. */
  async function aServiceBefore(store: RequestListener): Promise<TestService> {
    server = createServer(store).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const env = {
      PREDICTION_LOG: 's3://bucket/log',
      PREDICTION_LOG_S3_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      PREDICTION_LOG_QUEUE_BYTES: '65536',
      PREDICTION_LOG_OBJECT_BYTES: '1024',
      DRAIN_TIMEOUT_MS: '400',
    };
    return await startTestService({ env });
  }
  const credentials = { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' };
  const before = Object.keys(credentials).map((key) => [key, process.env[key]] as const);
  beforeAll(() => Object.assign(process.env, credentials));
  afterAll(() => {
    for (const [key, value] of before)
      if (value === undefined) Reflect.deleteProperty(process.env, key);
      else process.env[key] = value;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  it('that hangs: every picture is answered, lines beyond the memory are dropped, the service ends', async () => {
    const service = await aServiceBefore(() => undefined);
    for (let i = 0; i < 130; i += 1) await predict(service.url);
    const { dropped = 0, ...others } = await outcomes(service);
    expect(others).toEqual({ written: 0, failed: 0 });
    expect(dropped).toBeGreaterThan(0);
    expect(dropped).toBeLessThan(130);
    const metrics = await (await fetch(`${service.url}/metrics`)).text();
    expect(metrics).toContain(`catdog_prediction_log_queue ${130 - dropped}\n`);
    await service.app.close();
  });

  it.each([507, 403])(
    'that answers %d: every picture is answered, lost lines are counted and told once',
    async (status) => {
      const service = await aServiceBefore((request, response) => {
        request.resume();
        response.writeHead(status).end();
      });
      for (let i = 0; i < 8; i += 1) await predict(service.url);
      await eventually('lines to be given up', async () => ((await outcomes(service))['failed'] ?? 0) >= 2);
      expect((await outcomes(service))['written']).toBe(0);
      expect(service.log.filter(({ message }) => message.startsWith('the prediction log loses lines'))).toHaveLength(1);
      await service.app.close();
    },
  );
});

describeWhenSet('PAWL_TEST_S3_ENDPOINT', 'the log of predictions in a real S3 store', (endpoint) => {
  it('keeps every line of a service that ends', async () => {
    const { CreateBucketCommand, S3Client } = await import('@aws-sdk/client-s3');
    const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true });
    const bucket = `pawl-log-${Date.now().toString(36)}${Math.random().toString(36).slice(2, 8)}`;
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    client.destroy();
    const address = `s3://${bucket}/prod`;
    const service = await startTestService({
      env: { PREDICTION_LOG: address, S3_ENDPOINT: endpoint, PREDICTION_LOG_OBJECT_BYTES: '1024' },
    });
    const ids = new Set<unknown>();
    for (let i = 0; i < 9; i += 1) ids.add((await predict(service.url))['prediction_id']);
    await service.app.close();

    const store = await openWritableStore(parseBundleUri(address), { s3: { endpoint } });
    const { signal } = new AbortController();
    const found: PredictionLine[] = [];
    let objects = 0;
    for await (const { path } of store?.list({ signal }) ?? []) {
      const chunks: Buffer[] = [];
      for await (const chunk of (await store?.read(path, { signal }))?.stream ?? []) chunks.push(chunk as Buffer);
      found.push(...linesOf(gunzipSync(Buffer.concat(chunks)).toString()));
      objects += 1;
    }
    store?.close();
    expect(new Set(found.map(({ prediction_id }) => prediction_id))).toEqual(ids);
    expect(objects).toBeGreaterThan(1);
  });
});

it('goes to standard output among the lines of the request log', async () => {
  const service = await startService({ PREDICTION_LOG: 'stdout' });
  stop = () => service.stop();
  const answer = await predict(service.url);
  const line = await eventually('the line', () => service.log.find((each) => each['event'] === 'prediction'));
  expect(linesOf(JSON.stringify(line))[0]).toMatchObject({
    prediction_id: answer['prediction_id'],
    label: answer['label'],
    format: 'jpeg',
    bytes: photo.length,
  });
  expect(await service.end('SIGTERM')).toBe(0);
});
