import {
  ApiError,
  ApiUnreachable,
  isAlreadyExists,
  isConflict,
  isForbidden,
  isGone,
  isInvalid,
  isNotFound,
} from './api-error.ts';
import type { KubeClientOptions } from './client.ts';
import type { WatchEvent } from './requests.ts';
import { aThing, type Thing, things } from './test/things.ts';
import { FakeClock } from '../concurrency/test/fake-clock.ts';
import { type ScriptedAnswer, clientOf, FakeServer, status } from './test/fake-server.ts';

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

function setUp(answers: readonly ScriptedAnswer[], options: KubeClientOptions = {}, token?: () => string) {
  server.answers.push(...answers);
  return clientOf(address, options, token);
}

const ok = (json: unknown): ScriptedAnswer => ({ status: 200, json });
const never = new AbortController().signal;

async function collect(watch: AsyncIterable<WatchEvent<Thing>>): Promise<string[]> {
  const seen: string[] = [];
  for await (const { type, object } of watch) seen.push(`${type} ${object.metadata.name}`);
  return seen;
}

/** Sends each piece in a packet of its own, then ends or breaks. */
const stream =
  (pieces: readonly (string | Buffer)[], end: 'end' | 'break' | 'stay' = 'end'): ScriptedAnswer =>
  (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    const next = (index: number): void => {
      const piece = pieces[index];
      if (piece !== undefined) {
        response.write(piece);
        setTimeout(next, 5, index + 1);
      } else if (end === 'end') response.end();
      else if (end === 'break') response.destroy();
    };
    next(0);
  };

const event = (type: string, object: unknown): string => `${JSON.stringify({ type, object })}\n`;

describe('KubeClient', () => {
  it('asks for one object, with its credentials', async () => {
    const client = setUp([ok(aThing('a'))]);
    expect(await client.get(things, 'ns', 'a')).toEqual(aThing('a'));
    expect(server.received[0]).toMatchObject({
      method: 'GET',
      path: '/apis/pawl.test/v1/namespaces/ns/things/a',
      headers: { authorization: 'Bearer very-secret-token', 'user-agent': 'pawl-test', accept: 'application/json' },
    });
    await client.close();
  });

  it('finds core and cluster-scoped objects at their paths', async () => {
    const client = setUp([ok({}), ok({})]);
    await client.get({ group: '', version: 'v1', plural: 'pods', kind: 'Pod' }, 'ns', 'p/../x');
    await client.get({ group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace' }, undefined, 'ns');
    expect(server.received.map(({ path }) => path)).toEqual([
      '/api/v1/namespaces/ns/pods/p%2F..%2Fx',
      '/api/v1/namespaces/ns',
    ]);
    await client.close();
  });

  it('reads a list page by page and gives items their kind', async () => {
    const bare = { metadata: { name: 'a', namespace: 'ns' } };
    const client = setUp([
      ok({ metadata: { resourceVersion: '7', continue: 'next' }, items: [bare] }),
      ok({ metadata: { resourceVersion: '7', continue: '' }, items: null }),
    ]);
    const pages = [];
    for await (const page of client.pages(things, { namespace: 'ns', labelSelector: 'a=b,c', limit: 1 }))
      pages.push(page);
    expect(pages).toEqual([
      { items: [{ ...bare, apiVersion: 'pawl.test/v1', kind: 'Thing' }], resourceVersion: '7', continue: 'next' },
      { items: [], resourceVersion: '7', continue: undefined },
    ]);
    expect(server.received.map(({ query }) => Object.fromEntries(query))).toEqual([
      { labelSelector: 'a=b,c', limit: '1' },
      { labelSelector: 'a=b,c', limit: '1', continue: 'next' },
    ]);
    await client.close();
  });

  it('writes in every way', async () => {
    const client = setUp(Array.from({ length: 7 }, () => ok({})));
    const thing = aThing('a');
    await client.create(things, thing, { fieldManager: 'me' });
    await client.update(things, thing, { subresource: 'status' });
    await client.apply(things, { ...thing, kind: 'x' }, { fieldManager: 'me', force: true, dryRun: true });
    await client.mergePatch(things, 'ns', 'a', { metadata: { labels: { a: 'b' } } }, { resourceVersion: '5' });
    await client.mergePatch(things, 'ns', 'a', { spec: null }, { subresource: 'status' });
    await client.jsonPatch(things, 'ns', 'a', [{ op: 'remove', path: '/spec' }]);
    await client.delete(things, 'ns', 'a', { uid: 'u', resourceVersion: '5', propagationPolicy: 'Foreground' });
    const path = '/apis/pawl.test/v1/namespaces/ns/things';
    expect(
      server.received.map(({ method, query, headers, body, ...rest }) => [
        `${method} ${rest.path}${query.size === 0 ? '' : '?'}${query.toString()}`,
        headers['content-type'],
        body,
      ]),
    ).toEqual([
      [`POST ${path}?fieldManager=me`, 'application/json', thing],
      [`PUT ${path}/a/status`, 'application/json', thing],
      [`PATCH ${path}/a?dryRun=All&fieldManager=me&force=true`, 'application/apply-patch+yaml', thing],
      [`PATCH ${path}/a`, 'application/merge-patch+json', { metadata: { labels: { a: 'b' }, resourceVersion: '5' } }],
      [`PATCH ${path}/a/status`, 'application/merge-patch+json', { spec: null }],
      [`PATCH ${path}/a`, 'application/json-patch+json', [{ op: 'remove', path: '/spec' }]],
      [
        `DELETE ${path}/a`,
        'application/json',
        {
          apiVersion: 'v1',
          kind: 'DeleteOptions',
          preconditions: { uid: 'u', resourceVersion: '5' },
          propagationPolicy: 'Foreground',
        },
      ],
    ]);
    await client.close();
  });

  it('takes a missing object for undefined when read and for done when deleted', async () => {
    const missing = { status: 404, json: status(404, 'NotFound', 'things "a" not found', { name: 'a' }) };
    const client = setUp([missing, missing]);
    expect(await client.get(things, 'ns', 'a')).toBeUndefined();
    await client.delete(things, 'ns', 'a');
    await client.close();
  });

  const kinds = { isNotFound, isConflict, isAlreadyExists, isGone, isForbidden, isInvalid };
  it.each<[number, string, keyof typeof kinds | undefined]>([
    [409, 'Conflict', 'isConflict'],
    [409, 'AlreadyExists', 'isAlreadyExists'],
    [410, 'Expired', 'isGone'],
    [403, 'Forbidden', 'isForbidden'],
    [422, 'Invalid', 'isInvalid'],
    [404, 'NotFound', 'isNotFound'],
    [500, 'InternalError', undefined],
  ])('tells a refusal %i %s by its kind', async (code, reason, kind) => {
    const client = setUp([{ status: code, json: status(code, reason, 'no') }]);
    const error: unknown = await client.update(things, aThing('a')).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: 'ApiError', status: code, reason, message: 'no' });
    expect(Object.entries(kinds).filter(([, is]) => is(error))).toEqual(
      kind === undefined ? [] : [[kind, kinds[kind]]],
    );
    await client.close();
  });

  it('tells a refusal that is no Status object, from a proxy in between', async () => {
    const client = setUp([(response) => response.writeHead(502).end('<html>')]);
    await expect(client.get(things, 'ns', 'a')).rejects.toMatchObject({ status: 502, reason: '' });
    await client.close();
  });

  it('waits as a 429 asks and tries once more', async () => {
    const busy = { status: 429, json: status(429, 'TooManyRequests', 'slow down'), headers: { 'retry-after': '3' } };
    const clock = new FakeClock();
    const client = setUp([busy, ok({ name: 'second' }), busy, busy], { clock });
    const got = client.get(things, 'ns', 'a');
    while (server.received.length === 0 || clock.pending < 2) await clock.settle();
    await clock.advance(2_999);
    expect(server.received).toHaveLength(1);
    await clock.advance(1);
    expect(await got).toEqual({ name: 'second' });
    const refused = client.get(things, 'ns', 'a').catch((error: unknown) => error);
    while (server.received.length < 3 || clock.pending < 2) await clock.settle();
    await clock.advance(3_000);
    expect(await refused).toMatchObject({ status: 429, retryAfterSeconds: 3 });
    expect(server.received).toHaveLength(4);
    await client.close();
  });

  it('leaves a pause that is longer than the call may take to its caller', async () => {
    const headers = { 'retry-after': '60' };
    const clock = new FakeClock();
    const client = setUp([{ status: 429, json: status(429, 'TooManyRequests', 'slow down'), headers }], { clock });
    const refused = client.get(things, 'ns', 'a').catch((error: unknown) => error);
    while (clock.pending < 2) await clock.settle();
    await clock.advance(10_000);
    expect(await refused).toMatchObject({ status: 429, retryAfterSeconds: 60 });
    await client.close();
  });

  it('reads the kubeconfig again after a 401, once', async () => {
    const tokens = ['old', 'new', 'newer'];
    const refusal = { status: 401, json: status(401, 'Unauthorized', 'Unauthorized') };
    const client = setUp([refusal, ok({}), refusal, refusal], {}, () => tokens.shift()!);
    await client.get(things, 'ns', 'a');
    expect(server.received.map(({ headers }) => headers.authorization)).toEqual(['Bearer old', 'Bearer new']);
    await expect(client.get(things, 'ns', 'a')).rejects.toMatchObject({ status: 401 });
    expect(server.received).toHaveLength(4);
    await client.close();
  });

  it('gives up a call without an answer, and begins the next one afresh', async () => {
    const clock = new FakeClock();
    const client = setUp([() => undefined, ok({})], { clock });
    const call = client.get(things, 'ns', 'a', { timeoutMs: 1000 }).catch((error: unknown) => error);
    while (server.received.length === 0) await clock.settle();
    await clock.advance(1000);
    const error = await call;
    expect(error).toBeInstanceOf(ApiUnreachable);
    expect((error as Error).message).toBe('GET /apis/pawl.test/v1/namespaces/ns/things/a: no answer in time.');
    expect(await client.get(things, 'ns', 'a')).toEqual({});
    expect(clock.pending).toBe(0);
    await client.close();
  });

  it.each<[string, ScriptedAnswer]>([
    ['cut before the answer', (response) => response.destroy()],
    [
      'cut within the answer',
      (response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('{', () => response.destroy());
      },
    ],
    ['broken JSON', (response) => response.end('{')],
  ])('is unreachable when the answer is %s', async (_title, answer) => {
    const client = setUp([answer]);
    await expect(client.get(things, 'ns', 'a')).rejects.toBeInstanceOf(ApiUnreachable);
    await client.close();
  });

  it.each<[string, readonly ScriptedAnswer[]]>([
    ['broke connections', [(response) => response.destroy(), (response) => response.destroy()]],
    [
      'was not ready',
      [
        { status: 503, json: {} },
        { status: 500, json: {} },
      ],
    ],
  ])('tells once that a server that %s is back', async (_title, answers) => {
    const client = setUp([ok({}), ...answers, ok({}), ok({})]);
    let back = 0;
    const unlisten = client.onBack(() => (back += 1));
    const get = () => client.get(things, 'ns', 'a').catch(() => undefined);
    await get();
    for (let asked = 0; asked < answers.length; asked++) await get();
    expect(back).toBe(0);
    await get();
    await get();
    expect(back).toBe(1);
    server.answers.push(answers[0]!, ok({}));
    unlisten();
    await get();
    await get();
    expect(back).toBe(1);
    await client.close();
  });

  it('takes silence for absence, and a caller who lost interest for nothing', async () => {
    const clock = new FakeClock();
    const client = setUp([() => undefined], { clock });
    let back = 0;
    client.onBack(() => (back += 1));
    const gone = new AbortController();
    const left = client.get(things, 'ns', 'a', { signal: gone.signal }).catch(() => undefined);
    while (server.received.length === 0) await clock.settle();
    gone.abort(new Error('enough'));
    await left;
    server.answers.push(ok({}));
    await client.get(things, 'ns', 'a');
    expect(back).toBe(0);

    server.answers.push(() => undefined, ok({}));
    server.received.length = 0;
    const silent = client.get(things, 'ns', 'a', { timeoutMs: 1000 }).catch(() => undefined);
    while (server.received.length === 0) await clock.settle();
    await clock.advance(1000);
    await silent;
    await client.get(things, 'ns', 'a');
    expect(back).toBe(1);
    await client.close();
  });

  it('throws the reason of its caller’s signal, before and during a call', async () => {
    const client = setUp([() => undefined]);
    const controller = new AbortController();
    const reason = new Error('not wanted any more');
    const call = client.get(things, 'ns', 'a', { signal: controller.signal });
    setTimeout(() => {
      controller.abort(reason);
    }, 20);
    await expect(call).rejects.toBe(reason);
    await expect(client.get(things, 'ns', 'a', { signal: controller.signal })).rejects.toBe(reason);
    await client.close();
  });

  it('never tells its token', async () => {
    const client = clientOf('http://127.0.0.1:1');
    const error: unknown = await client.get(things, 'ns', 'a').catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ApiUnreachable);
    expect((error as Error).message).toContain('ECONNREFUSED');
    expect(JSON.stringify(error) + String((error as Error).stack)).not.toContain('very-secret');
    await client.close();
  });

  it('counts its requests by verb and code', async () => {
    const seen: string[] = [];
    const observer = { requested: (verb: string, code: string) => seen.push(`${verb} ${code}`) };
    const refusal = { status: 404, json: status(404, 'NotFound', 'no', { name: 'a' }) };
    const client = setUp([refusal, ok({}), (response) => response.destroy()], { observer });
    await client.get(things, 'ns', 'a');
    await client.apply(things, aThing('a'), { fieldManager: 'me' });
    await client.delete(things, 'ns', 'a').catch(() => undefined);
    expect(seen).toEqual(['get 404', 'apply 200', 'delete unreachable']);
    await client.close();
  });
});

describe('KubeClient.watch', () => {
  it('reads events however they are cut into packets', async () => {
    const text = Buffer.from(
      event('ADDED', aThing('ä')) + '\n' + event('MODIFIED', aThing('b')) + event('BOOKMARK', aThing('')),
    );
    const pieces = [text.subarray(0, 60), text.subarray(60, 61)];
    const umlaut = text.indexOf(Buffer.from('ä')) + 1;
    pieces.push(text.subarray(61, umlaut), text.subarray(umlaut));
    const client = setUp([stream(pieces.filter((piece) => piece.length > 0))]);
    const watch = client.watch(things, { resourceVersion: '5', timeoutSeconds: 9 }, never);
    expect(await collect(watch)).toEqual(['ADDED ä', 'MODIFIED b', 'BOOKMARK ']);
    expect(Object.fromEntries(server.received[0]!.query)).toEqual({
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: '5',
      timeoutSeconds: '9',
    });
    await client.close();
  });

  it.each<[string, ScriptedAnswer]>([
    ['as the answer', { status: 410, json: status(410, 'Expired', 'too old resource version: 1 (100)') }],
    ['as an event', stream([event('ERROR', status(410, 'Expired', 'too old resource version: 1 (100)'))], 'stay')],
  ])('throws the same error for a 410 %s', async (_title, answer) => {
    const client = setUp([answer]);
    const error: unknown = await collect(client.watch(things, {}, never)).catch((caught: unknown) => caught);
    expect(isGone(error)).toBe(true);
    expect(error).toMatchObject({ status: 410, reason: 'Expired', message: 'too old resource version: 1 (100)' });
    await client.close();
  });

  it('is unreachable when the stream breaks', async () => {
    const client = setUp([stream([event('ADDED', aThing('a'))], 'break')]);
    await expect(collect(client.watch(things, {}, never))).rejects.toBeInstanceOf(ApiUnreachable);
    await client.close();
  });

  it('waits for events beyond its timeout, but not for the beginning of the answer', async () => {
    const clock = new FakeClock();
    const client = setUp([stream([event('ADDED', aThing('a'))], 'stay'), () => undefined], { clock });
    const controller = new AbortController();
    const watch = client.watch(things, { timeoutMs: 1000 }, controller.signal)[Symbol.asyncIterator]();
    expect((await watch.next()).value).toMatchObject({ type: 'ADDED' });
    const second = watch.next();
    await clock.advance(60_000);
    controller.abort(new Error('enough'));
    await expect(second).rejects.toThrow('enough');

    const silent = collect(client.watch(things, { timeoutMs: 1000 }, never)).catch((error: unknown) => error);
    while (server.received.length < 2) await clock.settle();
    await clock.advance(1000);
    expect(await silent).toBeInstanceOf(ApiUnreachable);
    expect(clock.pending).toBe(0);
    await client.close();
  });

  it('ends the connection when its consumer leaves', async () => {
    const closed = Promise.withResolvers<undefined>();
    const client = setUp([
      (response) => {
        response.on('close', () => {
          closed.resolve(undefined);
        });
        response.write(event('ADDED', aThing('a')));
      },
    ]);
    for await (const { type } of client.watch(things, {}, never)) {
      expect(type).toBe('ADDED');
      break;
    }
    await closed.promise;
    await client.close();
  });
});

describe('ApiError', () => {
  it('cuts messages that quote too much', () => {
    expect(new ApiError(422, 'Invalid', 'x'.repeat(5000)).message.length).toBeLessThan(1100);
  });
});

describe('a proxy of the environment', () => {
  const before = { ...process.env };
  afterEach(() => {
    process.env = { ...before };
  });

  it.each(['HTTP_PROXY', 'http_proxy'])('is not asked: %s', async (name) => {
    // Nobody listens there.
    process.env[name] = 'http://127.0.0.1:1';
    const client = setUp([ok({ metadata: { name: 'x' } })]);
    expect((await client.get(things, 'ns', 'x', { signal: never }))?.metadata.name).toBe('x');
    await client.close();
  });
});
