import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@pawl/test-kit/eventually';
import { DEADLY, poison } from '@pawl/test-kit/poison-worker';
import { catPhoto } from '@pawl/test-kit/repository';
import { startService, type RunningService } from '../support/start-service.ts';
import { metric, statusOf, threads } from './support/facts.ts';
import { codeOf } from './support/raw-client.ts';

const photo = readFileSync(catPhoto);
const deadly = Buffer.concat([photo, Buffer.from(DEADLY)]);

let service: RunningService;

async function start(workers: number): Promise<void> {
  service = await startService({
    WORKERS: String(workers),
    NODE_OPTIONS: `--no-warnings --import=${poison}`,
    // Loading a model again takes its time on a busy machine.
    REQUEST_DEADLINE_MS: '120000',
  });
}
afterEach(async () => {
  await service.stop();
});

/** Status and error code (or body) of a prediction. */
async function predict(image: Uint8Array): Promise<{ status: number; code: string; retryAfter: string | null }> {
  const headers = { 'content-type': 'image/jpeg' };
  const response = await fetch(`${service.url}/predict`, { method: 'POST', headers, body: Uint8Array.from(image) });
  const retryAfter = response.headers.get('retry-after');
  return { status: response.status, code: codeOf({ body: await response.text() }), retryAfter };
}

describe('a service whose only worker dies', () => {
  it('is not ready and says so until the next one is, and then serves again', async () => {
    await start(1);
    const threadsBefore = threads(service.pid);
    const wanted = ['503 No worker is alive; one is being started.', 'predict 503'];
    const seen = new Set<string>();
    // The image takes two workers with it, so that there is time to look; a busy machine may look past both.
    let images = 0;
    const kill = async () => {
      for (; images < 10 && wanted.some((one) => !seen.has(one)); images += 1) {
        await eventually('ready', async () => (await statusOf(`${service.url}/readyz`)) === 200);
        expect(await predict(deadly)).toMatchObject({ status: 500, code: 'WORKER_CRASHED' });
      }
    };
    const over = new AbortController();
    const killing = kill().finally(() => {
      over.abort();
    });
    while (!over.signal.aborted) {
      const ready = await fetch(`${service.url}/readyz`);
      const { reason } = (await ready.json()) as { reason?: string };
      if (ready.status === 503) {
        seen.add(`503 ${reason ?? ''}`);
        const { status, code, retryAfter } = await predict(photo);
        // The successor may have come between the two questions.
        if (status !== 200) expect([status, code, retryAfter]).toEqual([503, 'MODEL_NOT_READY', '5']);
        seen.add(`predict ${status}`);
      }
      expect(await statusOf(`${service.url}/livez`)).toBe(200);
      // The pace of the looks; the last deadly image ends them.
      await sleep(5);
    }
    await killing;
    expect([...seen]).toEqual(expect.arrayContaining(wanted));

    await eventually('ready again', async () => (await statusOf(`${service.url}/readyz`)) === 200);
    expect((await predict(photo)).status).toBe(200);
    expect(await metric(service.url, 'catdog_worker_deaths')).toBe(2 * images);
    expect(service.log.filter(({ message }) => /^worker died/.test(message))).toHaveLength(2 * images);
    await eventually('no thread left over', () => threads(service.pid) <= threadsBefore);
  });
});

describe('a service with two workers', () => {
  it('goes on serving everybody else while one image kills one after the other', async () => {
    await start(2);
    const others = Promise.all(Array.from({ length: 20 }, () => predict(photo)));
    const killers = Promise.all([predict(deadly), predict(deadly)]);
    expect((await killers).map(({ code }) => code)).toEqual(['WORKER_CRASHED', 'WORKER_CRASHED']);
    const statuses = (await others).map(({ status }) => status);
    // 503 is honest while no worker is alive at all; nobody gets the killers' 500.
    expect(statuses.filter((status) => status !== 200 && status !== 503)).toEqual([]);
    await eventually('both are back', async () => (await metric(service.url, 'catdog_workers_ready')) === 2);
    expect((await predict(photo)).status).toBe(200);
  });
});
