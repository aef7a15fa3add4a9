import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser } from 'playwright-core';
import { watchedStatistics } from '@pawl/shared/drift/watched-statistic';
import { createRandom } from '@pawl/shared/statistics/random';
import { aFolder, cleanFolders } from '@pawl/test-kit/bundles';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { analyseDrift } from '../src/watch/drift/analyse-drift.ts';
import { emptyBins } from '../src/watch/drift/binned-pictures.ts';
import { renderDriftPage } from '../src/watch/drift/drift-page.ts';
import { renderPerformancePage } from '../src/watch/performance/performance-page.ts';
import { summarizeProduction } from '../src/watch/performance/summarize-production.ts';
import { periodBefore } from '../src/watch/prometheus/period.ts';
import { catdogReference } from './support/metric-history.ts';

/** What a label, a version or a status of metrics would run, if anything of it became markup. */
const HOSTILE = `"><img src=x onerror="document.title='run'"><script>document.title='run'</script>`;

const period = periodBefore(new Date('2026-11-30T12:00:00Z'), 24 * 3600);

/** A report of drift in sharpness, of pictures whose labels are markup. */
function driftPage(): string {
  const reference = {
    ...catdogReference,
    answers: { ...catdogReference.answers, labels: { [HOSTILE]: 1000, dog: 1000 } },
  };
  const statistics = watchedStatistics(reference);
  const counts = emptyBins(statistics, period);
  const random = createRandom(3);
  for (const [step, row] of counts.entries())
    for (const [index, bins] of row.entries())
      for (let i = 0; i < 15; i++) {
        const narrow = step > 200 && ['sharpness', 'label'].includes(statistics[index]?.name ?? '');
        bins[random.below(narrow ? bins.length / 2 : bins.length)]! += 1;
      }
  const watched = { model: HOSTILE, version: HOSTILE, digest: HOSTILE, statistics };
  return renderDriftPage(analyseDrift(watched, { period, counts, warnings: [HOSTILE] }));
}

/** A report of production in which every word is markup. */
function performancePage(): string {
  const rise = (labels: Record<string, string>) => ({
    metric: '',
    target: 'a',
    labels,
    bySteps: Array<number>(period.steps).fill(5),
  });
  const model = { version: HOSTILE, digest: HOSTILE };
  const labelled = [rise({ label: HOSTILE })];
  const production = summarizeProduction(
    {
      requests: [rise({ status: '200' }), rise({ status: `5${HOSTILE}` })],
      latencyBuckets: [rise({ le: '0.1' }), rise({ le: '+Inf' })],
      latencySum: [rise({})],
      latencyCount: [rise({})],
      labels: labelled,
      abstained: labelled,
      confidenceSum: labelled,
      confidenceCount: labelled,
      refused: [rise({ code: HOSTILE })],
      feedback: [rise({ version: HOSTILE, label: HOSTILE, correct: 'true' })],
    },
    { model: HOSTILE, period, served: () => model, models: [model], accuracyAtRelease: new Map(), warnings: [HOSTILE] },
  );
  const failed = {
    index: 1,
    file: HOSTILE,
    true_label: HOSTILE,
    predicted_label: HOSTILE,
    confidence: 0.5,
    latency_ms: 1,
    correct: false,
    attempts: 1,
  };
  const tally = { answered: 1, correct: 0, accuracy: 0 };
  return renderPerformancePage({
    production,
    simulation: {
      ...tally,
      started_at: '2026-11-30T12:00:00Z',
      seconds: 1,
      url: HOSTILE,
      photos: HOSTILE,
      seed: 1,
      concurrency: 1,
      total_requests: 1,
      errors: 0,
      errors_by_code: {},
      throttled: 0,
      accuracy_by_label: { [HOSTILE]: tally },
      mean_confidence: 0.5,
      mean_latency_ms: 1,
      p95_latency_ms: 1,
      model_version: HOSTILE,
      model_digest: HOSTILE,
      models: [{ ...model, ...tally }],
      requests: [failed],
    },
  });
}

describeWhenSet('PAWL_TEST_CHROMIUM', 'the pages of the reports', (executablePath) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  });
  afterAll(async () => {
    await browser.close();
    await cleanFolders();
  });

  it.each([
    ['drift', driftPage],
    ['performance', performancePage],
  ])('%s: needs no network, runs nothing, fits a phone, and shows words as they are', async (name, render) => {
    const file = join(await aFolder(), `${name}.html`);
    await writeFile(file, render());
    for (const [width, colorScheme] of [
      [1280, 'light'],
      [380, 'dark'],
    ] as const) {
      const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
      const faults: string[] = [];
      page.on('console', (message) => faults.push(message.text()));
      page.on('pageerror', (error) => faults.push(String(error)));
      page.on('request', (request) => {
        if (request.url() !== pathToFileURL(file).href) faults.push(request.url());
      });
      await page.goto(pathToFileURL(file).href);
      expect(await page.title()).not.toBe('run');
      expect(await page.locator('script, img').count()).toBe(0);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      expect(await page.locator('main').innerText()).toContain(HOSTILE);
      // A line that is drawn has a height; the ground is dark where the reader wants it.
      expect(await page.locator('.plot svg').first().boundingBox()).toMatchObject({ height: 119 });
      const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      expect(ground).toBe(colorScheme === 'dark' ? 'rgb(20, 22, 26)' : 'rgb(245, 246, 248)');
      expect(faults).toEqual([]);
      await page.close();
    }
  });
});
