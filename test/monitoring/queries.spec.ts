import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '@pawl/test-kit/eventually';
import { inRepository } from '@pawl/test-kit/repository';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { parse } from 'yaml';
import { dashboards } from '../../monitoring/src/dashboards/dashboards.ts';
import { filledIn, queriesOf, variablesOf } from './support/dashboard-queries.ts';
import { type KnownMetrics, mayBeEmpty, namesInVain, type Quiet } from './support/known-metrics.ts';
import type { Prometheus, Result } from './support/prometheus.ts';
import { WatchedSystem } from './support/watched-system.ts';

/** What Grafana puts in: the reader's choice, and windows of at least four scrapes. */
const chosen = {
  datasource: 'prometheus',
  model: 'catdog',
  namespace: 'zoo',
  statistic: 'brightness',
  __rate_interval: '8s',
  __range: '60s',
};
/** What a program printed, whether it was pleased or not. */
interface Said {
  readonly stdout: string;
  readonly stderr: string;
}
/** How long everything may take to have been seen. */
const PATIENCE_MS = 150_000;
/** How long something wrong may last that goes by. */
const LASTING_MS = 30_000;
/** How far a query over time looks back, seconds. */
const WINDOW_SECONDS = 120;

/** What has nothing to count while all is well. */
const quiet: readonly Quiet[] = [
  { metric: 'catdog_prediction_log_total', label: 'outcome', because: 'a log that keeps up drops and loses nothing' },
];

const rulesFolder = inRepository('monitoring/rules');
const ruleFiles = existsSync(rulesFolder)
  ? readdirSync(rulesFolder)
      .filter((name) => name.endsWith('.yaml'))
      .map((name) => join(rulesFolder, name))
  : [];

interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
}
const rules = ruleFiles.flatMap((file) =>
  (parse(readFileSync(file, 'utf8')) as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules),
);

describeWhenSet('PAWL_TEST_PROMETHEUS', 'every query, against what the programs emit', (program) => {
  let system: WatchedSystem | undefined;
  let prometheus: Prometheus;
  let known: KnownMetrics;

  beforeAll(async () => {
    system = await WatchedSystem.start(program, ruleFiles);
    ({ prometheus } = system);
    system.open();
    system.disturb();
    // What is still wrong in the end is what the tests tell.
    const isWell = async () => (await problems()).length === 0 && (await problemsOfRules()).length === 0;
    await eventually('every query to have an answer', isWell, { timeoutMs: PATIENCE_MS, everyMs: 1_000 }).catch(
      () => undefined,
    );
  }, 2 * PATIENCE_MS);
  afterAll(async () => {
    await system?.close();
  });

  const queries = [...dashboards().values()]
    .flatMap(queriesOf)
    .map((query) => ({ ...query, expr: filledIn(query.expr, chosen) }));
  const variables = [...dashboards().values()].flatMap(variablesOf);

  /** What is wrong with one query: names, no answer, or a legend that names a label that no series has. */
  async function problemsOf({
    where,
    expr,
    legend = '',
    isInstant,
  }: (typeof queries)[number]): Promise<readonly string[]> {
    const vain = namesInVain(expr, known, quiet);
    const found: readonly Result[] = isInstant
      ? await prometheus.instant(expr)
      : await prometheus.range(expr, WINDOW_SECONDS, 2);
    const values = found.flatMap((result) => result.values).filter(([, value]) => value !== 'NaN');
    const isEmpty = values.length === 0 && !mayBeEmpty(expr, known, quiet);
    const labels = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label ?? '');
    const unnamed = labels.filter((label) => found.length > 0 && !found.some(({ metric }) => label in metric));
    return [
      ...vain,
      ...(isEmpty ? ['it gives nothing'] : []),
      ...unnamed.map((label) => `no series has the label ${label} of the legend`),
    ].map((problem) => `${where}: ${problem}: ${expr}`);
  }

  /** Queries that have had no answer yet: on a busy machine not all have one at the same moment. */
  let open: readonly (typeof queries)[number][] = queries;

  async function problems(): Promise<readonly string[]> {
    known = await prometheus.known();
    const found: { readonly query: (typeof queries)[number]; readonly problems: readonly string[] }[] = [];
    for (const query of open) found.push({ query, problems: await problemsOf(query) });
    open = found.filter((one) => one.problems.length > 0).map(({ query }) => query);
    return found.flatMap((one) => one.problems);
  }

  async function problemsOfRules(): Promise<readonly string[]> {
    const found: string[] = [];
    for (const { record, alert, expr } of rules) {
      const where = record ?? alert ?? '';
      found.push(...namesInVain(expr, known, quiet).map((problem) => `${where}: ${problem}`));
      const results = await prometheus.instant(expr);
      // An alert gives nothing while all is well.
      if (record !== undefined && results.length === 0 && !mayBeEmpty(expr, known, quiet))
        found.push(`${where} records nothing`);
    }
    return found;
  }

  /** What is still wrong in the end: one scrape that comes too late on a busy machine takes series away for a second. */
  async function lasting(ask: () => Promise<readonly string[]>): Promise<readonly string[]> {
    let found: readonly string[] = ['nothing was asked'];
    const isWell = async () => {
      found = await ask().catch((error: unknown) => [String(error)]);
      return found.length === 0;
    };
    await eventually('nothing to be wrong', isWell, { timeoutMs: LASTING_MS, everyMs: 1_000 }).catch(() => undefined);
    return found;
  }

  it('of a panel or annotation asks for what is there, and gets an answer', async () => {
    expect(queries.length).toBeGreaterThan(90);
    expect(await lasting(problems)).toEqual([]);
  });

  it('of a variable gives values, the chosen ones among them', async () => {
    expect(variables.map(({ name }) => name)).toEqual(expect.arrayContaining(['namespace', 'model', 'statistic']));
    for (const { where, name, series, label, regex } of variables) {
      const values = await prometheus.labelValues(filledIn(series, chosen), label);
      const taken =
        regex === undefined ? values : values.flatMap((value) => new RegExp(regex.slice(1, -1)).exec(value)?.[1] ?? []);
      expect({ where, values: taken }).toEqual({
        where,
        values: expect.arrayContaining([chosen[name as keyof typeof chosen]]),
      });
    }
  });

  it('of a rule asks for what is there, and a recording rule records', async () => {
    expect(await lasting(problemsOfRules)).toEqual([]);
  });

  describeWhenSet('PAWL_TEST_PINT', 'of a rule, for pint', (pint) => {
    /** What pint says of the rules, with the series that Prometheus has; `wrong` takes the place of `right` in them. */
    const problemsWith = async (right: string, wrong: string): Promise<readonly string[]> => {
      const folder = mkdtempSync(join(tmpdir(), 'pawl-pint-'));
      const config = join(folder, 'pint.hcl');
      writeFileSync(
        config,
        [
          'prometheus "watched" {',
          `  uri = "${prometheus.url}"`,
          '}',
          'check "promql/series" {',
          `  lookbackRange = "${WINDOW_SECONDS}s"`,
          '  lookbackStep = "1s"',
          '}',
        ].join('\n'),
      );
      const files = ruleFiles.map((file) => ({ from: file, to: join(folder, basename(file)) }));
      for (const { from, to } of files) writeFileSync(to, readFileSync(from, 'utf8').replaceAll(right, wrong));
      const args = ['--no-color', '--config', config, 'lint', '--min-severity=info', ...files.map(({ to }) => to)];
      // The controller lives in this process: were it blocked while pint asks, no scrape would get an answer, and its series
      // would be gone.
      const { stderr, stdout } = await promisify(execFile)(pint, args).catch((error: unknown) => error as Said);
      rmSync(folder, { recursive: true });
      expect(stderr).toContain('online=true');
      return (stdout + stderr).split('\n').filter((line) => /^(Fatal|Bug|Warning|Information): /.test(line));
    };

    it('asks for series that are there', async () => {
      expect(await lasting(() => problemsWith('', ''))).toEqual([]);
    });

    it('would be told if one was not', async () => {
      expect(await problemsWith('catdog_request_total', 'catdog_requests_total')).not.toEqual([]);
    });
  });

  it('would be told if it had a wrong name', async () => {
    const [query] = queries.filter(({ expr }) => expr.includes('catdog_request_total'));
    const wrong = [
      ['catdog_request_total', 'catdog_requests_total'],
      ['endpoint=~', 'route=~'],
      ['namespace="zoo"', 'namespace="farm"'],
      ['catdog-api', 'catdog'],
    ] as const;
    for (const [right, not] of wrong) {
      const expr = query!.expr.replaceAll('namespace=~', 'namespace=').replaceAll(right, not);
      expect(await problemsOf({ ...query!, expr })).not.toEqual([]);
    }
    expect(await problemsOf({ ...query!, legend: '{{nobody}}' })).not.toEqual([]);
    await expect(problemsOf({ ...query!, expr: 'sum(rate(catdog_request_total))' })).rejects.toThrow(/range vector/);
  });
});
