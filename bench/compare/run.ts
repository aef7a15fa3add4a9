/**
 * `npm run bench:compare -- OTHER_CHECKOUT`: this build of the service beside another one, by turns and in one run, so that
 * what else the machine does hits both alike. Prints the median of each and the median of the ratios of neighbouring turns.
 *
 *   npm run bench:compare -- ../other [--photos FOLDER] [--rounds 7] [--seconds 4] [--concurrency 8] [--workers auto]
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { productionRuntime } from '@pawl/test-kit/production-runtime';
import { load, type Server, startServer } from '../processes.ts';
import { median } from '../statistics.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    photos: { type: 'string', default: 'models/catdog/golden' },
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '4' },
    concurrency: { type: 'string', default: '8' },
    workers: { type: 'string', default: 'auto' },
  },
});
const [other] = positionals;
if (other === undefined) throw new Error('Name the checkout to compare with; it must be built.');

/** One measured turn. */
interface Turn {
  readonly imagesPerSecond: number;
  readonly cpuMs: number;
  readonly rssMb: number;
  readonly p99Ms: number;
}

const start = (folder: string) =>
  startServer(
    [resolve(folder, 'apps/inference/dist/bundle/main.js')],
    {
      PORT: '0',
      HOST: '127.0.0.1',
      WORKERS: options.workers,
      MODEL_URI: `file:${resolve('models/catdog')}`,
      ...productionRuntime().env,
    },
    /^model loaded$/,
  );

async function turn(service: Server): Promise<Turn> {
  const before = service.cpuMs();
  const report = await load({
    url: service.url,
    photos: resolve(options.photos),
    concurrency: Number(options.concurrency),
    seconds: Number(options.seconds),
  });
  return {
    imagesPerSecond: report.requests / report.seconds,
    cpuMs: (service.cpuMs() - before) / report.requests,
    rssMb: service.rssMb(),
    p99Ms: report.latency.p99,
  };
}

const services = [await start(other), await start('.')] as const;
const [first, second]: [Turn[], Turn[]] = [[], []];
for (let round = 0; round < Number(options.rounds); round++) {
  first.push(await turn(services[0]));
  second.push(await turn(services[1]));
}
await Promise.all(services.map((service) => service.stop()));
for (const key of ['imagesPerSecond', 'cpuMs', 'rssMb', 'p99Ms'] as const) {
  const ratios = second.map((mine, round) => mine[key] / (first[round]?.[key] ?? NaN));
  const [theirs, mine] = [first, second].map((turns) => median(turns.map((each) => each[key])).toFixed(1));
  console.log(`${key.padEnd(16)} ${theirs} -> ${mine}  ratio ${median(ratios).toFixed(3)}`);
}
