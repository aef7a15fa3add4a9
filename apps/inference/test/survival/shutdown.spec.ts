import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { catPhoto } from '@pawl/test-kit/repository';
import { launchService, startService, type RunningService } from '../support/start-service.ts';
import { eventually } from '@pawl/test-kit/eventually';
import { statusOf } from './support/facts.ts';
import { post, RawClient } from './support/raw-client.ts';

const photo = readFileSync(catPhoto);
const JPEG = 'Content-Type: image/jpeg';
/** Time for a busy machine to look at what happens during the delay. */
const DRAIN_DELAY_MS = 5_000;
const DRAIN_TIMEOUT_MS = 60_000;
const drains = { DRAIN_DELAY_MS: String(DRAIN_DELAY_MS), DRAIN_TIMEOUT_MS: String(DRAIN_TIMEOUT_MS) };

let service: RunningService;
const started: RunningService[] = [];

async function start(env: Readonly<Record<string, string>> = drains): Promise<void> {
  service = await startService(env);
  started.push(service);
}
afterEach(async () => {
  await Promise.all(started.splice(0).map((one) => one.stop()));
});

/**
 * One prediction: its status, and whether the server will close the connection; or, without an answer, the error's code,
 * and 'broken off' for half an answer.
 */
function predict(agent: Agent): Promise<{ status: number | string; closes: boolean }> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'image/jpeg', 'content-length': photo.byteLength };
    const outgoing = request(`${service.url}/predict`, { method: 'POST', agent, headers }, (response) => {
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, closes: response.headers.connection === 'close' });
      });
      response.on('error', () => {
        resolve({ status: 'broken off', closes: true });
      });
      response.resume();
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      resolve({ status: error.code ?? 'broken', closes: true });
    });
    outgoing.end(photo);
  });
}

/** Who predicts in a row until told to stop, or until nobody listens any more. */
class Client {
  /** Every outcome in order. */
  readonly outcomes: (number | string)[] = [];
  /** Resolves when it has stopped. */
  readonly stopped: Promise<void>;

  constructor(agent: Agent, stop: AbortSignal) {
    this.stopped = this.#predict(agent, stop);
  }

  async #predict(agent: Agent, stop: AbortSignal): Promise<void> {
    while (!stop.aborted && this.outcomes.at(-1) !== 'ECONNREFUSED') this.outcomes.push((await predict(agent)).status);
  }
}

/** Every client is at work: it has had its first answer. */
async function underLoad(clients: readonly Client[]): Promise<void> {
  await eventually('an answer for every client', () => clients.every(({ outcomes }) => outcomes.length > 0));
}

/** Every outcome of clients, when all have stopped. */
async function outcomesOf(clients: readonly Client[]): Promise<(number | string)[]> {
  await Promise.all(clients.map(({ stopped }) => stopped));
  return clients.flatMap(({ outcomes }) => outcomes);
}

describe.each(['SIGTERM', 'SIGINT'] as const)('%s under load', (signal) => {
  it('fails readiness at once, serves everybody through the delay, and loses no request of those who stop then', async () => {
    await start();
    const stop = new AbortController();
    // Two kinds of client: one keeps its connection while it may, one opens a new connection each time.
    const agents = [
      ...Array.from({ length: 3 }, () => new Agent({ keepAlive: true, maxSockets: 1 })),
      ...Array.from({ length: 3 }, () => new Agent({ keepAlive: false })),
    ];
    const clients = agents.map((agent) => new Client(agent, stop.signal));
    await underLoad(clients);

    const begin = performance.now();
    const ended = service.end(signal);
    await eventually('readiness fails', async () => (await statusOf(`${service.url}/readyz`)) === 503);
    expect(await statusOf(`${service.url}/livez`)).toBe(200);
    const during = await predict(new Agent({ keepAlive: true }));
    expect(during).toEqual({ status: 200, closes: true });
    expect((await predict(new Agent())).status).toBe(200);
    // What an endpoint controller does: it takes the pod out while the delay runs. Time is the subject here.
    await sleep(DRAIN_DELAY_MS / 2 - (performance.now() - begin));
    stop.abort();
    const outcomes = await outcomesOf(clients);

    // It is 1 when the time to drain was not enough.
    expect(await ended).toBe(0);
    expect(outcomes.length).toBeGreaterThan(clients.length);
    expect(outcomes.filter((outcome) => outcome !== 200 && outcome !== 429)).toEqual([]);
  });
});

describe('a signal', () => {
  it('does not lose what is answered when the listener closes, to clients that ignore it', async () => {
    await start({ DRAIN_DELAY_MS: '200', DRAIN_MAX_DELAY_MS: '500', DRAIN_TIMEOUT_MS: String(DRAIN_TIMEOUT_MS) });
    const agents = Array.from({ length: 8 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
    const stop = new AbortController();
    const clients = agents.map((agent) => new Client(agent, stop.signal));
    await underLoad(clients);
    const ended = service.end('SIGTERM');
    expect(await ended).toBe(0);
    stop.abort();
    const outcomes = await outcomesOf(clients);
    const answered = outcomes.filter((outcome) => outcome === 200).length;
    const logged = service.log.filter(({ message }) => message.startsWith('predict | '));
    // Whatever the service took on, it answered, and the answer arrived.
    expect(logged.filter(({ status }) => status !== 200)).toEqual([]);
    expect(answered).toBe(logged.length);
    // Who comes when the listener closes is refused, or reset by the kernel when it waited to be accepted just then.
    const refused = new Set<number | string>(['ECONNREFUSED', 'ECONNRESET', 'EPIPE']);
    expect(outcomes.filter((outcome) => outcome !== 200 && !refused.has(outcome))).toEqual([]);
  });

  it('keeps the listener open for as long as requests come, whatever probes ask', async () => {
    await start();
    const ended = service.end('SIGTERM');
    await service.logged(/^draining/);
    const begin = performance.now();
    const stop = new AbortController();
    const client = new Client(new Agent({ keepAlive: false }), stop.signal);
    // Longer than the delay without requests would be. Time is the subject here.
    await sleep(DRAIN_DELAY_MS * 1.5 - (performance.now() - begin));
    stop.abort();
    const outcomes = await outcomesOf([client]);
    // The kubelet goes on asking; that keeps nobody here.
    await eventually('nobody listens', async () => {
      const probed = await statusOf(`${service.url}/readyz`).catch(() => 'refused');
      return probed === 'refused';
    });
    expect(await ended).toBe(0);
    expect(outcomes.filter((outcome) => outcome !== 200)).toEqual([]);
    const closed = service.log.find(({ message }) => message === 'closing the listener');
    expect(closed).toMatchObject({ requests: outcomes.length });
  });

  it('lets a slow upload finish', async () => {
    await start();
    const client = await RawClient.connect(service.url);
    const bytes = post('/predict', JPEG, photo);
    await client.send(bytes.subarray(0, 10_000));
    const ended = service.end('SIGTERM');
    await service.logged(/^closing the listener/);
    await client.send(bytes.subarray(10_000));
    const answer = await client.answer();
    expect([answer.status, answer.headers['connection']]).toEqual([200, 'close']);
    expect(await ended).toBe(0);
  });

  it('counts once: a second one of either kind changes nothing', async () => {
    await start();
    const ended = service.end('SIGTERM');
    await service.logged(/^draining/);
    process.kill(service.pid, 'SIGTERM');
    process.kill(service.pid, 'SIGINT');
    expect((await predict(new Agent())).status).toBe(200);
    expect(await ended).toBe(0);
    expect(service.log.filter(({ message }) => /^draining/.test(message))).toHaveLength(1);
  });

  it('ends with exit code 1 when a request outlives the time to drain', async () => {
    await start({ DRAIN_DELAY_MS: '200', DRAIN_TIMEOUT_MS: '1000' });
    const client = await RawClient.connect(service.url);
    await client.send(post('/predict', JPEG, photo).subarray(0, 10_000));
    await eventually('the upload is under way', async () => (await statusOf(`${service.url}/readyz`)) === 200);
    expect(await service.end('SIGTERM')).toBe(1);
    expect(service.log.at(-1)).toMatchObject({ level: 'error', message: expect.stringMatching(/^drain deadline/) });
    client.hangUp();
  });

  it('ends an idle service with open keep-alive connections without waiting for them', async () => {
    await start({ DRAIN_DELAY_MS: '0', DRAIN_TIMEOUT_MS: String(DRAIN_TIMEOUT_MS) });
    const agent = new Agent({ keepAlive: true });
    expect((await predict(agent)).status).toBe(200);
    const untouched = await RawClient.connect(service.url);
    expect(await service.end('SIGTERM')).toBe(0);
    expect(await untouched.ending()).not.toBe('open');
    agent.destroy();
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    '%s is heard from the first moment on, before anybody listens',
    async (signal) => {
      const early = launchService(drains);
      started.push(early);
      await early.logged(/^starting$/);
      // By itself, not by the signal: process 1 of a container is not ended by one.
      expect(await early.end(signal)).toBe(0);
      expect(early.log.map(({ message }) => message)).not.toContain('listening');
    },
  );

  it.each(['SIGTERM', 'SIGINT'] as const)('%s ends a service whose model is still loading', async (signal) => {
    // Port and model settle in parallel; without a model to wait for, this returns while the model loads.
    await start({ DRAIN_DELAY_MS: '0', MODEL_URI: '' });
    expect(await service.end(signal)).toBe(0);
  });
});
