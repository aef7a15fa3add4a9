/**
 * `npm run bench:feedback`: what feedback costs predictions. Photographs are predicted, by turns alone and while true labels of
 * earlier predictions are sent in batches at a fixed rate.
 *
 *   npm run bench:feedback -- [--rate 10000] [--batch 1000] [--seconds 30] [--turns 3] [--model BUNDLE] [--photos FOLDER]
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { productionRuntime } from '@pawl/test-kit/production-runtime';
import { PredictionIds } from '../../apps/inference/src/prediction/prediction-id.ts';
import { readPhotos } from '../photos.ts';
import { load, startServer } from '../processes.ts';
import { median } from '../statistics.ts';

const { values: options } = parseArgs({
  options: {
    rate: { type: 'string', default: '10000' },
    batch: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '30' },
    turns: { type: 'string', default: '3' },
    model: { type: 'string', default: 'models/catdog' },
    photos: { type: 'string', default: 'models/catdog/golden' },
  },
});
const [rate, batch, seconds, turns] = [options.rate, options.batch, options.seconds, options.turns].map(Number) as [
  number,
  number,
  number,
  number,
];
const key = 'the-key-of-the-benchmark';
const manifest = JSON.parse(readFileSync(join(options.model, 'manifest.json'), 'utf8')) as {
  name: string;
  version: string;
  labels: string[];
};
const ids = new PredictionIds(key);
const service = await startServer(
  ['apps/inference/dist/bundle/main.js'],
  {
    PORT: '0',
    HOST: '127.0.0.1',
    MODEL_URI: `file:${options.model}`,
    PREDICTION_ID_KEY: key,
    FEEDBACK_MAX_ENTRIES: String(batch),
    ...productionRuntime().env,
  },
  /^model loaded$/,
);

/** Bodies of feedback for predictions that a pod with the same key would have made. */
function bodies(count: number): string[] {
  return Array.from({ length: count }, () => {
    const feedback = Array.from({ length: batch }, (_, at) => {
      const label = manifest.labels[at % manifest.labels.length] ?? '';
      return { prediction_id: ids.issue({ label, confidence: 0.9, probabilities: {} }, manifest), label };
    });
    return JSON.stringify({ feedback });
  });
}

/** Sends the bodies at the rate. @returns milliseconds that each answer took, and how many were not 200. */
async function send(all: readonly string[], signal: AbortSignal): Promise<{ tookMs: number[]; failed: number }> {
  const begin = performance.now();
  const tookMs: number[] = [];
  let failed = 0;
  const sent: Promise<void>[] = [];
  for (const [at, body] of all.entries()) {
    await sleep(Math.max(0, begin + (at * batch * 1000) / rate - performance.now()));
    if (signal.aborted) break;
    sent.push(
      (async () => {
        const start = performance.now();
        const headers = { 'content-type': 'application/json' };
        const response = await fetch(`${service.url}/feedback`, { method: 'POST', body, headers });
        await response.arrayBuffer();
        if (response.status !== 200) failed++;
        tookMs.push(performance.now() - start);
      })(),
    );
  }
  await Promise.all(sent);
  return { tookMs, failed };
}

const order = { url: service.url, photos: options.photos, concurrency: 8, seconds };
const pictures = async () => {
  const before = service.cpuMs();
  const report = await load(order);
  return {
    perSecond: report.requests / report.seconds,
    livezMs: report.livez.p99,
    // Of everything that the service does meanwhile; with the load client's unmeasured first round.
    cpuMs: (service.cpuMs() - before) / (report.requests + readPhotos(options.photos).length),
  };
};

console.log(`at rest ${service.rssMb().toFixed(0)} MB`);
await send(bodies(Math.ceil(rate / batch)), new AbortController().signal);
// CPU time, which does not depend on what else the machine does.
const cpuBefore = service.cpuMs();
const { tookMs: aloneMs } = await send(bodies(Math.ceil((rate * 5) / batch)), new AbortController().signal);
const micros = ((service.cpuMs() - cpuBefore) * 1000) / (aloneMs.length * batch);
console.log(
  `${micros.toFixed(1)} us of CPU a feedback: ${((micros * rate) / 1e4).toFixed(0)} % of a core at ${rate} a second`,
);
const [alone, beside, shares, cpu]: [number[], number[], number[], number[]] = [[], [], [], []];
for (let turn = 1; turn <= turns; turn++) {
  const without = await pictures();
  const rssBefore = service.rssMb();
  // Made before, and enough for the warm-up of the load as well.
  const all = bodies(Math.ceil((rate * seconds * 1.5) / batch));
  const stop = new AbortController();
  const ownBefore = process.cpuUsage();
  const began = performance.now();
  const sending = send(all, stop.signal);
  const within = await pictures();
  const own = process.cpuUsage(ownBefore);
  // What makes the load takes part in it: its CPU is not there for predictions either.
  const ownShare = (own.user + own.system) / 1e3 / (performance.now() - began) / availableParallelism();
  shares.push(ownShare);
  stop.abort();
  const { tookMs, failed } = await sending;
  alone.push(without.perSecond);
  beside.push(within.perSecond);
  cpu.push(without.cpuMs / within.cpuMs);
  console.log(
    `turn ${turn}: ${without.perSecond.toFixed(1)} images/s alone, ${within.perSecond.toFixed(1)} beside ${tookMs.length * batch} feedbacks; ` +
      `ratio ${(within.perSecond / without.perSecond).toFixed(3)}, of which sending took ${ownShare.toFixed(3)}; by CPU an image ${(without.cpuMs / within.cpuMs).toFixed(3)}; livez p99 ${without.livezMs.toFixed(1)} and ${within.livezMs.toFixed(1)} ms; ` +
      `a batch of ${batch} ${median(tookMs).toFixed(1)} ms; ${failed} failed; ${rssBefore.toFixed(0)} MB before, ${service.rssMb().toFixed(0)} MB after`,
  );
}
const text = await (await fetch(`${service.url}/metrics`)).text();
const counted = [...text.matchAll(/^\w+_feedback_total\{.*\} (\d+)$/gm)].reduce((sum, [, n]) => sum + Number(n), 0);
console.log(
  `counted ${counted}; median ratio ${(median(beside) / median(alone)).toFixed(3)}, by CPU an image ${median(cpu).toFixed(3)}; sending took ${median(shares).toFixed(3)} of the CPU`,
);
await service.stop();
