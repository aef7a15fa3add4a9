import { readFileSync } from 'node:fs';
import { catPhoto } from '@pawl/test-kit/repository';
import { startService, type RunningService } from '../support/start-service.ts';
import { eventually } from '@pawl/test-kit/eventually';
import { metric, openSockets, statusOf } from './support/facts.ts';
import {
  BOUNDARY,
  codeOf,
  head,
  multipart,
  MULTIPART,
  part,
  post,
  RawClient,
  type RawAnswer,
} from './support/raw-client.ts';

const photo = readFileSync(catPhoto);
const JPEG = 'Content-Type: image/jpeg';
const UPLOAD_TIMEOUT_MS = 1_500;
const good = post('/predict', JPEG, photo);

let service: RunningService;
/** Gives a body little time to arrive; a busy machine could exceed it with any large one. */
let hasty: RunningService;
let socketsBefore: number;
const clients: RawClient[] = [];

/** A new connection to the service, or to the hasty one. */
async function client({ url } = service): Promise<RawClient> {
  const made = await RawClient.connect(url);
  clients.push(made);
  return made;
}

/** Status and error code, or the body where it is no error. */
const gist = (answer: RawAnswer): [number, string] => [answer.status, codeOf(answer)];

/** Fails unless the connection keeps the promise of its last answer: it takes the next request, or it closes. */
async function expectHonest(connection: RawClient, { headers }: RawAnswer): Promise<void> {
  if (headers['connection'] === 'close') expect(await connection.ending()).not.toBe('open');
  else {
    await connection.send(good);
    expect((await connection.answer()).status).toBe(200);
  }
}

beforeAll(async () => {
  [service, hasty] = await Promise.all([
    startService(),
    startService({ UPLOAD_TIMEOUT_MS: String(UPLOAD_TIMEOUT_MS) }),
  ]);
  await statusOf(`${service.url}/livez`);
  socketsBefore = openSockets(service.pid);
});
afterEach(() => {
  for (const used of clients.splice(0)) used.hangUp();
});
afterAll(async () => {
  await Promise.all([service.stop(), hasty.stop()]);
});

describe('an upload that is wrong gets one clear answer, and the connection stays honest:', () => {
  const chunked = (...chunks: Uint8Array[]) =>
    Buffer.concat([
      ...chunks.flatMap((chunk) => [Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')]),
      Buffer.from('0\r\n\r\n'),
    ]);
  const field = (name: string) => part(Buffer.from('x'), `form-data; name="${name}"`);
  const form = (...parts: Uint8Array[]) => post('/predict', MULTIPART, multipart(...parts));
  const batch = (...parts: Uint8Array[]) => post('/predict/batch', MULTIPART, multipart(...parts));
  const times = (count: number, make: (index: number) => Uint8Array) =>
    Array.from({ length: count }, (_, i) => make(i));
  const cut = (body: Uint8Array | string) => post('/predict', MULTIPART, Buffer.from(body));
  const big = Buffer.alloc(11_000_000);

  it.each<[string, Uint8Array, number, string]>([
    ['text without a content type', post('/predict', '', Buffer.from('hello')), 415, 'IMAGE_FORMAT_UNSUPPORTED'],
    ['JSON', post('/predict', 'Content-Type: application/json', photo), 415, 'CONTENT_TYPE_UNSUPPORTED'],
    ['a type of 8 kB', post('/predict', `Content-Type: ${'x'.repeat(8000)}`, photo), 415, 'CONTENT_TYPE_UNSUPPORTED'],
    ['text said to be an image', post('/predict', JPEG, Buffer.from('hello')), 415, 'IMAGE_FORMAT_UNSUPPORTED'],
    ['no boundary', post('/predict', 'Content-Type: multipart/form-data', photo), 400, 'MULTIPART_MALFORMED'],
    ['a photograph said to be multipart', cut(photo), 400, 'MULTIPART_MALFORMED'],
    ['a body that ends in a part header', cut(`--${BOUNDARY}\r\nContent-Dis`), 400, 'MULTIPART_MALFORMED'],
    ['a body that ends in a part', cut(part(photo)), 400, 'MULTIPART_MALFORMED'],
    ['a body that ends in a boundary', cut(form(part(photo)).subarray(0, -9)), 400, 'MULTIPART_MALFORMED'],
    ['a form without the field', form(field('picture')), 400, 'FILE_MISSING'],
    ['an empty form', form(), 400, 'FILE_MISSING'],
    ['a raw body of 0 bytes', post('/predict', JPEG, Buffer.alloc(0)), 400, 'FILE_EMPTY'],
    ['a file of 0 bytes', form(part(Buffer.alloc(0))), 400, 'FILE_EMPTY'],
    ['two files', form(part(photo), part(photo)), 400, 'TOO_MANY_FILES'],
    ['17 files', batch(...times(17, () => part(photo))), 400, 'TOO_MANY_FILES'],
    ['10,000 fields', form(...times(10_000, (i) => field(`f${i}`))), 413, 'REQUEST_TOO_LARGE'],
    ['10,000 files', batch(...times(10_000, () => part(Buffer.from('x')))), 400, 'TOO_MANY_FILES'],
    ['11 MB', post('/predict', JPEG, big), 413, 'FILE_TOO_LARGE'],
    ['11 MB in multipart', form(part(big)), 413, 'FILE_TOO_LARGE'],
    [
      '11 MB in one chunk',
      Buffer.concat([Buffer.from(head('POST /predict', [JPEG, 'Transfer-Encoding: chunked'])), chunked(big)]),
      413,
      'FILE_TOO_LARGE',
    ],
    [
      'GET with a body',
      Buffer.concat([Buffer.from(head('GET /predict', [JPEG, `Content-Length: ${photo.length}`])), photo]),
      405,
      'METHOD_NOT_ALLOWED',
    ],
    ['a body for an unknown route', post('/nothing', JPEG, photo), 404, 'ROUTE_UNKNOWN'],
  ])('%s', async (_, request, status, code) => {
    const connection = await client();
    await connection.send(request);
    const answer = await connection.answer();
    expect(gist(answer)).toEqual([status, code]);
    await expectHonest(connection, answer);
  });
});

describe('an upload that does not end', () => {
  it.each(['close', 'reset'] as const)('is forgotten when the client leaves in the middle (%s)', async (how) => {
    for (const type of [JPEG, MULTIPART]) {
      const connection = await client();
      await connection.send(post('/predict', type, multipart(part(photo))).subarray(0, 20_000));
      await eventually(
        'the bytes are held',
        async () => (await metric(service.url, 'catdog_upload_buffered_bytes')) > 0,
      );
      connection.hangUp(how);
      await eventually('forgotten', async () => (await metric(service.url, 'catdog_upload_buffered_bytes')) === 0);
    }
  });

  it('gets a 4xx or a close when the client stops sending but goes on listening', async () => {
    for (const type of [JPEG, MULTIPART]) {
      const connection = await client();
      await connection.send(post('/predict', type, multipart(part(photo))).subarray(0, 20_000));
      connection.finishSending();
      const answer = await connection.answer().catch(() => undefined);
      if (answer !== undefined) expect(gist(answer)).toEqual([400, 'REQUEST_INVALID']);
      expect(await connection.ending()).not.toBe('open');
    }
  });

  it.each([JPEG, MULTIPART])('gets 408 when the body arrives too slowly (%s)', async (type) => {
    const connection = await client(hasty);
    const request = post('/predict', type, multipart(part(photo)));
    await connection.send(request.subarray(0, 300));
    let sent = 300;
    const drip = setInterval(() => void connection.send(request.subarray(sent, ++sent)), 50);
    const answer = await connection.answer();
    clearInterval(drip);
    expect(gist(answer)).toEqual([408, 'UPLOAD_TIMEOUT']);
    expect(answer.headers['connection']).toBe('close');
    expect(await connection.ending()).not.toBe('open');
  });

  it('gets 408 when the headers arrive too slowly', async () => {
    const connection = await client();
    const request = head('POST /predict', ['X-Slow: ' + 'x'.repeat(1000)]);
    let sent = 0;
    const drip = setInterval(() => void connection.send(request.slice(sent, ++sent)), 100);
    const answer = await connection.answer();
    clearInterval(drip);
    expect(gist(answer)).toEqual([408, 'UPLOAD_TIMEOUT']);
    expect(await connection.ending()).not.toBe('open');
  });

  it('is cut off some time after it was refused, however long its chunks go on', async () => {
    const connection = await client();
    await connection.send(head('POST /predict', [JPEG, 'Transfer-Encoding: chunked']));
    const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(0x10000), Buffer.from('\r\n')]);
    for (let sent = 0; sent < 11_000_000; sent += chunk.length) await connection.send(chunk);
    expect(gist(await connection.answer())).toEqual([413, 'FILE_TOO_LARGE']);
    const drip = setInterval(() => void connection.send(chunk), 50);
    const ending = await connection.ending();
    clearInterval(drip);
    expect(ending).not.toBe('open');
  });
});

describe('an upload that is far too large', () => {
  const size = 100_000_000;

  it.each([
    ['raw, keep-alive', JPEG, []],
    ['raw, Connection: close', JPEG, ['Connection: close']],
    ['multipart, keep-alive', MULTIPART, []],
    ['multipart, Connection: close', MULTIPART, ['Connection: close']],
  ])('is refused by its length, and a client that sends it all the same can read why: %s', async (_, type, more) => {
    const connection = await client();
    await connection.send(head('POST /predict', [type, `Content-Length: ${size}`, ...more]));
    // The answer is there before the body is, and still there after it.
    expect(gist(await connection.answer())).toEqual([413, 'FILE_TOO_LARGE']);

    const stubborn = await client();
    await stubborn.send(head('POST /predict', [type, `Content-Length: ${size}`, ...more]));
    for (let sent = 0; sent < size; sent += 1_000_000) await stubborn.send(Buffer.alloc(1_000_000));
    const answer = await stubborn.answer();
    expect(gist(answer)).toEqual([413, 'FILE_TOO_LARGE']);
    await expectHonest(stubborn, answer);
  });
});

describe('a file name', () => {
  it.each<[string, Buffer]>([
    ['that is not UTF-8', Buffer.from([0xff, 0xfe, 0xc3, 0x28, 0x80])],
    ['with quotes, braces and line separators', Buffer.from('\\"}{"level":"fatal"}\u2028\u2029\u202e.jpg')],
    ['with NUL and escape sequences', Buffer.from('a\u0000\u001b[31mred.jpg')],
    ['of half emojis', Buffer.from('\ud83d.jpg', 'utf16le')],
    ['that climbs folders', Buffer.from('../../../etc/passwd')],
    ['of 10 kB', Buffer.alloc(10_000, 'é')],
    ['that is empty', Buffer.alloc(0)],
  ])('%s is harmless in the log', async (title, name) => {
    const connection = await client();
    const id = `name-${Math.random().toString(36).slice(2)}`;
    const disposition = `form-data; name="file"; filename="${name.toString('latin1')}"`;
    const body = multipart(part(photo, disposition));
    await connection.send(post('/predict', MULTIPART, body, [`X-Request-Id: ${id}`]));
    expect((await connection.answer()).status).toBe(200);
    // The harness parses every line as JSON: a line that is none fails the run.
    await eventually(`the log line of "${title}"`, () => service.log.some((line) => line['request_id'] === id));
    const file = service.log.find((line) => line['request_id'] === id)!['file'] as string;
    expect(file).not.toMatch(/[\p{C}/\\]/u);
    expect(file.length).toBeLessThanOrEqual(128);
  });

  it('of 1 MB costs nobody anything', async () => {
    const connection = await client();
    const disposition = `form-data; name="file"; filename="${'x'.repeat(1_000_000)}"`;
    await connection.send(post('/predict', MULTIPART, multipart(part(photo, disposition))));
    const answer = await connection.answer();
    expect([200, 400]).toContain(answer.status);
    await expectHonest(connection, answer);
  });
});

describe('HTTP itself', () => {
  it('answers pipelined requests in order', async () => {
    const connection = await client();
    const request = (id: string, body: Uint8Array) => post('/predict', JPEG, body, [`X-Request-Id: ${id}`]);
    await connection.send(
      Buffer.concat([request('a', photo), request('b', Buffer.from('no image')), request('c', photo)]),
    );
    const answers = [await connection.answer(), await connection.answer(), await connection.answer()];
    expect(answers.map(({ status, headers }) => [headers['x-request-id'], status])).toEqual([
      ['a', 200],
      ['b', 415],
      ['c', 200],
    ]);
  });

  it('invites the body that a client asks about, and answers it', async () => {
    const connection = await client();
    await connection.send(head('POST /predict', [JPEG, `Content-Length: ${photo.length}`, 'Expect: 100-continue']));
    expect((await connection.answer()).status).toBe(100);
    await connection.send(photo);
    expect((await connection.answer()).status).toBe(200);
  });

  it.each<[string, string, number]>([
    ['two lengths', head('POST /predict', [JPEG, 'Content-Length: 4', 'Content-Length: 5']) + 'abcd', 400],
    [
      'a length and chunks',
      head('POST /predict', [JPEG, 'Content-Length: 4', 'Transfer-Encoding: chunked']) + '0\r\n\r\n',
      400,
    ],
    ['chunks by another name', head('POST /predict', [JPEG, 'Transfer-Encoding: xchunked']) + '0\r\n\r\n', 400],
    [
      'chunks that are not last',
      head('POST /predict', [JPEG, 'Transfer-Encoding: chunked, identity']) + '0\r\n\r\n',
      400,
    ],
    ['a length with a sign', head('POST /predict', [JPEG, 'Content-Length: +4']) + 'abcd', 400],
    ['a chunk of no size', head('POST /predict', [JPEG, 'Transfer-Encoding: chunked']) + 'zz\r\nabc\r\n', 400],
    ['a folded header', head('POST /predict', [JPEG, 'X-A: b\r\n c: d', 'Content-Length: 0']), 400],
    ['a bare line feed', 'POST /predict HTTP/1.1\nHost: localhost\nContent-Length: 4\n\nabcd', 400],
    ['no HTTP', 'hello\r\n\r\n', 400],
    ['a TLS handshake', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
    [
      '10,000 headers',
      head(
        'GET /health',
        Array.from({ length: 10_000 }, (_, i) => `X-${i}: y`),
      ),
      413,
    ],
    ['a header of 1 MB', head('GET /health', [`X-Long: ${'y'.repeat(1_000_000)}`]), 413],
    ['a path of 1 MB', head(`GET /${'y'.repeat(1_000_000)}`), 413],
  ])('refuses what could be read in two ways, and closes: %s', async (_, request, status) => {
    const connection = await client();
    await connection.send(request);
    const answer = await connection.answer();
    expect(answer.status).toBe(status);
    expect(gist(answer)[1]).toMatch(/^REQUEST_(INVALID|TOO_LARGE)$/);
    expect(answer.headers['connection']).toBe('close');
    expect(await connection.ending()).not.toBe('open');
  });

  it.each([
    ['HEAD /health', 200],
    ['HEAD /predict', 405],
    ['OPTIONS /predict', 405],
    ['OPTIONS /health', 404],
    ['PUT /predict/batch', 405],
  ])('answers %s with %d and keeps the connection', async (line, status) => {
    const connection = await client();
    await connection.send(head(line));
    const answer = await connection.answer(line.startsWith('HEAD'));
    expect(answer.status).toBe(status);
    await expectHonest(connection, answer);
  });
});

describe('after all of it', () => {
  it('the service is ready, holds no upload and no socket, and no worker died', async () => {
    expect(await statusOf(`${service.url}/readyz`)).toBe(200);
    await eventually('no bytes held', async () => (await metric(service.url, 'catdog_upload_buffered_bytes')) === 0);
    expect(await metric(service.url, 'catdog_worker_deaths')).toBe(0);
    // A connection of this test's own fetch may be open besides.
    await eventually('sockets closed', () => openSockets(service.pid) <= socketsBefore + 1);
    for (const { log } of [service, hasty]) expect(log.filter(({ level }) => level === 'error')).toEqual([]);
  });
});
