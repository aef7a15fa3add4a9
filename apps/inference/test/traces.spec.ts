import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { eventually } from '@pawl/test-kit/eventually';
import { catPhoto, inRepository } from '@pawl/test-kit/repository';
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from './support/otlp-receiver.ts';
import { startTestService, type TestService } from './support/test-service.ts';

const photo = readFileSync(catPhoto);
const CALLER = { trace: '0af7651916cd43dd8448eb211c80319c', span: 'b7ad6b7169203331' };
const SERVER = 2;
const INTERNAL = 1;

let collector: OtlpReceiver;
let service: TestService;

/** A service that sends traces to the collector and answers a picture after 12 ms: 2 waiting, 4 decoding, 5 in the graph. */
async function start(env: Readonly<Record<string, string>> = {}): Promise<void> {
  service = await startTestService({
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, DRAIN_TIMEOUT_MS: '60000', ...env },
  });
  service.backend.behaviour = async () => {
    await sleep(12);
    return { ...service.backend.answer(-3), timings: { queueMs: 2, decodeMs: 4, inferMs: 5 } };
  };
}

const predict = (headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
  fetch(`${service.url}/predict`, {
    method: 'POST',
    body: photo,
    headers: { 'content-type': 'image/jpeg', ...headers },
  });

/** Every span of the service's life: ends it. */
async function spans(): Promise<readonly ReceivedSpan[]> {
  await service.app.close();
  return collector.spans;
}

async function dropped(): Promise<number | undefined> {
  const text = await (await fetch(`${service.url}/metrics`)).text();
  const value = /^catdog_trace_spans_dropped_total (\d+)$/m.exec(text)?.[1];
  return value === undefined ? undefined : Number(value);
}

beforeEach(async () => {
  collector = await startOtlpReceiver();
});
afterEach(async () => {
  await service.app.close();
  await collector.close();
});

describe('traces', () => {
  it('are off by default, and then have no metric', async () => {
    service = await startTestService();
    await predict({ traceparent: `00-${CALLER.trace}-${CALLER.span}-01` });
    expect(await dropped()).toBeUndefined();
    expect(service.log.some((line) => 'trace_id' in line)).toBe(false);
  });

  it("have the request below the caller's span, and the stages of the picture below the request", async () => {
    await start();
    const begin = Date.now();
    await (await predict({ traceparent: `00-${CALLER.trace}-${CALLER.span}-01` })).arrayBuffer();
    const end = Date.now();
    const found = await spans();

    expect(collector.paths).toEqual(['/v1/traces']);
    expect(new Set(found.map(({ traceId }) => traceId))).toEqual(new Set([CALLER.trace]));
    const request = found.find(({ kind }) => kind === SERVER) as ReceivedSpan;
    expect(request).toMatchObject({
      name: 'POST /predict',
      parentSpanId: CALLER.span,
      status: 0,
      attributes: {
        'http.request.method': 'POST',
        'http.route': '/predict',
        'http.response.status_code': 200,
        'url.scheme': 'http',
      },
      resource: { 'service.name': 'pawl-inference', 'service.instance.id': expect.any(String) },
    });
    const stages = found.filter(({ kind }) => kind === INTERNAL);
    expect(stages.map(({ name, parentSpanId }) => [name, parentSpanId])).toEqual(
      ['queue', 'decode', 'infer'].map((name) => [name, request.spanId]),
    );
    const [queue, decode, infer] = stages as [ReceivedSpan, ReceivedSpan, ReceivedSpan];
    const duration = (span: ReceivedSpan): number => span.end - span.begin;
    expect(duration(queue)).toBeCloseTo(2, 1);
    expect(duration(decode)).toBeCloseTo(4, 1);
    expect(duration(infer)).toBeCloseTo(5, 1);
    // In order, and within the request; wall clocks of one machine, to the millisecond.
    expect(request.begin).toBeGreaterThanOrEqual(begin - 1);
    expect(request.end).toBeLessThanOrEqual(end + 1_000);
    expect(queue.begin).toBeGreaterThanOrEqual(request.begin);
    expect(decode.begin).toBeGreaterThanOrEqual(queue.end - 0.001);
    expect(infer.begin).toBeCloseTo(decode.end, 2);
    expect(infer.end).toBeLessThanOrEqual(request.end);
    expect(decode.attributes).toMatchObject({ 'pawl.image.format': 'jpeg', 'pawl.image.width': 640 });
    expect(infer.attributes).toMatchObject({ 'pawl.model.name': 'catdog', 'pawl.model.version': '1.2.3' });
  });

  it('name the trace in the log line of the request', async () => {
    await start();
    await predict({ traceparent: `00-${CALLER.trace}-${CALLER.span}-01` });
    const line = await eventually('the line', () => service.log.find(({ message }) => message.startsWith('predict |')));
    expect(line['trace_id']).toBe(CALLER.trace);
  });

  it.each([
    ['that is not sampled', `00-${CALLER.trace}-${CALLER.span}-00`, '1', 0],
    ['that is sampled, whatever the share', `00-${CALLER.trace}-${CALLER.span}-01`, '0', 4],
    ['that is no trace, by the share', 'nonsense', '0', 0],
    ['that is no trace, as a new one', '00-00000000000000000000000000000000-b7ad6b7169203331-01', '1', 4],
  ])('follow a caller %s', async (_, traceparent, OTEL_TRACES_SAMPLER_ARG, expected) => {
    await start({ OTEL_TRACES_SAMPLER_ARG });
    await (await predict({ traceparent })).arrayBuffer();
    expect(await spans()).toHaveLength(expected);
  });

  it('have the stages of every picture of a batch', async () => {
    await start();
    const body = new FormData();
    for (let i = 0; i < 3; i += 1) body.append('file', new Blob([photo]), 'pet.jpg');
    await (await fetch(`${service.url}/predict/batch`, { method: 'POST', body })).arrayBuffer();
    expect((await spans()).map(({ name }) => name).sort()).toEqual(
      [...['decode', 'infer', 'queue'].flatMap((name) => [name, name, name]), 'POST /predict/batch'].sort(),
    );
  });

  it('say of a failure what its code is, and that it is one where the service is at fault', async () => {
    await start();
    service.backend.behaviour = () => Promise.reject(new PawlError('INFERENCE_FAILED', { message: 'no' }));
    await (await predict()).arrayBuffer();
    service.backend.behaviour = () => Promise.reject(new PawlError('IMAGE_UNREADABLE', { message: 'no' }));
    await (await predict()).arrayBuffer();
    expect((await spans()).map(({ attributes, status }) => [attributes['error.type'], status])).toEqual([
      ['INFERENCE_FAILED', 2],
      ['IMAGE_UNREADABLE', 0],
    ]);
  });

  it('leave probes and scrapes out, and have no word of the user', async () => {
    await start();
    for (const path of ['/livez', '/readyz', '/health', '/metrics'])
      await (await fetch(service.url + path)).arrayBuffer();
    const body = new FormData();
    body.append('file', new Blob([photo]), 'whiskers.jpg');
    const headers = { 'user-agent': 'somebody', authorization: 'Bearer secret' };
    await (await fetch(`${service.url}/predict?top=1`, { method: 'POST', body, headers })).arrayBuffer();
    const found = await spans();
    expect(found).toHaveLength(4);
    expect(JSON.stringify(found)).not.toMatch(/whiskers|somebody|secret|top=1/);
  });
});

/** The files of the built service that are read with one of them: what it imports, not what it may import later. */
function readWith(file: string, read = new Set<string>()): ReadonlySet<string> {
  if (read.has(file)) return read;
  read.add(file);
  const text = readFileSync(inRepository(`apps/inference/dist/bundle/${file}`), 'utf8');
  for (const [, imported = ''] of text.matchAll(/^(?:import|export|\})[^'"()]*["']\.\/([^"']+\.js)["']/gm))
    readWith(imported, read);
  return read;
}

it('OpenTelemetry is not read by a service without traces', () => {
  const files = readdirSync(inRepository('apps/inference/dist/bundle'));
  const entry = (name: string): string => files.find((file) => file.startsWith(name) && file.endsWith('.js')) ?? name;
  // prom-client has the package of the bare interfaces itself.
  const has = (file: string): boolean =>
    /node_modules\/@opentelemetry\/(?!api\/)/.test(
      readFileSync(inRepository(`apps/inference/dist/bundle/${file}`), 'utf8'),
    );
  for (const name of ['main.js', 'serve-', 'create-app-', 'image-worker.js', 'decoder-main.js'])
    expect([...readWith(entry(name))].filter(has)).toEqual([]);
  expect([...readWith(entry('open-telemetry-'))].some(has)).toBe(true);
  expect(readWith(entry('create-app-')).size).toBeGreaterThan(3);
});

describe('a collector', () => {
  it('that never answers costs spans, and nothing else', async () => {
    await collector.close();
    collector = await startOtlpReceiver(() => undefined);
    await start({ OTEL_BSP_MAX_QUEUE_SIZE: '8', OTEL_EXPORTER_OTLP_TIMEOUT: '1000', DRAIN_TIMEOUT_MS: '400' });
    for (let i = 0; i < 5; i += 1) expect((await predict()).status).toBe(200);
    // Two requests have eight spans; there is room for no more.
    await eventually('spans to be dropped', async () => ((await dropped()) ?? 0) >= 12);
    await service.app.close();
  });

  it('that refuses, or is away, costs the spans that were sent to it', async () => {
    await collector.close();
    collector = await startOtlpReceiver((request, response) => {
      request.resume();
      response.writeHead(400).end();
    });
    await start();
    await (await predict()).arrayBuffer();
    await eventually('spans to be given up', async () => (await dropped()) === 4);
    await collector.close();
    expect((await predict()).status).toBe(200);
    collector = await startOtlpReceiver();
  });
});
