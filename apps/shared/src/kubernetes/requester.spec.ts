import { gzipSync } from 'node:zlib';
import { FakeClock } from '../concurrency/test/fake-clock.ts';
import { isKindMissing } from './api-error.ts';
import { type ScriptedAnswer, clientOf, FakeServer, status } from './test/fake-server.ts';
import { things } from './test/things.ts';

/** Answers of servers that mean harm, or are none of Kubernetes. */
describe('the client of the API server', () => {
  const server = new FakeServer();
  let address: string;

  beforeAll(async () => {
    address = await server.start();
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    server.answers.length = 0;
    server.received.length = 0;
  });

  const failureOf = (promise: Promise<unknown>) =>
    promise.then(
      () => 'no failure',
      (error: unknown) => error,
    );

  it.each([301, 307, 308])('follows no redirect (%i), which would take its token along', async (code) => {
    const other = new FakeServer();
    const location = `${await other.start()}/elsewhere`;
    server.answers.push({ status: code, json: {}, headers: { location } });
    const client = clientOf(address);
    expect(await failureOf(client.get(things, 'ns', 'a'))).toMatchObject({
      name: 'ApiError',
      status: code,
      message: 'unexpected redirect',
    });
    expect([server.received.length, other.received.length]).toEqual([1, 0]);
    await client.close();
    await other.stop();
  });

  it.each<[string, ScriptedAnswer, object]>([
    [
      'an object without end',
      (response) => {
        const write = (): void => {
          while (!response.destroyed && response.write('x'.repeat(1000)));
        };
        response.on('drain', write);
        write();
      },
      { name: 'ApiUnreachable', failedAt: 'answer' },
    ],
    [
      'an object a byte too long',
      (response) => response.end(JSON.stringify('x'.repeat(999))),
      { name: 'ApiUnreachable', failedAt: 'answer' },
    ],
    [
      'what is packed, which it did not ask for',
      (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('"unpacked"')),
      { name: 'ApiUnreachable', failedAt: 'answer' },
    ],
    [
      'a refusal without end',
      (response) => {
        response.writeHead(502);
        const write = (): void => {
          while (!response.destroyed && response.write('x'.repeat(1000)));
        };
        response.on('drain', write);
        write();
      },
      { name: 'ApiError', status: 502, message: 'The API server answered 502.' },
    ],
  ])('gives up on %s, and ends the connection', async (_title, answer, expected) => {
    const closed = Promise.withResolvers<undefined>();
    server.answers.push((response) => {
      response.on('close', () => {
        closed.resolve(undefined);
      });
      (answer as (to: typeof response) => void)(response);
    });
    const client = clientOf(address, { maxBytes: 1000 });
    expect(await failureOf(client.get(things, 'ns', 'a'))).toMatchObject(expected);
    await closed.promise;
    await client.close();
  });

  it('takes an object that is as long as may be, and a list of eight of them', async () => {
    const long = `"${'x'.repeat(998)}"`;
    const list = { metadata: { resourceVersion: '1' }, items: [], filler: 'x'.repeat(7000) };
    server.answers.push((response) => response.end(long), { status: 200, json: list });
    const client = clientOf(address, { maxBytes: 1000 });
    expect(await client.get(things, 'ns', 'a')).toBe('x'.repeat(998));
    expect((await client.list(things)).items).toEqual([]);
    await client.close();
  });

  it('gives up on a watch whose line has no end', async () => {
    server.answers.push((response) => {
      response.write('{"type":"ADDED",');
      response.write('x'.repeat(2000));
    });
    const client = clientOf(address, { maxBytes: 1000 });
    const watch = client.watch(things, {}, new AbortController().signal);
    expect(await failureOf(watch.next())).toMatchObject({ name: 'ApiUnreachable', failedAt: 'answer' });
    await client.close();
  });

  it('tells a kind that is missing from an object that is', async () => {
    server.answers.push(
      { status: 404, json: status(404, 'NotFound', 'no', { name: 'a' }) },
      { status: 404, json: status(404, 'NotFound', 'the server could not find the requested resource') },
      (response) => response.writeHead(404).end('404 page not found\n'),
    );
    const client = clientOf(address);
    expect(await client.get(things, 'ns', 'a')).toBeUndefined();
    expect(isKindMissing(await failureOf(client.get(things, 'ns', 'a')))).toBe(true);
    expect(isKindMissing(await failureOf(client.get(things, 'ns', 'a')))).toBe(true);
    await client.close();
  });

  it('tells what a proxy in between said, in one line', async () => {
    server.answers.push((response) => response.writeHead(503).end(`\n${'<html>'.repeat(100)}\nno`));
    const client = clientOf(address);
    const error = (await failureOf(client.get(things, 'ns', 'a'))) as Error;
    expect(error.message).toBe('<html>'.repeat(100).slice(0, 200));
    await client.close();
  });

  it('gives up after the time that it was made with, and with the signal that it was made with', async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    server.answers.push(
      () => undefined,
      () => undefined,
    );
    const client = clientOf(address, { clock, timeoutMs: 500, signal: stop.signal });
    const slow = failureOf(client.get(things, 'ns', 'a'));
    while (server.received.length === 0) await clock.settle();
    await clock.advance(500);
    expect(await slow).toMatchObject({ name: 'ApiUnreachable', failedAt: 'timeout' });
    const stopped = failureOf(client.get(things, 'ns', 'a'));
    while (server.received.length === 1) await clock.settle();
    const reason = new Error('enough');
    stop.abort(reason);
    expect(await stopped).toBe(reason);
    expect(clock.pending).toBe(0);
    await client.close();
  });
});
