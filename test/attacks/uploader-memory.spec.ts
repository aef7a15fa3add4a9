import { readFileSync } from 'node:fs';
import { eventually } from '@pawl/test-kit/eventually';
import { catPhoto } from '@pawl/test-kit/repository';
import { type RunningService, startService } from '../../apps/inference/test/support/start-service.ts';
import { metric, residentMb } from '../../apps/inference/test/survival/support/facts.ts';
import {
  BOUNDARY,
  codeOf,
  head,
  MULTIPART,
  multipart,
  part,
  post,
  RawClient,
} from '../../apps/inference/test/survival/support/raw-client.ts';

const photo = readFileSync(catPhoto);
const JPEG = 'Content-Type: image/jpeg';
/** What a flood may leave behind, MB: garbage of V8's young generation, far below the 600 MB that it once took. */
const ALLOWED_MB = 150;
const CHUNKS = 1_500_000;

let service: RunningService;
const clients: RawClient[] = [];
const connect = async (): Promise<RawClient> => {
  const client = await RawClient.connect(service.url);
  clients.push(client);
  return client;
};
const held = () => metric(service.url, 'catdog_upload_buffered_bytes');
const predict = async (): Promise<number> => {
  const client = await connect();
  await client.send(post('/predict', JPEG, photo));
  return (await client.answer()).status;
};

beforeAll(async () => {
  service = await startService({ WORKERS: '1' });
  for (let count = 0; count < 20; count += 1) await predict();
});
afterEach(() => {
  for (const client of clients.splice(0)) client.hangUp();
});
afterAll(async () => {
  await service.stop();
});

describe('an uploader who cuts a body into tiny chunks', () => {
  const tiny = (text: string) => Buffer.from(text.replaceAll(/[^]/g, '1\r\n$&\r\n'), 'latin1');
  const preamble = tiny('A'.repeat(5_000));
  const opened = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n`;

  it.each<[string, string, string]>([
    ['of the image itself', JPEG, ''],
    ['of a preamble', MULTIPART, ''],
    ['of a part', MULTIPART, opened],
    ['of a header of a part', MULTIPART, `--${BOUNDARY}\r\nX-Long: `],
    ['of an epilogue', MULTIPART, `${opened}${photo.toString('latin1')}\r\n--${BOUNDARY}--\r\n`],
  ])('%s costs no memory and is told why it is refused', async (_, type, start) => {
    const before = residentMb(service.pid);
    const client = await connect();
    const first = Buffer.from(start, 'latin1');
    await client.send(head('POST /predict', [type, 'Transfer-Encoding: chunked']));
    if (first.length > 0) await client.send(`${first.length.toString(16)}\r\n`, first, '\r\n');
    for (let sent = 0; sent < CHUNKS; sent += 5_000) await client.send(preamble);
    // Whoever goes on sending may find the connection closed before the answer is read.
    const answer = await client.answer().catch(() => undefined);
    if (answer !== undefined) expect([answer.status, codeOf(answer)]).toEqual([400, 'UPLOAD_FRAGMENTED']);
    expect(await client.ending()).not.toBe('open');
    expect(residentMb(service.pid) - before).toBeLessThan(ALLOWED_MB);
    await eventually('nothing is held', async () => (await held()) === 0);
    expect(await predict()).toBe(200);
  });

  it('is answered as long as there are not many of them', async () => {
    const client = await connect();
    const chunks = photo.subarray(0, 5_000);
    await client.send(head('POST /predict', [JPEG, 'Transfer-Encoding: chunked']));
    await client.send(tiny(chunks.toString('latin1')));
    const rest = photo.subarray(5_000);
    await client.send(`${rest.length.toString(16)}\r\n`, rest, '\r\n0\r\n\r\n');
    expect((await client.answer()).status).toBe(200);
  });
});

describe('an uploader who floods the form around the picture', () => {
  const cut = (...parts: Uint8Array[]) => post('/predict', MULTIPART, multipart(...parts));
  const junk = Buffer.alloc(11_000_000, 'x');
  const chunked = (body: Uint8Array) =>
    Buffer.concat([
      Buffer.from(head('POST /predict', [MULTIPART, 'Transfer-Encoding: chunked'])),
      Buffer.from(`${body.length.toString(16)}\r\n`),
      body,
      Buffer.from('\r\n0\r\n\r\n'),
    ]);
  const headers = (count: number) =>
    Buffer.from(
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n${'X: y\r\n'.repeat(count)}\r\n\r\n`,
    );

  it.each<[string, Uint8Array, number, string]>([
    ['a preamble', chunked(Buffer.concat([junk, multipart(part(photo))])), 413, 'FILE_TOO_LARGE'],
    ['an epilogue', chunked(Buffer.concat([multipart(part(photo)), junk])), 413, 'FILE_TOO_LARGE'],
    ['parts of nothing', cut(Buffer.from(`--${BOUNDARY}\r\n`.repeat(50_000))), 413, 'REQUEST_TOO_LARGE'],
    ['headers', cut(...Array.from({ length: 10 }, () => headers(10_000))), 400, 'TOO_MANY_FILES'],
  ])('with %s is refused, and nothing is kept', async (_, request, status, code) => {
    const before = residentMb(service.pid);
    const client = await connect();
    await client.send(request);
    const answer = await client.answer();
    expect([answer.status, codeOf(answer)]).toEqual([status, code]);
    expect(residentMb(service.pid) - before).toBeLessThan(ALLOWED_MB);
    await eventually('nothing is held', async () => (await held()) === 0);
  });
});

describe('uploaders who send nine megabytes each and then nothing', () => {
  const size = 9_080_000;
  const stall = async (): Promise<RawClient> => {
    const client = await connect();
    const body = Buffer.concat([photo.subarray(0, 3), Buffer.alloc(size, '0')]);
    await client.send(head('POST /predict', [JPEG, `Content-Length: ${body.length + 10}`]), body);
    return client;
  };

  it('keep nobody out: small pictures at once, large ones as soon as the stalled are known', async () => {
    const stalled = await Promise.all(Array.from({ length: 11 }, stall));
    await eventually('the large share is spent', async () => (await held()) > 70_000_000);
    expect(await predict()).toBe(200);
    // A picture as large as theirs, which needs the room of one of them.
    await eventually('a large picture is answered', async () => {
      const client = await connect();
      const large = Buffer.concat([photo, Buffer.alloc(size - photo.length)]);
      await client.send(post('/predict', JPEG, large));
      return (await client.answer()).status === 200;
    });
    // And without anybody in need of it, the rest of them go too.
    const answers = await Promise.all(stalled.map((client) => client.answer().catch(() => undefined)));
    const codes = new Set(answers.map((answer) => (answer === undefined ? 'closed' : codeOf(answer))));
    expect([...codes].every((code) => ['UPLOAD_TIMEOUT', 'OVERLOADED', 'closed'].includes(code))).toBe(true);
    expect(codes).toContain('UPLOAD_TIMEOUT');
    await eventually('nothing is held', async () => (await held()) === 0);
  });
});
