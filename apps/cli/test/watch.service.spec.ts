import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Manifest } from '@pawl/shared/bundle/manifest';
import { writeBundle } from '@pawl/shared/bundle/write-bundle';
import { aFolder, cleanFolders } from '@pawl/test-kit/bundles';
import { eventually } from '@pawl/test-kit/eventually';
import { inRepository } from '@pawl/test-kit/repository';
import type { Server } from '@pawl/test-kit/server-process';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { startService, type RunningService } from '../../inference/test/support/start-service.ts';
import type { SimulationReport } from '../src/service/report.ts';
import type { DriftReport } from '../src/watch/drift/drift-report.ts';
import type { PerformanceReport } from '../src/watch/performance/performance-report.ts';
import { catdogReference } from './support/metric-history.ts';
import { pawlIn } from './support/pawl-in.ts';
import { startPrometheus } from './support/prometheus.ts';

/** The shipped model with a reference that fits no pictures in particular. */
async function aModelWithReference(): Promise<string> {
  const shipped = inRepository('models/catdog');
  const { files, ...manifest } = JSON.parse(await readFile(join(shipped, 'manifest.json'), 'utf8')) as Manifest;
  const directory = join(await aFolder(), 'catdog');
  await writeBundle(directory, { ...manifest, reference: 'reference.json' }, [
    ...files.filter(({ path }) => path !== 'reference.json').map(({ path }) => ({ path, source: join(shipped, path) })),
    { path: 'reference.json', source: Buffer.from(JSON.stringify(catdogReference)) },
  ]);
  return directory;
}

const PICTURES = 30;

describeWhenSet('PAWL_TEST_PROMETHEUS', 'the reports of a service that a real Prometheus scrapes', (program) => {
  let service: RunningService;
  let prometheus: Server;
  let folder: string;
  let bundle: string;

  beforeAll(async () => {
    [folder, bundle] = [await aFolder(), await aModelWithReference()];
    service = await startService({ MODEL_URI: pathToFileURL(bundle).href });
    prometheus = await startPrometheus(program, folder, { target: new URL(service.url).host });
  });
  afterAll(async () => {
    await prometheus.kill();
    await service.stop();
    await cleanFolders();
  });

  const run = async (command: string) => await pawlIn(folder, command.split(' '));
  const report = async <T>(command: string) =>
    JSON.parse((await run(`${command} --prometheus ${prometheus.url} --json -`)).out) as T;

  it('count what was asked and answered, as whoever asked it did', async () => {
    await run(`simulate --url ${service.url} --n ${PICTURES} --out simulation.json`);
    const simulation = JSON.parse(await readFile(join(folder, 'simulation.json'), 'utf8')) as SimulationReport;
    const { production } = await eventually('all requests to be scraped', async () => {
      const found = await report<PerformanceReport>('report --since 5m');
      return found.production?.pictures === PICTURES && found.total_requests === PICTURES && found;
    });
    const said = Map.groupBy(simulation.requests, ({ predicted_label }) => predicted_label ?? '');
    expect(production).toMatchObject({ answered: PICTURES, errors: 0, errors_by_code: {} });
    expect(production?.versions).toMatchObject([
      {
        version: simulation.model_version,
        digest: simulation.model_digest,
        total_requests: PICTURES,
        pictures: PICTURES,
      },
    ]);
    expect(Object.entries(production?.by_label ?? {}).map(([label, { pictures }]) => [label, pictures])).toEqual(
      [...said].map(([label, of]) => [label, of.length]).sort(),
    );
    expect(production?.abstained).toBe(simulation.abstained);
    expect(production?.mean_confidence).toBeCloseTo(simulation.mean_confidence ?? NaN, 3);
    expect(production?.mean_latency_ms).toBeGreaterThan(0);
  });

  it('see every picture in a bin of each statistic, by the names of the reference', async () => {
    const drift = await report<DriftReport>(`drift report --bundle ${bundle} --since 5m`);
    expect(drift.warnings).toEqual([]);
    expect(drift.statistics.map(({ name, pictures }) => [name, pictures])).toEqual(
      [...Object.keys(catdogReference.inputs), 'confidence', 'label'].map((name) => [name, PICTURES]),
    );
    const shares = drift.statistics.find(({ name }) => name === 'label')?.bins.map(({ share }) => share ?? 0);
    expect(shares?.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 4);
  });
});
