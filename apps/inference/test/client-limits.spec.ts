import { readFileSync } from 'node:fs';
import { eventually } from '@pawl/test-kit/eventually';
import { catPhoto } from '@pawl/test-kit/repository';
import { codeOf, head, post, RawClient } from './survival/support/raw-client.ts';
import { startTestService, type TestService } from './support/test-service.ts';

const photo = readFileSync(catPhoto);
const JPEG = 'Content-Type: image/jpeg';
let service: TestService;
const clients: RawClient[] = [];
const start = async (env: Record<string, string>): Promise<void> => {
  service = await startTestService({ env });
};
afterEach(async () => {
  for (const client of clients.splice(0)) client.hangUp();
  await service.app.close();
});

const connect = async (): Promise<RawClient> => {
  const client = await RawClient.connect(service.url);
  clients.push(client);
  return client;
};
const gist = async (client: RawClient) => {
  const answer = await client.answer();
  return answer.status === 200 ? 200 : `${answer.status} ${codeOf(answer)}`;
};
/** Sends a picture for somebody, by a proxy; what came back. */
const askFor = async (forwardedFor: string) => {
  const client = await connect();
  await client.send(post('/predict', JPEG, photo, [`X-Forwarded-For: ${forwardedFor}`]));
  return gist(client);
};
/** Holds every picture at the model until it is let go. */
const holdPictures = (): (() => void) => {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  service.backend.behaviour = async () => {
    await promise;
    return service.backend.answer(-3);
  };
  return () => {
    resolve(undefined);
  };
};

describe('connections of one client', () => {
  it('above the limit are answered with the reason and closed; others go on, and a closed one makes room', async () => {
    await start({ CLIENT_MAX_CONNECTIONS: '2' });
    const [first] = [await connect(), await connect()];
    const third = await connect();
    await third.send(head('GET /health'));
    const answer = await third.answer();
    expect([answer.status, codeOf(answer), answer.headers['connection'], answer.headers['retry-after']]).toEqual([
      429,
      'CLIENT_LIMITED',
      'close',
      '1',
    ]);
    expect(await third.ending()).not.toBe('open');
    await first.send(post('/predict', JPEG, photo));
    expect(await gist(first)).toBe(200);
    first.hangUp();
    await eventually('there is room again', async () => {
      const again = await connect();
      await again.send(head('GET /health'));
      const isTaken = (await gist(again)) === 200;
      if (!isTaken) again.hangUp();
      return isTaken;
    });
  });

  it('above the limit are closed when they say nothing', async () => {
    await start({ CLIENT_MAX_CONNECTIONS: '1' });
    await connect();
    expect(await (await connect()).ending()).not.toBe('open');
  });

  it('are not counted for a trusted proxy, behind which are many clients', async () => {
    await start({ CLIENT_MAX_CONNECTIONS: '1', TRUSTED_PROXIES: 'loopback' });
    expect([await askFor('192.0.2.1'), await askFor('192.0.2.1'), await askFor('192.0.2.2')]).toEqual([200, 200, 200]);
  });
});

describe('requests of one client at once', () => {
  it('above the limit are refused, but not those of another client of the proxy, nor probes', async () => {
    await start({ CLIENT_MAX_REQUESTS: '1', TRUSTED_PROXIES: '127.0.0.0/8' });
    const release = holdPictures();
    service.backend.seen.length = 0;
    const first = askFor('192.0.2.1');
    await eventually('the picture is at the model', () => service.backend.seen.length === 1);
    expect(await askFor('192.0.2.1')).toBe('429 CLIENT_LIMITED');
    // What the client writes itself does not count: the last address is the proxy's word.
    expect(await askFor('198.51.100.7, 192.0.2.1')).toBe('429 CLIENT_LIMITED');
    const other = askFor('2001:db8::1');
    await eventually('the other picture is at the model', () => service.backend.seen.length === 2);
    release();
    expect([await first, await other, await askFor('192.0.2.1')]).toEqual([200, 200, 200]);
  });

  it('count by the connection where no proxy is trusted, whatever the headers say', async () => {
    await start({ CLIENT_MAX_REQUESTS: '1' });
    const release = holdPictures();
    service.backend.seen.length = 0;
    const first = askFor('192.0.2.1');
    await eventually('the picture is at the model', () => service.backend.seen.length === 1);
    expect(await askFor('192.0.2.2')).toBe('429 CLIENT_LIMITED');
    for (const probe of ['livez', 'readyz', 'health', 'metrics'])
      expect((await fetch(`${service.url}/${probe}`)).status).toBe(200);
    release();
    expect(await first).toBe(200);
  });

  it('are forgotten when the client goes away in the middle', async () => {
    await start({ CLIENT_MAX_REQUESTS: '1' });
    const client = await connect();
    await client.send(post('/predict', JPEG, photo).subarray(0, 20_000));
    await eventually('it counts', async () => (await askFor('')) === '429 CLIENT_LIMITED');
    client.hangUp('reset');
    await eventually('it is forgotten', async () => (await askFor('')) === 200);
  });
});

describe('bytes of one client', () => {
  it('above ten seconds of its rate make it wait, and no other client', async () => {
    const rate = Math.ceil(photo.length / 15);
    await start({ CLIENT_MAX_BYTES_PER_SECOND: String(rate), TRUSTED_PROXIES: 'loopback' });
    expect(await askFor('192.0.2.1')).toBe(200);
    expect(await askFor('192.0.2.1')).toBe('429 CLIENT_LIMITED');
    expect(await askFor('192.0.2.2')).toBe(200);
  });
});
