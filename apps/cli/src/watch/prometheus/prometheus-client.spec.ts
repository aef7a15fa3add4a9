import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { rejection } from '@pawl/test-kit/bundles';
import { PrometheusClient } from './prometheus-client.ts';

const secret = 't0ken-that-nobody-may-see';
let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A client of a server that answers so. */
async function asking(answer: RequestListener, timeoutMs = 10_000, signal = new AbortController().signal) {
  server = createServer(answer).listen(0, '127.0.0.1');
  await new Promise((resolve) => server?.once('listening', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/prefix/`;
  return new PrometheusClient({ url, authorization: `Bearer ${secret}` }, timeoutMs, { signal });
}

const json =
  (body: unknown, status = 200): RequestListener =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };

const success = (data: unknown, more = {}) => json({ status: 'success', data, ...more });
const vector = (result: unknown) => success({ resultType: 'vector', result });

it('asks for a range with credentials, below the prefix, and reads its numbers', async () => {
  const seen: string[] = [];
  const client = await asking((request, response) => {
    seen.push(
      `${request.method ?? ''} ${decodeURIComponent(request.url ?? '')} ${request.headers.authorization ?? ''}`,
    );
    success({
      resultType: 'matrix',
      result: [
        {
          metric: { __name__: 'up', pod: 'a' },
          values: [
            [10, '1'],
            [20.5, 'NaN'],
            [30, '+Inf'],
            [40, '-Inf'],
          ],
        },
      ],
    })(request, response);
  });
  expect(await client.range('up', { start: 10, end: 40, stepSeconds: 10 })).toEqual([
    {
      labels: { __name__: 'up', pod: 'a' },
      points: [
        [10, 1],
        [20.5, NaN],
        [30, Infinity],
        [40, -Infinity],
      ],
    },
  ]);
  expect(seen).toEqual([
    `GET /prefix/api/v1/query_range?query=up&start=10&end=40&step=10&timeout=10s Bearer ${secret}`,
  ]);
});

it('reads one value of each series, and keeps what the answer says it lacks', async () => {
  const client = await asking(
    success(
      { resultType: 'vector', result: [{ metric: {}, value: [5, '0.25'] }] },
      { warnings: ['no store\u001b[31m'] },
    ),
  );
  expect(await client.instant('up', 5)).toEqual([{ labels: {}, points: [[5, 0.25]] }]);
  expect(client.warnings).toEqual(['no store']);
});

const page: RequestListener = (_, response) => {
  response.writeHead(200, { 'content-type': 'text/html' }).end('<html>log in</html>');
};
const redirect: RequestListener = (_, response) => {
  response.writeHead(302, { location: `http://elsewhere.example.com/login?token=${secret}` }).end();
};
const error = (errorType: string, text: string) => json({ status: 'error', errorType, error: text }, 422);

it.each<[string, RequestListener, string, RegExp]>([
  ['a web page', page, 'PROMETHEUS_REFUSED', /does not answer as Prometheus does \(HTTP 200, text\/html\)/],
  ['a redirect', redirect, 'PROMETHEUS_REFUSED', /redirects to http:\/\/elsewhere\.example\.com\/login/],
  ['no right to ask', json({}, 401), 'PROMETHEUS_REFUSED', /refuses \(HTTP 401\)/],
  ['a query that is wrong', error('bad_data', 'parse error'), 'PROMETHEUS_REFUSED', /\(bad_data\): parse error/],
  ['a start that is not over', json('Service Unavailable', 503), 'PROMETHEUS_UNREACHABLE', /HTTP 503/],
  [
    'another kind of answer',
    success({ resultType: 'scalar', result: [1, '1'] }),
    'PROMETHEUS_REFUSED',
    /does not answer/,
  ],
  ['a value that is no text', vector([{ metric: {}, value: [1, 2] }]), 'PROMETHEUS_REFUSED', /does not answer/],
])('says what is wrong with %s', async (_, answer, code, message) => {
  const failure = await rejection((await asking(answer)).instant('up', 1));
  expect(failure).toMatchObject({
    code,
    message: expect.stringMatching(message),
    hint: expect.stringMatching(/\w\.$/),
  });
  expect(JSON.stringify(failure) + String(failure['message'])).not.toContain(secret);
});

it('asks for less where Prometheus has too much', async () => {
  const client = await asking(error('execution', 'query processing would load too many samples into memory'));
  expect(await rejection(client.instant('up', 1))).toMatchObject({ hint: expect.stringContaining('--since') });
});

it('stops reading an answer that does not end', async () => {
  const chunk = Buffer.alloc(2 ** 20, ' ');
  const client = await asking((_, response) => {
    const more = () => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on('drain', more);
    more();
  });
  expect(await rejection(client.instant('up', 1))).toMatchObject({ code: 'METRICS_TOO_MANY' });
});

it('waits no longer than it may', async () => {
  const client = await asking(() => undefined, 50);
  expect(await rejection(client.instant('up', 1))).toMatchObject({
    code: 'PROMETHEUS_UNREACHABLE',
    message: expect.stringContaining('no answer within 0.05 s'),
  });
});

it('says that nobody listens', async () => {
  const client = await asking(() => undefined);
  await new Promise((resolve) => server?.close(resolve));
  expect(await rejection(client.instant('up', 1))).toMatchObject({
    code: 'PROMETHEUS_UNREACHABLE',
    message: expect.stringContaining('the connection was refused'),
  });
});

it('ends when it is interrupted', async () => {
  const interrupt = new AbortController();
  const client = await asking(
    () => {
      interrupt.abort(new Error('enough'));
    },
    10_000,
    interrupt.signal,
  );
  expect(await rejection(client.instant('up', 1))).toEqual(new Error('enough'));
});
