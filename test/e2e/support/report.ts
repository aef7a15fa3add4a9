import { globSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryFile } from './settings.ts';

/** What became of one scenario. */
export interface ScenarioResult {
  /** Number and letter, such as `6b`: the order of the table. */
  readonly id: string;
  readonly title: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly seconds: number;
  readonly sent: number;
  readonly lost: number;
  readonly busy: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly notes: readonly string[];
}

/** Folder of the run's results, one file a scenario: several processes write them at the same time. */
const RESULTS_FOLDER = 'reports/e2e';
const JSON_FILE = 'reports/e2e.json';
const MARKDOWN_FILE = 'reports/e2e.md';
const DOCS_FILE = 'docs/e2e-scenarios.md';

/** Adds a result to the run's. @param folder where the results are, `reports/e2e` by default. */
export function record(result: ScenarioResult, folder = repositoryFile(RESULTS_FOLDER)): void {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${result.id}.json`);
  // By rename: another process may be reading all of them.
  writeFileSync(`${path}.${process.pid}`, `${JSON.stringify(result, null, 2)}\n`);
  renameSync(`${path}.${process.pid}`, path);
}

/** What is known of a run so far, by id. */
export function resultsIn(folder: string): readonly ScenarioResult[] {
  return globSync('*.json', { cwd: folder })
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as ScenarioResult)
    .sort((a, b) => compareIds(a.id, b.id));
}

/** Writes `reports/e2e.json` and the table from all results of the run. */
export function writeTable(): void {
  const results = resultsIn(repositoryFile(RESULTS_FOLDER));
  mkdirSync(repositoryFile('reports'), { recursive: true });
  writeFileSync(repositoryFile(JSON_FILE), `${JSON.stringify(results, null, 2)}\n`);
  const text = markdown(results);
  writeFileSync(repositoryFile(MARKDOWN_FILE), text);
  if (process.env['PAWL_E2E_WRITE_DOCS'] === '1') writeFileSync(repositoryFile(DOCS_FILE), text);
}

/** The table of a run. */
export function markdown(results: readonly ScenarioResult[]): string {
  const rows = results.map((result) => {
    const { id, title, outcome, seconds, sent, lost, busy, p50Ms, p95Ms, notes } = result;
    const counts = outcome === 'skipped' ? ['', '', '', '', ''] : [sent, lost, busy, `${p50Ms} / ${p95Ms}`, seconds];
    return [id, title, outcome, ...counts, notes.join('; ')];
  });
  const ran = results.filter(({ outcome }) => outcome !== 'skipped');
  const total = (of: (result: ScenarioResult) => number) => ran.reduce((sum, result) => sum + of(result), 0);
  const passed = ran.filter(({ outcome }) => outcome === 'passed').length;
  return `# Scenarios on a real cluster

Written by \`npm run e2e\` from its own measurements; do not edit. Files run side by side, each in a namespace of its own. A
load generator in each sends photographs to \`POST /predict\` all the while, half of them over connections of their own, half
over kept ones. Lost is every request without a whole, sensible answer: refused, unreachable, reset, timed out (10 s),
truncated, or a status other than 200 and 429 and the 503 that says when to come again because no CPU was left for a picture that
was begun; how many of those there were is in the notes. Latencies are those of a small machine that runs everything at once; nothing
is asserted about them.

${passed} of ${ran.length} scenarios passed; ${total(({ sent }) => sent)} requests sent, ${total(({ lost }) => lost)} lost.

${table(['', 'scenario', 'outcome', 'sent', 'lost', '429', 'p50 / p95 ms', 's', 'notes'], rows)}
`;
}

/** A table as prettier lays it out. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [head, ...rows].map((row) =>
    row.map((cell) => String(cell).replaceAll('|', '\\|').replaceAll('\n', ' ')),
  );
  const widths = head.map((_, column) => Math.max(3, ...cells.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  const [first = [], ...rest] = cells;
  return [line(first), line(widths.map((width) => '-'.repeat(width))), ...rest.map(line)].join('\n');
}

function compareIds(a: string, b: string): number {
  return Number.parseInt(a, 10) - Number.parseInt(b, 10) || a.localeCompare(b);
}
