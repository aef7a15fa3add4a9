/**
 * Draws the dashboards into docs/dashboards, where no Grafana runs: `node scripts/dashboards/draw.ts [SECONDS]`, with the path
 * of a Prometheus in PAWL_TEST_PROMETHEUS, photographs in PAWL_TEST_PETS, and the built service. The programs are the real ones, and so are their numbers; what
 * happens to them is played: a canary comes, a version fails, and users send other pictures than before.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import sharp from 'sharp';
import { toPng } from '../../apps/cli/src/ml/charts/render.ts';
import type { ClassicDashboard } from '../../monitoring/src/dashboards/classic.ts';
import { dashboards } from '../../monitoring/src/dashboards/dashboards.ts';
import { filledIn } from '../../test/monitoring/support/dashboard-queries.ts';
import type { Result } from '../../test/monitoring/support/prometheus.ts';
import type { Photograph } from '../../test/monitoring/support/users.ts';
import { WatchedSystem } from '../../test/monitoring/support/watched-system.ts';
import { drawPage } from './page.ts';
import type { Point } from './panel-chart.ts';

const FOLDER = 'docs/dashboards';
/** Points of a line. */
const POINTS = 100;
const DEFAULT_SECONDS = 300;
/** Pause between two changes in the cluster. */
const WORK_EVERY_MS = 4_000;
/** Photographs of each label that users ask about. */
const PHOTOGRAPHS = 150;

const program = process.env['PAWL_TEST_PROMETHEUS'];
const seconds = Number(process.argv[2] ?? DEFAULT_SECONDS);
if (program === undefined || !(seconds > 0))
  throw new Error('Usage: PAWL_TEST_PROMETHEUS=/path/to/prometheus node scripts/dashboards/draw.ts [SECONDS]');

const chosen = {
  datasource: 'prometheus',
  model: 'catdog',
  namespace: 'zoo',
  statistic: 'brightness',
  __rate_interval: '15s',
  __range: `${seconds}s`,
};

const system = await WatchedSystem.start(program, [], await photographs());
const working = setInterval(() => void system.controller.work(), WORK_EVERY_MS);
try {
  await play();
  await mkdir(FOLDER, { recursive: true });
  for (const [file, dashboard] of dashboards()) {
    const png = await toPng(await pageOf(dashboard), 1);
    const small = await sharp(png).png({ palette: true, colours: 128, effort: 10 }).toBuffer();
    await writeFile(`${FOLDER}/${file.replace('.json', '.png')}`, small);
  }
} finally {
  clearInterval(working);
  await system.close();
}

/** Those of PAWL_TEST_PETS, by turns of one label and the other, as the model's reference has them; without it the chart's. */
async function photographs(): Promise<readonly Photograph[] | undefined> {
  const folder = process.env['PAWL_TEST_PETS'];
  if (folder === undefined) return undefined;
  const found: Photograph[] = [];
  const files = { cat: await readdir(join(folder, 'cat')), dog: await readdir(join(folder, 'dog')) };
  for (let index = 0; index < PHOTOGRAPHS; index += 1)
    for (const label of ['cat', 'dog'] as const) {
      const name = files[label][(index * 7) % files[label].length] ?? '';
      found.push({ label, bytes: await readFile(join(folder, label, name)) });
    }
  return found;
}

/** What the pictures show, in thirds. */
async function play(): Promise<void> {
  const [stable, canary] = system.users;
  const third = (seconds * 1000) / 3;
  if (stable === undefined || canary === undefined) throw new Error('there are no users');
  const calm = { strangersEvery: 60, brokenEvery: 30, liesEvery: 80, crowdEvery: 120, pauseMs: 20 };
  for (const { habits } of [stable, canary]) Object.assign(habits, calm);
  system.open(stable);
  await sleep(third);
  system.open(canary);
  system.controller.pass();
  await sleep(third);
  Object.assign(stable.habits, { strangersEvery: 1, liesEvery: 4 });
  system.controller.fail('LatencyHigh');
  await system.controller.disturb();
  await sleep(third);
}

async function pageOf(dashboard: ClassicDashboard): Promise<string> {
  const data = new Map<number, readonly Point[]>();
  for (const panel of dashboard.panels ?? []) if (panel.type !== 'row') data.set(panel.id ?? 0, await pointsOf(panel));
  const moments = new Map<string, number[]>();
  for (const { expr, iconColor } of dashboard.annotations.list ?? []) {
    const found = await overTime(filledIn(expr ?? '', chosen));
    // An event lasts as long as its window: its beginning is when it happened.
    const times = found.flatMap(({ values }) => values.map(([time]) => time * 1000)).sort((a, b) => a - b);
    const begins = times.filter((time, index) => index === 0 || time - (times[index - 1] ?? 0) > 30_000);
    moments.set(iconColor, begins);
  }
  return drawPage(dashboard, (panel) => data.get(panel.id ?? 0) ?? [], moments);
}

function overTime(expr: string): Promise<readonly Result[]> {
  return system.prometheus.range(expr, seconds, Math.max(1, Math.round(seconds / POINTS)));
}

async function pointsOf(panel: Panel): Promise<readonly Point[]> {
  const points: Point[] = [];
  const targets = (panel.targets ?? []) as readonly { expr?: string; legendFormat?: string; instant?: boolean }[];
  for (const { expr = '', legendFormat, instant } of targets) {
    const query = filledIn(expr, chosen);
    const results = instant === true ? await system.prometheus.instant(query) : await overTime(query);
    for (const { metric, values } of results)
      for (const [time, value] of values) {
        const legend = (legendFormat ?? '').replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => metric[label] ?? '');
        const series = panel.type === 'barchart' ? `${metric['bin'] ?? ''}|${legend}` : legend;
        if (Number.isFinite(Number(value))) points.push({ series, time: time * 1000, value: Number(value) });
      }
  }
  return points;
}
