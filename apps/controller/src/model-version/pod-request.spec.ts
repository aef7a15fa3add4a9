import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { FakeClock } from '@pawl/shared/concurrency/test/fake-clock';
import { askPod, type PodFailure, type PodRequest } from './pod-request.ts';

/** A pod that answers every connection with whatever bytes a test writes. */
class EvilPod {
  readonly #server: Server;
  readonly sockets: Socket[] = [];
  /** What it was asked, headers and all. */
  asked = '';

  constructor(answer: (socket: Socket) => void) {
    this.#server = createServer((socket) => {
      this.sockets.push(socket);
      socket.on('error', () => undefined);
      socket.once('data', (bytes) => {
        this.asked += bytes.toString();
        answer(socket);
      });
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((listening) => this.#server.listen(0, '127.0.0.1', listening));
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Waits until the one who asked has let go of the connection. */
  async ended(): Promise<void> {
    await Promise.all(
      this.sockets
        .filter(({ closed }) => !closed)
        .map((socket) => new Promise((resolve) => socket.once('close', resolve))),
    );
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.#server.close();
  }
}

const MAX = 1024;
const pods: EvilPod[] = [];
afterEach(() => {
  for (const pod of pods.splice(0)) pod.close();
});

async function ask(answer: (socket: Socket) => void, more: Partial<PodRequest> = {}) {
  const pod = new EvilPod(answer);
  pods.push(pod);
  const address = await pod.listen();
  const { signal } = new AbortController();
  return { pod, address, answered: askPod(address, { path: '/metrics', maxBytes: MAX, signal, ...more }) };
}

const writes =
  (head: string, body: string | Uint8Array = '') =>
  (socket: Socket): void => {
    socket.write(`HTTP/1.1 ${head}\r\n\r\n`);
    socket.end(body);
  };
/** Sends for as long as somebody takes it. */
const endlessly =
  (head: string) =>
  (socket: Socket): void => {
    const send = (): void => {
      while (!socket.destroyed && socket.write('x'.repeat(16_384)));
    };
    socket.on('drain', send);
    socket.write(`HTTP/1.1 ${head}\r\n\r\n`);
    send();
  };

describe('a pod', () => {
  it('is asked for what is not encoded, and answers up to the last byte that is allowed', async () => {
    const { pod, answered } = await ask(writes(`200 OK\r\ncontent-length: ${MAX}`, 'é'.repeat(MAX / 2)));
    expect(await answered).toEqual({ status: 200, text: 'é'.repeat(MAX / 2) });
    expect(pod.asked).toContain('accept-encoding: identity\r\n');
  });

  it('gets an image as a POST', async () => {
    const { pod, answered } = await ask(writes('200 OK'), { path: '/predict', image: Buffer.from('a cat') });
    await answered;
    expect(pod.asked).toMatch(/^POST \/predict HTTP\/1.1\r\n/);
    expect(pod.asked).toMatch(/\r\ncontent-length: 5\r\n/i);
  });

  it.each<[string, (socket: Socket) => void, PodFailure, string]>([
    [
      'redirects',
      writes('302 Found\r\nlocation: http://10.0.0.1/internal'),
      'redirect',
      '/metrics redirects (302) to http://10.0.0.1/internal, and no redirect of a pod is followed',
    ],
    ['redirects nowhere', writes('308 Moved'), 'redirect', '/metrics redirects (308), and no redirect of a pod'],
    [
      'answers with a gzip bomb',
      writes('200 OK\r\ncontent-encoding: gzip', gzipSync(Buffer.alloc(1_000_000))),
      'encoded',
      '/metrics answers in the content-encoding gzip; it was asked for identity',
    ],
    [
      'announces too much',
      writes(`200 OK\r\ncontent-length: ${MAX + 1}`),
      'too-large',
      `/metrics answers with more than ${MAX} bytes, and was read no further`,
    ],
    [
      'sends less than it announced',
      writes('200 OK\r\ncontent-length: 100', 'x'.repeat(99)),
      'cut-off',
      'the answer of /metrics was cut off (ECONNRESET)',
    ],
    [
      'closes the connection',
      (socket) => socket.destroy(),
      'cut-off',
      'it closed the connection without an answer of /metrics (ECONNRESET)',
    ],
    [
      'is no web server',
      (socket) => socket.end('SSH-2.0-OpenSSH\r\n'),
      'not-http',
      '/metrics answers with something that is no HTTP (HPE_',
    ],
    [
      'has two lengths',
      writes('200 OK\r\ncontent-length: 1\r\ncontent-length: 900', 'x'),
      'not-http',
      '/metrics answers with something that is no HTTP (HPE_',
    ],
    ['wants another protocol', writes('101 Switching\r\nupgrade: x\r\nconnection: upgrade'), 'cut-off', 'it closed'],
  ])('that %s is refused in true words', async (_title, answer, kind, message) => {
    const { answered } = await ask(answer);
    const error: unknown = await answered.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ kind });
    expect((error as Error).message.startsWith(message)).toBe(true);
  });

  it.each<[string, PodFailure, (socket: Socket) => void]>([
    ['a body without an end', 'too-large', endlessly('200 OK')],
    ['a redirect without an end', 'redirect', endlessly('302 Found')],
    [
      'tiny chunks without an end',
      'too-large',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
        socket.write('1\r\nx\r\n'.repeat(2 * MAX));
      },
    ],
  ])('that sends %s is read no further than allowed, and loses its connection', async (_title, kind, answer) => {
    const { pod, answered } = await ask(answer);
    await expect(answered).rejects.toMatchObject({ kind });
    await pod.ended();
    expect(pod.sockets.map(({ closed }) => closed)).toEqual([true]);
  });

  it('that is not there is said to refuse connections', async () => {
    const pod = new EvilPod(writes('200 OK'));
    const address = await pod.listen();
    pod.close();
    const { signal } = new AbortController();
    await expect(askPod(address, { path: '/metrics', maxBytes: MAX, signal })).rejects.toThrow(
      'it refuses connections (ECONNREFUSED)',
    );
  });
});

describe('the time of a pod', () => {
  it('ends while an answer drips, however long it goes on', async () => {
    const clock = new FakeClock();
    const dripped = Promise.withResolvers<undefined>();
    const { pod, answered } = await ask(
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\n\r\nx', () => {
          dripped.resolve(undefined);
        });
      },
      { clock, timeoutMs: 2_000 },
    );
    const error = answered.catch((thrown: unknown) => thrown);
    await dripped.promise;
    const [socket] = pod.sockets;
    // The end of the time finds the answer begun, whenever its first byte arrives.
    for (let drips = 0; drips < 20; drips += 1) {
      socket?.write('x');
      await clock.settle();
    }
    await clock.advance(2_000);
    expect(await error).toMatchObject({ kind: 'timeout' });
    await pod.ended();
    expect(clock.pending).toBe(0);
  });

  it('ends while no answer comes', async () => {
    const clock = new FakeClock();
    const { answered } = await ask(() => undefined, { clock, timeoutMs: 2_000 });
    const error = answered.catch((thrown: unknown) => thrown);
    await clock.advance(2_000);
    expect(await error).toMatchObject({ kind: 'timeout', message: 'no answer of /metrics came within 2 s' });
  });

  it('ends with the signal, whose reason is told', async () => {
    const stop = new AbortController();
    const { answered } = await ask(
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\n\r\nx', () => {
          stop.abort(new Error('the lease is lost'));
        });
      },
      { signal: stop.signal },
    );
    await expect(answered).rejects.toThrow('the lease is lost');
  });
});
