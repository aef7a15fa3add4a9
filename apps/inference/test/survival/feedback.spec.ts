import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { catdog, catPhoto } from '@pawl/test-kit/repository';
import { productionRuntime } from '@pawl/test-kit/production-runtime';
import { PredictionIds } from '../../src/prediction/prediction-id.ts';
import { sumOf } from '../support/estimated-accuracy.ts';
import { startService, type RunningService } from '../support/start-service.ts';
import { metric, report, residentMb } from './support/facts.ts';
import { load } from './support/load.ts';

const key = 'a-key-of-the-right-size';
/** As many as come in 30 s at 10,000 a second. */
const BATCHES = 300;
const ENTRIES = 1_000;
/** What remembers them takes 3 MB; the rest is what the heap and the allocator keep. */
const ALLOWED_MB = 50;

describe('a flood of feedback', () => {
  let service: RunningService;

  beforeAll(async () => {
    service = await startService({ ...productionRuntime().env, PREDICTION_ID_KEY: key });
  });
  afterAll(async () => {
    await service.stop();
  });

  it('is counted, takes bounded memory, and fails no prediction', async () => {
    const manifest = JSON.parse(await readFile(join(catdog, 'manifest.json'), 'utf8')) as {
      name: string;
      version: string;
    };
    const ids = new PredictionIds(key);
    const answer = { label: 'cat', confidence: 0.9, probabilities: {} };
    const batch = () =>
      JSON.stringify({
        feedback: Array.from({ length: ENTRIES }, (_, at) => ({
          prediction_id: ids.issue(answer, manifest),
          label: at % 10 === 0 ? 'dog' : 'cat',
        })),
      });
    await load(service.url, catPhoto, 'closed', 4, 2_000);
    const before = residentMb(service.pid);
    const sent = { isOver: false };
    const predictions: Record<string, number> = {};
    const predicting = (async () => {
      do {
        const { byStatus } = await load(service.url, catPhoto, 'closed', 2, 1_000);
        for (const [status, count] of Object.entries(byStatus))
          predictions[status] = (predictions[status] ?? 0) + count;
      } while (!sent.isOver);
    })();
    const statuses = new Set<number>();
    for (let at = 0; at < BATCHES; at += 4)
      await Promise.all(
        Array.from({ length: Math.min(4, BATCHES - at) }, async () => {
          const headers = { 'content-type': 'application/json' };
          const response = await fetch(`${service.url}/feedback`, { method: 'POST', body: batch(), headers });
          await response.arrayBuffer();
          statuses.add(response.status);
        }),
      );
    sent.isOver = true;
    await predicting;
    const after = residentMb(service.pid);
    report('resident memory, MB', { before, after });
    expect([...statuses]).toEqual([200]);
    expect(Object.keys(predictions)).toEqual(['200']);
    const metrics = await (await fetch(`${service.url}/metrics`)).text();
    expect(sumOf(metrics, /_feedback_total\{.*correct="true"/)).toBe(BATCHES * ENTRIES * 0.9);
    expect(sumOf(metrics, /_feedback_total\{.*correct="false"/)).toBe(BATCHES * ENTRIES * 0.1);
    expect(await metric(service.url, 'catdog_upload_buffered_bytes')).toBe(0);
    expect(after - before).toBeLessThanOrEqual(ALLOWED_MB);
  }, 600_000);
});
