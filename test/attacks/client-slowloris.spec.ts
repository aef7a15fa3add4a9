import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { startService, type RunningService } from '../../apps/inference/test/support/start-service.ts';

/*
 * One client opens many connections and finishes none of its requests, to leave no place for others (Slowloris). From an
 * address of its own, so that limits by client meet it and not the others.
 */

const CONNECTIONS = 200;
const ATTACKER = '127.0.0.2';

let service: RunningService;
const open: Socket[] = [];

beforeAll(async () => {
  service = await startService({ MODEL_URI: '' });
});
afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy();
});
afterAll(() => service.stop());

/** How far the requests come: not at all, into the request line, into a header. */
const beginnings = ['', 'GET /hea', 'POST /predict HTTP/1.1\r\nHost: localhost\r\nX-'];

/** Opens them all. @returns a promise for each that resolves when the service ends it. */
function attack(): readonly Promise<unknown>[] {
  const { port } = new URL(service.url);
  return Array.from({ length: CONNECTIONS }, (_, index) => {
    const socket = connect({ host: '127.0.0.1', port: Number(port), localAddress: ATTACKER });
    open.push(socket);
    // A reset is an end as well.
    socket.on('error', () => undefined);
    socket.on('connect', () => socket.write(beginnings[index % beginnings.length]!));
    socket.resume();
    return once(socket, 'close');
  });
}

it('200 connections that finish no request leave others their answers, and are ended by the service', async () => {
  const ends = attack();
  for (let asked = 0; asked < 20; asked++) expect((await fetch(`${service.url}/health`)).status).toBe(200);
  await Promise.all(ends);
  expect((await fetch(`${service.url}/livez`)).status).toBe(200);
});
