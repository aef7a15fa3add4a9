/**
 * `npm run bench`: how fast the service is, next to how fast its parts are. Parts and service are measured by turns, and
 * the medians over the rounds are compared: what else the machine does hits both alike. The goals hold for each set of
 * photographs: as they are, and as JPEG of 500x375.
 *
 *   npm run bench -- [--model BUNDLE] [--photos FOLDER] [--sets as-sent,500x375] [--rounds 5] [--seconds 3]
 *                    [--out reports/bench.json]
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { openBundle } from '@pawl/shared/bundle/open-bundle';
import { cpuLimit } from '@pawl/shared/execution/cpu-limit';
import { productionRuntime } from '@pawl/test-kit/production-runtime';
import { Parts } from './parts.ts';
import { photoSetNames, photoSets } from './photo-sets.ts';
import { readPhotos } from './photos.ts';
import { load, type Server, startServer } from './processes.ts';
import { printReport, type Round, summarize } from './report.ts';

const { values: options } = parseArgs({
  options: {
    model: { type: 'string', default: process.env['BENCH_MODEL'] ?? 'models/catdog' },
    photos: { type: 'string', default: 'models/catdog/golden' },
    sets: { type: 'string', default: photoSetNames.join(',') },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    out: { type: 'string', default: 'reports/bench.json' },
  },
});
const seconds = Number(options.seconds);
const cores = cpuLimit();
const runtime = productionRuntime();
const bundle = await openBundle(options.model);
const { labels, input, output, model, name, version } = bundle.manifest;
const say = (text: string) => {
  process.stderr.write(`${text}\n`);
};

const serviceArgs = ['apps/inference/dist/bundle/main.js'];
const serviceEnv = { PORT: '0', HOST: '127.0.0.1', MODEL_URI: `file:${resolve(options.model)}`, ...runtime.env };
const startService = () => startServer(serviceArgs, serviceEnv, /^model loaded$/);

async function measureStarts(): Promise<number[]> {
  const starts: number[] = [];
  for (let i = 0; i < 5; i++) {
    const started = await startService();
    starts.push(started.readyMs);
    await started.stop();
  }
  return starts;
}

async function measureRound(parts: Parts, empty: Server, service: Server, photos: string): Promise<Round> {
  const count = readPhotos(photos).length;
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
  return { alone, parallel, routeMs: (empty.cpuMs() - before) / (requests + count), runs };
}

async function measureSet(photos: string, starts: readonly number[]) {
  const parts = await Parts.start({ modelPath: bundle.path(model), spec: { labels, input, output }, photos }, cores);
  const empty = await startServer(['--no-warnings', 'bench/empty-route.ts'], {}, /^listening$/);
  const service = await startService();
  const idleRssMb = service.rssMb();
  const rounds: Round[] = [];
  for (let round = 1; round <= Number(options.rounds); round++) {
    say(`  round ${round} of ${options.rounds} ...`);
    rounds.push(await measureRound(parts, empty, service, photos));
  }
  await Promise.all([parts.stop(), empty.stop(), service.stop()]);
  return { summary: summarize({ cores, starts, idleRssMb, rounds }), rounds };
}

const { sets, remove } = await photoSets(resolve(options.photos), options.sets.split(','));
try {
  const cpu = cpus()[0]?.model ?? 'unknown CPU';
  say(`${name} ${version}, ${cores} cores, ${cpu}, ${runtime.allocator}`);
  const starts = await measureStarts();
  const measured = [];
  for (const { name: set, folder } of sets) {
    const title = `${readPhotos(folder).length} photographs, ${set}`;
    say(title);
    const { summary, rounds } = await measureSet(folder, starts);
    console.log(`\n${title}`);
    printReport(summary);
    measured.push({ set, ...summary, rounds });
  }
  mkdirSync(dirname(options.out), { recursive: true });
  const context = { cpu, model: `${name} ${version}`, photos: options.photos, seconds, ...runtime };
  writeFileSync(options.out, `${JSON.stringify({ ...context, sets: measured }, undefined, 2)}\n`);
  say(`written to ${options.out}`);
} finally {
  remove();
}
