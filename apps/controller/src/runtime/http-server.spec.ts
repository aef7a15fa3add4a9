import { HttpServer, type HttpServerOptions } from './http-server.ts';
import { Metrics } from './metrics.ts';
import { FakeClock } from '@pawl/shared/concurrency/test/fake-clock';
import { MemoryLogger } from './test/fake-objects.ts';
import { WorkQueue } from './work-queue.ts';

async function withServer(options: Partial<HttpServerOptions>, use: (base: string) => Promise<void>): Promise<void> {
  const metrics = new Metrics();
  const server = new HttpServer({ metrics, logger: new MemoryLogger(), ready: () => undefined, ...options });
  const port = await server.listen(0, '127.0.0.1');
  try {
    await use(`http://127.0.0.1:${port}`);
  } finally {
    await server.close();
  }
  await expect(fetch(`http://127.0.0.1:${port}/livez`)).rejects.toThrow();
}

const answer = async (url: string, init?: RequestInit): Promise<[number, string]> => {
  const response = await fetch(url, { ...init, headers: { connection: 'close' } });
  return [response.status, (await response.text()).trim()];
};

describe('HttpServer', () => {
  it('answers probes by what its callbacks say', async () => {
    const state: { alive?: string; ready?: string } = { ready: 'modelversions are not listed' };
    await withServer({ alive: () => state.alive, ready: () => state.ready }, async (base) => {
      expect(await answer(`${base}/livez`)).toEqual([200, 'ok']);
      expect(await answer(`${base}/readyz?verbose`)).toEqual([503, 'modelversions are not listed']);
      delete state.ready;
      state.alive = 'a worker hangs';
      expect(await answer(`${base}/readyz`)).toEqual([200, 'ok']);
      expect(await answer(`${base}/livez`)).toEqual([503, 'a worker hangs']);
    });
  });

  it('serves the metrics of the process and of the application', async () => {
    const metrics = new Metrics();
    metrics.observedGauge('pawl_controller_versions', 'Versions by phase.', ['phase'], () => [
      { labels: { phase: 'Ready' }, value: 2 },
    ]);
    await withServer({ metrics }, async (base) => {
      const response = await fetch(`${base}/metrics`, { headers: { connection: 'close' } });
      expect(response.headers.get('content-type')).toContain('text/plain');
      const text = await response.text();
      expect(text).toContain('pawl_controller_versions{phase="Ready"} 2');
      expect(text).toContain('process_cpu_seconds_total');
    });
  });

  it('refuses other paths and methods, and outlives a callback that throws', async () => {
    const ready = (): undefined => {
      throw new Error('a bug');
    };
    await withServer({ ready }, async (base) => {
      expect(await answer(`${base}/nothing`)).toEqual([404, 'not found']);
      expect(await answer(`${base}/livez`, { method: 'POST' })).toEqual([405, 'method not allowed']);
      expect(await answer(`${base}/livez`, { method: 'HEAD' })).toEqual([200, '']);
      expect((await answer(`${base}/readyz`))[0]).toBe(500);
      expect((await answer(`${base}/livez`))[0]).toBe(200);
    });
  });

  it('serves what the program adds, without the query', async () => {
    const other = (path: string) =>
      path === '/things' ? { status: 418, type: 'application/json', body: '{}' } : undefined;
    await withServer({ other }, async (base) => {
      const response = await fetch(`${base}/things?x=1`, { headers: { connection: 'close' } });
      expect([response.status, await response.text()]).toEqual([418, '{}']);
      expect(response.headers.get('content-type')).toBe('application/json');
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(await answer(`${base}/things`, { method: 'HEAD' })).toEqual([418, '']);
      expect(await answer(`${base}/things`, { method: 'PUT' })).toEqual([405, 'method not allowed']);
      expect(await answer(`${base}/nothing`)).toEqual([404, 'not found']);
    });
  });

  it('says when its port is taken', async () => {
    const common = { metrics: new Metrics(), logger: new MemoryLogger(), ready: () => undefined };
    const first = new HttpServer(common);
    const port = await first.listen(0, '127.0.0.1');
    await expect(new HttpServer(common).listen(port, '127.0.0.1')).rejects.toThrow('EADDRINUSE');
    await first.close();
  });
});

describe('Metrics', () => {
  it('has a metric for everything that the runtime reports', async () => {
    const metrics = new Metrics();
    const queue = new WorkQueue({ clock: new FakeClock() });
    metrics.observeQueues([queue]);
    metrics.loop.reconciled('success', 0.2);
    metrics.loop.failed('timeout');
    metrics.api.requested('apply', '200', 0.01);
    const informer = metrics.informer('Thing');
    informer.restarted('gone');
    informer.relisted();
    metrics.leading(true);
    queue.add('a');
    const text = await metrics.text();
    for (const line of [
      'pawl_controller_reconcile_duration_seconds_count{outcome="success"} 1',
      'pawl_controller_reconcile_errors_total{reason="timeout"} 1',
      'pawl_controller_api_request_duration_seconds_count{verb="apply",code="200"} 1',
      'pawl_controller_watch_restarts_total{kind="Thing",reason="gone"} 1',
      'pawl_controller_relists_total{kind="Thing"} 1',
      'pawl_controller_missed_events_total{kind="Thing"} 0',
      'pawl_controller_queue_depth 1',
      'pawl_controller_leader 1',
    ])
      expect(text).toContain(line);
    informer.missed(3);
    metrics.leading(false);
    expect(await metrics.text()).toContain('pawl_controller_missed_events_total{kind="Thing"} 3');
    expect(await metrics.text()).toContain('pawl_controller_leader 0');
  });

  it('drops the rows of a gauge that are no longer returned', async () => {
    const metrics = new Metrics();
    const rows = [{ labels: { phase: 'Ready' }, value: 1 }];
    metrics.observedGauge('pawl_controller_versions', 'Versions by phase.', ['phase'], () => rows);
    expect(await metrics.text()).toContain('phase="Ready"');
    rows.length = 0;
    expect(await metrics.text()).not.toContain('phase="Ready"');
  });
});
