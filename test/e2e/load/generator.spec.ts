import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { eventually } from '@pawl/test-kit/eventually';
import type { Outcome, RawReport } from './generator.ts';

const program = fileURLToPath(new URL('generator.ts', import.meta.url));
const photo = (name: string) =>
  fileURLToPath(new URL(`../../../apps/inference/public/examples/${name}.jpg`, import.meta.url));

interface Generator {
  readonly process: ChildProcess;
  readonly report: () => Promise<RawReport>;
  readonly post: (path: string) => Promise<Response>;
  /** Sends SIGTERM and gives the last line. */
  readonly end: () => Promise<Record<string, unknown>>;
}

async function start(target: string, env: Record<string, string> = {}): Promise<Generator> {
  const child = spawn(process.execPath, [program, target, photo('owl'), photo('harold')], {
    env: { ...process.env, NODE_OPTIONS: '', LOAD_PORT: '0', LOAD_RATE: '50', LOAD_TIMEOUT_MS: '60000', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  reader.on('line', (line) => lines.push(line));
  await once(reader, 'line');
  const { port } = JSON.parse(lines[0]!) as { port: number };
  const url = `http://127.0.0.1:${port}`;
  return {
    process: child,
    report: async () => (await (await fetch(`${url}/report`)).json()) as RawReport,
    post: (path) => fetch(`${url}${path}`, { method: 'POST' }),
    end: async () => {
      child.kill('SIGTERM');
      await once(child, 'exit');
      return JSON.parse(lines.at(-1)!) as Record<string, unknown>;
    },
  };
}

/** Waits until the generator's report is as `holds` says. */
async function reported(generator: Generator, holds: (report: RawReport) => boolean): Promise<RawReport> {
  return await eventually('such a report', async () => {
    const report = await generator.report();
    return holds(report) && report;
  });
}

const counts = ({ records, outcomes }: RawReport) =>
  Object.fromEntries(outcomes.map((name, i) => [name, records.filter((record) => record[2] === i).length]));

const answer = JSON.stringify({ label: 'cat', confidence: 1, model_digest: 'sha256:aa' });

/** What the bad server can do to a request, and what the generator must call it. */
const faults: Readonly<
  Record<string, { readonly outcome: Outcome; readonly act: (response: ServerResponse) => void }>
> = {
  answer: { outcome: 'ok', act: (response) => response.end(answer) },
  'refuse for overload': { outcome: 'busy', act: (response) => response.writeHead(429).end('{}') },
  'have no CPU left': {
    outcome: 'stalled',
    act: (response) => response.writeHead(503, { 'retry-after': '1' }).end('{"error":{"code":"SERVICE_STALLED"}}'),
  },
  'have no model': {
    outcome: 'status',
    act: (response) => response.writeHead(503, { 'retry-after': '1' }).end('{"error":{"code":"MODEL_NOT_READY"}}'),
  },
  'fail with 500': { outcome: 'status', act: (response) => response.writeHead(500).end('{}') },
  'say 404': { outcome: 'status', act: (response) => response.writeHead(404).end('{}') },
  'reset before the answer': { outcome: 'reset', act: (response) => response.socket?.resetAndDestroy() },
  'close before the answer': { outcome: 'reset', act: (response) => response.socket?.destroy() },
  'close in the middle of the body': {
    outcome: 'truncated',
    act: (response) => {
      response.writeHead(200, { 'content-length': 1000 });
      response.write(answer, () => response.socket?.destroy());
    },
  },
  'end a chunked body early': {
    outcome: 'truncated',
    act: (response) => {
      response.writeHead(200, { 'transfer-encoding': 'chunked' });
      response.write(answer, () => response.socket?.resetAndDestroy());
    },
  },
  'hang before the answer': { outcome: 'timeout', act: () => undefined },
  'hang in the body': {
    outcome: 'timeout',
    act: (response) => {
      response.writeHead(200, { 'content-length': 1000 });
      response.write(answer);
    },
  },
  'answer with something else': { outcome: 'garbled', act: (response) => response.end('<html>') },
  'answer without a digest': { outcome: 'garbled', act: (response) => response.end('{"label":"cat"}') },
};

describe('the load generator', () => {
  it('counts every kind of fault of a bad server as what it is', async () => {
    const done: Record<string, number> = {};
    const acts = Object.values(faults);
    let turn = 0;
    const server = createServer((incoming, response) => {
      incoming.resume();
      incoming.on('error', () => undefined);
      incoming.on('end', () => {
        const fault = acts[turn++ % acts.length]!;
        done[fault.outcome] = (done[fault.outcome] ?? 0) + 1;
        fault.act(response);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const generator = await start(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, {
      // For what hangs; what is answered is answered by then.
      LOAD_TIMEOUT_MS: '5000',
    });
    await eventually('every fault five times', () => turn >= 5 * acts.length);
    await generator.post('/rate?value=0');
    const report = await reported(generator, ({ pending }) => pending === 0);
    const last = await generator.end();
    server.closeAllConnections();
    server.close();

    const expected = Object.fromEntries(report.outcomes.map((name) => [name, done[name] ?? 0]));
    const counted = counts(report);
    // A hang is the generator's own fault where a busy machine kept it from running meanwhile, which is the next test's.
    const { own = 0, timeout = 0 } = counted;
    expect({ ...counted, own: 0, timeout: timeout + own }).toEqual(expected);
    expect(new Set(Object.keys(done)).size).toBe(8);
    expect(last).toMatchObject({ message: 'load ended', total: report.total, counts: counted });
    expect(report.digests).toEqual(['sha256:aa']);
    expect(report.failures.find(({ outcome }) => outcome === 'status')?.reason).toMatch(/^(500|404|503) /);
  });

  it('says refused when nobody listens, and that it was not its own fault', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    const generator = await start(`http://127.0.0.1:${port}`);
    await reported(generator, ({ total }) => total > 5);
    const { counts: counted } = (await generator.end()) as { counts: Record<Outcome, number> };
    expect(counted.refused).toBeGreaterThan(5);
    expect(counted.own).toBe(0);
  });

  it('takes timeouts while it did not run itself for its own fault', async () => {
    const server = createServer((incoming) => incoming.resume()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const generator = await start(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, {
      LOAD_TIMEOUT_MS: '1000',
    });
    await reported(generator, ({ pending }) => pending > 0);
    generator.process.kill('SIGSTOP');
    // How long it stands still, beyond the time that a request may take: time is the subject here.
    await sleep(1_500);
    generator.process.kill('SIGCONT');
    await generator.post('/rate?value=0');
    const report = await reported(generator, ({ pending }) => pending === 0);
    await generator.end();
    server.closeAllConnections();
    server.close();
    expect(counts(report)['own']).toBeGreaterThan(0);
    expect(report.failures.map(({ reason }) => reason)).toContainEqual(expect.stringContaining('stood still'));
    expect(report.notSent.late).toBeGreaterThan(0);
  });

  it('sends at its rate whatever the answers take, on new and on kept connections, raw and multipart', async () => {
    const perConnection = new Map<unknown, number>();
    const kinds = new Set<string | undefined>();
    const held: ServerResponse[] = [];
    let arrived = 0;
    const server = createServer((incoming, response) => {
      perConnection.set(incoming.socket, (perConnection.get(incoming.socket) ?? 0) + 1);
      kinds.add(incoming.headers['content-type']?.split(';')[0]);
      incoming.resume();
      // None of the first is answered until all are there: a generator that waited for answers would stop.
      held.push(response);
      if (arrived++ >= 100 || held.length === 100) for (const each of held.splice(0)) each.end(answer);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const generator = await start(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, {
      LOAD_RATE: '100',
      LOAD_MAX_IN_FLIGHT: '1000',
    });
    await reported(generator, ({ total, notSent }) => total + notSent.late > 250);
    await generator.post('/rate?value=0');
    const report = await reported(generator, ({ pending }) => pending === 0);
    await generator.end();
    server.closeAllConnections();
    server.close();

    expect(counts(report)).toMatchObject({ ok: report.total });
    expect(report.notSent.full).toBe(0);
    expect([...kinds].sort()).toEqual(['image/jpeg', 'multipart/form-data']);
    const requests = [...perConnection.values()];
    const single = requests.filter((count) => count === 1).length;
    expect(single / report.total).toBeGreaterThan(0.4);
    expect(Math.max(...requests)).toBeGreaterThan(1);
    expect(Math.max(...requests)).toBeLessThanOrEqual(25);
  });

  it('sends no more than it may have in flight, and says how many it left out', async () => {
    const server = createServer((incoming) => incoming.resume()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const generator = await start(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, {
      LOAD_MAX_IN_FLIGHT: '5',
    });
    const { pending, notSent } = await reported(generator, (report) => report.notSent.full > 5);
    await generator.post('/rate?value=0');
    server.closeAllConnections();
    await generator.end();
    server.close();
    expect(pending).toBe(5);
    expect(notSent.full).toBeGreaterThan(5);
  });
});
