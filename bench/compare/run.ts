/**
 * `npm run bench:compare -- OTHER_CHECKOUT`: this build of the service beside another one, by turns and in one run, so that
 * what else the machine does hits both alike. Prints the median of each and the median of the ratios of neighbouring turns.
 *
 * With `--env` this one has a setting that the other has not: what a setting costs, where OTHER_CHECKOUT is this one.
 * With `--other-model` the other one serves another bundle: two bundles are compared where OTHER_CHECKOUT is this one.
 *
 *   npm run bench:compare -- ../other [--model BUNDLE] [--other-model BUNDLE] [--photos FOLDER] [--sets as-sent,500x375] [--rounds 7] [--seconds 4]
 *                            [--concurrency 8] [--workers auto] [--env NAME=VALUE ...]
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { productionRuntime } from '@pawl/test-kit/production-runtime';
import { photoSetNames, photoSets } from '../photo-sets.ts';
import { readPhotos } from '../photos.ts';
import { load, type Server, startServer } from '../processes.ts';
import { median } from '../statistics.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string', default: process.env['BENCH_MODEL'] ?? 'models/catdog' },
    'other-model': { type: 'string' },
    photos: { type: 'string', default: 'models/catdog/golden' },
    sets: { type: 'string', default: photoSetNames.join(',') },
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '4' },
    concurrency: { type: 'string', default: '8' },
    workers: { type: 'string', default: 'auto' },
    env: { type: 'string', multiple: true, default: [] },
  },
});
const [other] = positionals;
if (other === undefined) throw new Error('Name the checkout to compare with; it must be built.');

/** The settings of this one alone. */
const settings = Object.fromEntries(
  options.env.map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]),
);

/** One measured turn. */
interface Turn {
  readonly imagesPerSecond: number;
  readonly meanMs: number;
  readonly cpuMs: number;
  readonly rssMb: number;
  readonly p99Ms: number;
}

/** Starts the service of a checkout, as that checkout says that production runs it. */
async function start(folder: string, model: string, env: Readonly<Record<string, string>> = {}): Promise<Server> {
  const kit = (await import(resolve(folder, 'test/kit/production-runtime.ts'))) as {
    readonly productionRuntime: typeof productionRuntime;
  };
  return startServer(
    [resolve(folder, 'apps/inference/dist/bundle/main.js')],
    {
      PORT: '0',
      HOST: '127.0.0.1',
      WORKERS: options.workers,
      MODEL_URI: `file:${resolve(model)}`,
      ...kit.productionRuntime().env,
      ...env,
    },
    /^model loaded$/,
  );
}

async function turn(service: Server, photos: string): Promise<Turn> {
  const before = service.cpuMs();
  const report = await load({
    url: service.url,
    photos,
    concurrency: Number(options.concurrency),
    seconds: Number(options.seconds),
  });
  return {
    imagesPerSecond: report.requests / report.seconds,
    meanMs: report.latency.mean,
    // With the load client's unmeasured first round over the photographs.
    cpuMs: (service.cpuMs() - before) / (report.requests + readPhotos(photos).length),
    rssMb: service.rssMb(),
    p99Ms: report.latency.p99,
  };
}

async function compare(photos: string): Promise<void> {
  const services = [
    await start(other ?? '', options['other-model'] ?? options.model),
    await start('.', options.model, settings),
  ] as const;
  const [first, second]: [Turn[], Turn[]] = [[], []];
  for (let round = 0; round < Number(options.rounds); round++) {
    first.push(await turn(services[0], photos));
    second.push(await turn(services[1], photos));
  }
  await Promise.all(services.map((service) => service.stop()));
  for (const key of ['imagesPerSecond', 'meanMs', 'cpuMs', 'rssMb', 'p99Ms'] as const) {
    const ratios = second.map((mine, round) => mine[key] / (first[round]?.[key] ?? NaN));
    const [theirs, mine] = [first, second].map((turns) => median(turns.map((each) => each[key])).toFixed(1));
    console.log(`${key.padEnd(16)} ${theirs} -> ${mine}  ratio ${median(ratios).toFixed(3)}`);
  }
}

const { sets, remove } = await photoSets(resolve(options.photos), options.sets.split(','));
try {
  for (const { name, folder } of sets) {
    console.log(`photographs ${name}, ${options.concurrency} at a time`);
    await compare(folder);
  }
} finally {
  remove();
}
