import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Server } from '@pawl/test-kit/server-process';
import { aFolder, cleanFolders } from '@pawl/test-kit/bundles';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import type { DriftReport } from '../src/watch/drift/drift-report.ts';
import type { PerformanceReport } from '../src/watch/performance/performance-report.ts';
import { catdogReference, serviceHistory, type MadeHistory } from './support/metric-history.ts';
import { pawlIn } from './support/pawl-in.ts';
import { startPrometheus } from './support/prometheus.ts';
import { aWatchedBundle } from './support/watched-bundle.ts';

const HOUR = 3600;
/** A whole minute, which every scrape is at; the reports are made some seconds later. */
const now = Math.floor(Date.now() / 60_000) * 60;
/** Of another bundle, which served before. */
const OLD = `sha256:${'a'.repeat(64)}`;

describeWhenSet('PAWL_TEST_PROMETHEUS', 'the reports of a real Prometheus', (program) => {
  let server: Server;
  let made: MadeHistory;
  let bundle: string;
  let folder: string;

  beforeAll(async () => {
    folder = await aFolder();
    const { digest, directory } = await aWatchedBundle(catdogReference);
    bundle = directory;
    made = serviceHistory({
      perMinute: 8,
      driftFrom: now - 2 * HOUR,
      pods: [
        { pod: 'old', version: '1.3.0', digest: OLD, from: now - 8 * HOUR, to: now - 5 * HOUR },
        // A container that starts anew, and a pod that ends, as autoscaling and nodes have it.
        { pod: 'new-1', version: '1.4.0', digest, from: now - 5 * HOUR, to: now, restarts: [now - 3 * HOUR] },
        { pod: 'new-2', version: '1.4.0', digest, from: now - 4 * HOUR, to: now - 1.5 * HOUR },
      ],
    });
    server = await startPrometheus(program, folder, { history: made.history.toOpenMetrics() });
  });
  afterAll(async () => {
    await server.kill();
    await cleanFolders();
  });

  const run = async (command: string) => await pawlIn(folder, command.split(' '));
  const json = async <T>(file: string) => JSON.parse(await readFile(join(folder, file), 'utf8')) as T;
  const answered = (...pods: readonly string[]) => pods.reduce((sum, pod) => sum + (made.pictures.get(pod) ?? 0), 0);

  it('count every picture of the bundle once, over restarts and pods that came and went', async () => {
    const { code, out, err } = await run(
      `drift report --bundle ${bundle} --prometheus ${server.url} --since 10h --json drift.json --html drift.html`,
    );
    expect([code, err]).toEqual([0, '']);
    const report = await json<DriftReport>('drift.json');
    // Of the restart at most what one step counted is lost.
    const lost = answered('new-1', 'new-2') - report.pictures;
    expect(lost).toBeGreaterThanOrEqual(0);
    expect(lost).toBeLessThanOrEqual((report.step_seconds / 60) * 8);
    expect(report.warnings).toEqual([expect.stringContaining('1.3.0 (sha256:aaaaaaaaaaaa)')]);
    expect(out).toMatch(/drift +yes, evidence 10\^\d+/);
  });

  it('find the drift that was made, when it was made', async () => {
    const report = await json<DriftReport>('drift.json');
    expect(report).toMatchObject({ model: 'catdog', version: '1.4.0', alarm: true });
    expect(report.moved[0]).toBe('bytes_per_pixel');
    expect(report.moved).toContain('sharpness');
    expect(report.moved).not.toContain('brightness');
    const since = Date.parse(report.statistics.find(({ name }) => name === 'bytes_per_pixel')?.changed_at ?? '') / 1000;
    expect(Math.abs(since - (now - 2 * HOUR))).toBeLessThanOrEqual(2 * report.step_seconds);
    expect(report.meaning[0]?.says).toMatch(/less detail/);
  });

  it('find none before it', async () => {
    const quiet = await run(
      `drift report --bundle ${bundle} --prometheus ${server.url} --since 10h --exit-code --json -`,
    );
    expect(quiet.code).toBe(1);
    const report = JSON.parse(quiet.out) as DriftReport;
    const before = report.at.filter((at) => Date.parse(at) / 1000 <= now - 2 * HOUR).length;
    expect(Math.max(...report.evidence_by_step.slice(0, before))).toBeLessThan(report.alarm_evidence);
  });

  it('know what each version did', async () => {
    const { code, out, err } = await run(
      `report --prometheus ${server.url} --since 10h --match namespace=prod --json report.json --html report.html`,
    );
    expect([code, err]).toEqual([0, '']);
    const { production, ...saved } = await json<PerformanceReport>('report.json');
    const [young, old] = production?.versions ?? [];
    expect([young?.version, old?.version]).toEqual(['1.4.0', '1.3.0']);
    expect(old?.total_requests).toBe(answered('old'));
    const lost = answered('new-1', 'new-2') - (young?.total_requests ?? 0);
    expect(lost).toBeGreaterThanOrEqual(0);
    expect(lost).toBeLessThanOrEqual(((production?.step_seconds ?? 0) / 60) * 8);
    // As the history was made: one request in a hundred fails, and is not timed like the others.
    expect(saved.errors / saved.total_requests).toBeLessThan(0.03);
    expect(saved.p95_latency_ms).toBeGreaterThan(50);
    expect(saved.p95_latency_ms).toBeLessThanOrEqual(100);
    expect(saved.mean_latency_ms).toBeGreaterThan(40);
    expect(saved.mean_latency_ms).toBeLessThan(60);
    expect(old?.mean_confidence).toBe(0.97);
    expect(old?.measured.interval?.[0]).toBeLessThan(0.97);
    expect(old?.measured.interval?.[1]).toBeGreaterThan(0.97);
    expect(out).toMatch(/^ {2}1\.3\.0 /m);
  });

  it('say which models there are, and that the bundle is another', async () => {
    const other = await run(`report --prometheus ${server.url} --model birds --since 10h`);
    expect([other.code, other.err]).toEqual([4, expect.stringContaining('It has those of catdog.')]);
    const matched = await run(`report --prometheus ${server.url} --match namespace=staging --since 10h`);
    expect([matched.code, matched.err]).toEqual([4, expect.stringContaining('Correct --match')]);
    const another = await aWatchedBundle(catdogReference, '9.9.9');
    const drift = await run(`drift report --bundle ${another.directory} --prometheus ${server.url} --since 10h`);
    expect([drift.code, drift.err]).toEqual([1, expect.stringContaining('[REFERENCE_DIFFERS]')]);
  });

  it('say what Prometheus refuses', async () => {
    const { code, err } = await run(`report --prometheus ${server.url}/graph`);
    expect([code, err]).toEqual([3, expect.stringContaining('[PROMETHEUS_REFUSED]')]);
  });
});
