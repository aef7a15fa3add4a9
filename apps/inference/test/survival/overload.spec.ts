import { setTimeout as sleep } from 'node:timers/promises';
import { catPhoto } from '@pawl/test-kit/repository';
import { startService, type RunningService } from '../support/start-service.ts';
import { eventually } from '@pawl/test-kit/eventually';
import { productionRuntime } from '@pawl/test-kit/production-runtime';
import { metric, quantile, report, residentMb, statusOf } from './support/facts.ts';
import { load } from './support/load.ts';

const seconds = Number(process.env['PAWL_TEST_OVERLOAD_SECONDS'] ?? '5');
/** Beyond what a full queue takes on the busiest machine: what is accepted is answered. */
const REQUEST_DEADLINE_MS = 60_000;
/** The deadline counts from the end of the upload; the client counts from its start. */
const UPLOAD_MS = 30_000;
/** What may be held beyond the warm service: uploads within the budget, and what the allocator keeps of them. */
const EXTRA_MB = 150;

describe('four times the load that the service can carry', () => {
  let service: RunningService;

  beforeAll(async () => {
    service = await startService({
      // What keeps memory down is a matter of the allocator too (docs/decisions/0005).
      ...productionRuntime().env,
      REQUEST_DEADLINE_MS: String(REQUEST_DEADLINE_MS),
      UPLOAD_MEMORY_BYTES: '50000000',
      // As by default: it is what keeps liveness going.
      WORKER_NICENESS: '5',
    });
  });
  afterAll(async () => {
    await service.stop();
  });

  it(
    `for ${seconds} s is refused politely beyond what is served, and liveness never fails`,
    async () => {
      await load(service.url, catPhoto, 'closed', 8, 1_000);
      const calm = await load(service.url, catPhoto, 'closed', 8, 2_000);
      expect(Object.keys(calm.byStatus)).toEqual(['200']);
      const capacity = (calm.byStatus['200'] ?? 0) / (calm.elapsedMs / 1000);
      const warmMb = residentMb(service.pid);

      const probes: number[] = [];
      const probeStatuses = new Set<number>();
      let peakMb = 0;
      const stop = new AbortController();
      const probing = (async () => {
        while (!stop.signal.aborted) {
          const begin = performance.now();
          probeStatuses.add(await statusOf(`${service.url}/livez`));
          probes.push(performance.now() - begin);
          peakMb = Math.max(peakMb, residentMb(service.pid));
          // The pace of the looks; the end of the storm ends them.
          await sleep(50);
        }
      })();
      const storm = await load(service.url, catPhoto, 'open', 4 * capacity, seconds * 1000);
      stop.abort();
      await probing;

      report(`offered ${Math.round(4 * capacity)}/s for ${seconds} s`, {
        'capacity, images/s': Math.round(capacity),
        sent: storm.sent,
        answers: JSON.stringify(storm.byStatus),
        'served, images/s': Math.round((storm.byStatus['200'] ?? 0) / (storm.elapsedMs / 1000)),
        'calm p50/p99, ms': `${ms(calm.acceptedMs, 0.5)}/${ms(calm.acceptedMs, 0.99)}`,
        'accepted p50/p99/max, ms': [0.5, 0.99, 1].map((share) => ms(storm.acceptedMs, share)).join('/'),
        'livez p50/p99/max, ms': [0.5, 0.99, 1].map((share) => ms(probes, share)).join('/'),
        'resident warm/peak/after, MB': `${warmMb}/${peakMb}/${residentMb(service.pid)}`,
      });
      expect(storm.broken).toEqual({});
      expect(storm.withoutRetryAfter).toBe(0);
      expect(Object.keys(storm.byStatus).sort()).toEqual(['200', '429']);
      expect(Object.values(storm.byStatus).reduce((a, b) => a + b)).toBe(storm.sent);
      expect(Math.max(...storm.acceptedMs)).toBeLessThanOrEqual(REQUEST_DEADLINE_MS + UPLOAD_MS);
      expect([...probeStatuses]).toEqual([200]);
      expect(peakMb).toBeLessThanOrEqual(warmMb + EXTRA_MB);

      const afterwards = await load(service.url, catPhoto, 'closed', 1, 1);
      expect(afterwards.byStatus).toEqual({ 200: 1 });
      await eventually(
        'nothing is held',
        async () => (await metric(service.url, 'catdog_upload_buffered_bytes')) === 0,
      );
      expect(await metric(service.url, 'catdog_worker_deaths')).toBe(0);
    },
    300_000 + seconds * 3_000,
  );
});

const ms = (values: readonly number[], share: number): number => Math.round(quantile(values, share));
