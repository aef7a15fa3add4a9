/**
 * `npm run bench`: how fast the service is, next to how fast its parts are. Parts and service are measured by turns, and
 * the medians over the rounds are compared: what else the machine does hits both alike.
 *
 *   npm run bench -- [--photos FOLDER] [--rounds 5] [--seconds 3] [--out reports/bench.json]
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { openBundle } from '@pawl/shared/bundle/open-bundle';
import { cpuLimit } from '@pawl/shared/execution/cpu-limit';
import { Parts } from './parts.ts';
import { readPhotos } from './photos.ts';
import { load, startServer } from './processes.ts';
import { printReport, type Round, summarize } from './report.ts';
import { productionRuntime } from '@pawl/test-kit/production-runtime';

const { values: options } = parseArgs({
  options: {
    photos: { type: 'string', default: 'models/catdog/golden' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    out: { type: 'string', default: 'reports/bench.json' },
  },
});
const photos = resolve(options.photos);
const seconds = Number(options.seconds);
const cores = cpuLimit();
const runtime = productionRuntime();
const bundle = await openBundle('models/catdog');
const { labels, input, output, model } = bundle.manifest;
const say = (text: string) => {
  process.stderr.write(`${text}\n`);
};
const count = readPhotos(photos).length;
say(`${count} photographs, ${cores} cores, ${cpus()[0]?.model ?? 'unknown CPU'}, ${runtime.allocator}`);

const serviceArgs = ['apps/inference/dist/bundle/main.js'];
const serviceEnv = { PORT: '0', HOST: '127.0.0.1', MODEL_URI: 'file:models/catdog', ...runtime.env };
const startService = () => startServer(serviceArgs, serviceEnv, /^model loaded$/);

const starts: number[] = [];
for (let i = 0; i < 5; i++) {
  const started = await startService();
  starts.push(started.readyMs);
  await started.stop();
}

const parts = await Parts.start({ modelPath: bundle.path(model), spec: { labels, input, output }, photos }, cores);
const empty = await startServer(['--no-warnings', 'bench/empty-route.ts'], {}, /^listening$/);
const service = await startService();
const idleRssMb = service.rssMb();

const rounds: Round[] = [];
for (let round = 1; round <= Number(options.rounds); round++) {
  say(`round ${round} of ${options.rounds} ...`);
  const alone = { infer: await parts.coreMs('infer', 1, seconds), decode: await parts.coreMs('decode', 1, seconds) };
  const runs: Round['runs'][number][] = [];
  const parallel: Round['parallel'][number][] = [];
  for (const concurrency of [1, 8, 32]) {
    parallel.push({
      infer: await parts.coreMs('infer', cores, seconds),
      decode: await parts.coreMs('decode', cores, seconds),
    });
    const before = service.cpuMs();
    const report = await load({ url: service.url, photos, concurrency, seconds });
    // The load client's unmeasured first round over the photographs counts here.
    const cpuMs = (service.cpuMs() - before) / (report.requests + count);
    runs.push({ concurrency, ...report, cpuMs, rssMb: service.rssMb() });
  }
  const before = empty.cpuMs();
  const { requests } = await load({ url: empty.url, photos, concurrency: 8, seconds });
  rounds.push({ alone, parallel, routeMs: (empty.cpuMs() - before) / (requests + count), runs });
}
await Promise.all([parts.stop(), empty.stop(), service.stop()]);

const summary = summarize({ cores, starts, idleRssMb, rounds });
printReport(summary);
mkdirSync(dirname(options.out), { recursive: true });
const context = { cpu: cpus()[0]?.model, photos: options.photos, seconds, ...runtime };
writeFileSync(options.out, `${JSON.stringify({ ...context, ...summary, rounds }, undefined, 2)}\n`);
say(`written to ${options.out}`);
