import { readFileSync } from 'node:fs';
import { catPhoto } from '@pawl/test-kit/repository';
import { type RunningService, startService } from '../../apps/inference/test/support/start-service.ts';
import { codeOf, head, post, RawClient } from '../../apps/inference/test/survival/support/raw-client.ts';

const photo = readFileSync(catPhoto);
const JPEG = 'Content-Type: image/jpeg';
let service: RunningService;
const clients: RawClient[] = [];

beforeAll(async () => {
  service = await startService({ WORKERS: '1' });
});
afterEach(() => {
  for (const client of clients.splice(0)) client.hangUp();
});
afterAll(async () => {
  await service.stop();
});

const connect = async (): Promise<RawClient> => {
  const client = await RawClient.connect(service.url);
  clients.push(client);
  return client;
};

describe('what Node would refuse without a word has the error body of every other refusal:', () => {
  it.each<[string, string | Uint8Array, number, string]>([
    ['an unknown expectation', post('/predict', JPEG, photo, ['Expect: 200-ok']), 417, 'EXPECTATION_FAILED'],
    ['no Host', 'GET /health HTTP/1.1\r\n\r\n', 400, 'REQUEST_INVALID'],
    [
      'no Host, with a picture',
      Buffer.concat([
        Buffer.from(`POST /predict HTTP/1.1\r\n${JPEG}\r\nContent-Length: ${photo.length}\r\n\r\n`),
        photo,
      ]),
      400,
      'REQUEST_INVALID',
    ],
    ['CONNECT', 'CONNECT db:5432 HTTP/1.1\r\nHost: db:5432\r\n\r\n', 405, 'METHOD_NOT_ALLOWED'],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'REQUEST_INVALID'],
    ['HTTP/3.0', 'GET /health HTTP/3.0\r\nHost: x\r\n\r\n', 400, 'REQUEST_INVALID'],
    ['an unknown method', 'BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'REQUEST_INVALID'],
    ['no path', 'GET HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'REQUEST_INVALID'],
    ['OPTIONS *', head('OPTIONS *'), 404, 'ROUTE_UNKNOWN'],
    ['TRACE', head('TRACE /predict'), 405, 'METHOD_NOT_ALLOWED'],
    [
      'an upgrade of an unknown route',
      head('GET /ws', ['Connection: Upgrade', 'Upgrade: websocket']),
      404,
      'ROUTE_UNKNOWN',
    ],
  ])('%s', async (_, request, status, code) => {
    const client = await connect();
    await client.send(request);
    const answer = await client.answer();
    expect([answer.status, codeOf(answer)]).toEqual([status, code]);
    expect(JSON.parse(answer.body)).toMatchObject({
      error: {
        message: expect.stringMatching(/.{10}/) as string,
        hint: expect.stringMatching(/.{10}/) as string,
        request_id: expect.stringMatching(/^[\w.-]+$/) as string,
      },
    });
  });

  it.each([
    ['HTTP/1.0, which has no Host', 'GET /health HTTP/1.0\r\n\r\n'],
    ['an address of a proxy', 'GET http://pawl.example/health HTTP/1.1\r\nHost: pawl.example\r\n\r\n'],
    ['an upgrade that may be ignored', head('GET /health', ['Connection: Upgrade', 'Upgrade: h2c'])],
  ])('and %s is answered', async (_, request) => {
    const client = await connect();
    await client.send(request);
    const answer = await client.answer();
    expect([answer.status, JSON.parse(answer.body)]).toEqual([200, { status: 'ok', model_loaded: true }]);
  });

  it('and it is in the log and the metrics like every other', async () => {
    const client = await connect();
    await client.send(head('POST /predict', ['Expect: magic', 'Content-Length: 0', 'X-Request-Id: expects-magic']));
    const answer = await client.answer();
    expect(answer.headers['x-request-id']).toBe('expects-magic');
    const metrics = await (await fetch(`${service.url}/metrics`)).text();
    expect(metrics).toMatch(/catdog_request_total\{endpoint="unknown",status="417"\} \d/);
  });
});
