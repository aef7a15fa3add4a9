/**
 * `npm run bench`: how fast the service is, next to how fast its parts are, measured in one run on one machine.
 *
 *   npm run bench -- [--photos FOLDER] [--seconds 10] [--out reports/bench.json]
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { openBundle } from '@pawl/shared/bundle/open-bundle';
import { cpuLimit } from '@pawl/shared/execution/cpu-limit';
import { measurePart } from './parts.ts';
import { readPhotos } from './photos.ts';
import { load, startServer } from './processes.ts';

const { values: options } = parseArgs({
  options: {
    photos: { type: 'string', default: 'models/catdog/golden' },
    seconds: { type: 'string', default: '10' },
    out: { type: 'string', default: 'reports/bench.json' },
  },
});
const photos = resolve(options.photos);
const seconds = Number(options.seconds);
const cores = cpuLimit();
const bundle = await openBundle('models/catdog');
const { labels, input, output, model } = bundle.manifest;
const part = { modelPath: bundle.path(model), spec: { labels, input, output }, photos, seconds };

const say = (text: string) => {
  process.stderr.write(`${text}\n`);
};
const fixed = (value: number, digits = 1) => value.toFixed(digits);

say(`${readPhotos(photos).length} photographs, ${cores} cores, ${cpus()[0]?.model ?? 'unknown CPU'}`);
say('parts: inference and decoding, alone and on all cores ...');
const alone = {
  infer: await measurePart({ ...part, part: 'infer' }, 1),
  decode: await measurePart({ ...part, part: 'decode' }, 1),
};
const all = {
  infer: await measurePart({ ...part, part: 'infer' }, cores),
  decode: await measurePart({ ...part, part: 'decode' }, cores),
};

say('parts: an empty Nest route that takes the same bodies ...');
const empty = await startServer(['--no-warnings', 'bench/empty-route.ts'], {}, /^listening$/);
const emptyCpu = empty.cpuMs();
const emptyLoad = await load({ url: empty.url, photos, concurrency: 8, seconds });
const routeMs = (empty.cpuMs() - emptyCpu) / emptyLoad.requests;
await empty.stop();

const partsMs = all.infer.coreMs + all.decode.coreMs + routeMs;
const limit = (cores / partsMs) * 1000;

say('the service ...');
const service = await startServer(
  ['apps/inference/dist/bundle/main.js'],
  { PORT: '0', HOST: '127.0.0.1', MODEL_URI: 'file:models/catdog', LOG_LEVEL: 'info' },
  /^model loaded$/,
);
const idleRss = service.rssMb();
const runs = [];
for (const concurrency of [1, 8, 32]) {
  const before = service.cpuMs();
  const report = await load({ url: service.url, photos, concurrency, seconds });
  const perSecond = report.requests / report.seconds;
  runs.push({
    concurrency,
    perSecond,
    ratio: perSecond / limit,
    cpuMsPerImage: (service.cpuMs() - before) / report.requests,
    rssMb: service.rssMb(),
    ...report,
  });
}
await service.stop();

const single = runs[0];
const latencyRatio = (single?.latency.p50 ?? NaN) / (alone.decode.coreMs + alone.infer.coreMs);
const best = runs.reduce((a, b) => (b.perSecond > a.perSecond ? b : a));
const saturated = runs.slice(1);
const goals = [
  ['throughput / limit by parts', best.ratio, '>=', 0.92],
  ['start to ready, s', service.readyMs / 1000, '<', 1],
  ['RSS under load, MB', Math.max(...runs.map(({ rssMb }) => rssMb)), '<', 300],
  ['/livez p99 while saturated, ms', Math.max(...saturated.map(({ livez }) => livez.p99)), '<', 25],
  ['latency at concurrency 1 / (decode + infer)', latencyRatio, '<=', 1.15],
] as const;
const met = (value: number, sign: string, goal: number) =>
  sign === '>=' ? value >= goal : sign === '<=' ? value <= goal : value < goal;

console.log(`
parts, ms of one core an image     alone   all ${cores} cores
  onnxruntime                      ${fixed(alone.infer.coreMs, 2).padStart(5)}   ${fixed(all.infer.coreMs, 2).padStart(5)}
  sharp decode + resize            ${fixed(alone.decode.coreMs, 2).padStart(5)}   ${fixed(all.decode.coreMs, 2).padStart(5)}
  empty Nest route, same bodies            ${fixed(routeMs, 2).padStart(5)}
limit by parts: ${fixed(limit)} images/s

service     images/s  of limit   p50 ms   p95 ms   p99 ms  RSS MB  CPU ms/image  client CPU ms  /livez p99 ms`);
for (const run of runs)
  console.log(
    `  ${`c=${run.concurrency}`.padEnd(8)}${[
      fixed(run.perSecond),
      fixed(run.ratio, 3),
      fixed(run.latency.p50),
      fixed(run.latency.p95),
      fixed(run.latency.p99),
      fixed(run.rssMb, 0),
      fixed(run.cpuMsPerImage, 2),
      fixed(run.clientCpuMs, 2),
      fixed(run.livez.p99),
    ]
      .map((text, i) => text.padStart([10, 10, 9, 9, 9, 8, 14, 15, 15][i] ?? 9))
      .join('')}`,
  );
console.log(`\nidle RSS ${fixed(idleRss, 0)} MB\n`);
for (const [name, value, sign, goal] of goals)
  console.log(`${met(value, sign, goal) ? 'met   ' : 'MISSED'}  ${name}: ${fixed(value, 3)} (goal ${sign} ${goal})`);

mkdirSync(dirname(options.out), { recursive: true });
writeFileSync(
  options.out,
  `${JSON.stringify({ cpu: cpus()[0]?.model, cores, photos: options.photos, seconds, alone, all, routeMs, limit, readyMs: service.readyMs, idleRss, runs, goals }, undefined, 2)}\n`,
);
say(`written to ${options.out}`);
