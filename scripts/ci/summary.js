/**
 * The end of a run of everything: what failed, what was skipped, where the time went, and how many tests ran.
 *
 *   node scripts/ci/summary.js STATE REPORTS
 *
 * STATE has `stages.tsv` (lines of name, seconds, exit code, and how it ran) and `jest-*.json`, results as Jest writes them;
 * REPORTS has `e2e.json` and `e2e-gitops.json` where they ran, and gets `ci-times.json`. Ends with a line
 * `N passed, N failed, N skipped`; the exit code is 0 when nothing failed. Plain JavaScript without a dependency, because a
 * run may end before anything is installed.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

/** How many suites and scenarios are named. */
const SLOWEST = 20;

/**
 * @typedef {{ name: string, seconds: number, code: number, how: string }} Stage
 * @typedef {{ kind: 'suite' | 'scenario' | 'step', name: string, seconds: number }} Part
 */

/**
 * Stages as the run wrote them down.
 * @param {string} text lines of name, seconds, exit code, and `foreground`, `background` or `waiting`, parted by tabs.
 * @returns {Stage[]}
 */
export function stagesOf(text) {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [name = '', seconds, code, how = 'foreground'] = line.split('\t');
      return { name, seconds: Number(seconds), code: Number(code), how };
    });
}

/**
 * The slowest parts of all that ran.
 * @param {{ testResults: { name: string, startTime: number, endTime: number }[] }[]} runs results of Jest.
 * @param {{ id: string, title: string, seconds: number, outcome: string }[]} scenarios
 * @param {{ id: string, title: string, seconds: number, heldSeconds: number, outcome: string }[]} steps of the GitOps walkthrough.
 * @param {string} root folder that names are told below.
 * @returns {Part[]} slowest first.
 */
export function slowest(runs, scenarios, steps, root) {
  const suites = runs
    .flatMap(({ testResults }) => testResults)
    .map(({ name, startTime, endTime }) => ({
      kind: 'suite',
      name: relative(root, name),
      seconds: (endTime - startTime) / 1000,
    }))
    // What they consist of is named by itself.
    .filter(({ name }) => !name.endsWith('.e2e.ts'));
  const ran = ({ outcome }) => outcome !== 'skipped';
  return [
    ...suites,
    ...scenarios.filter(ran).map(({ id, title, seconds }) => ({ kind: 'scenario', name: `${id}: ${title}`, seconds })),
    ...steps.filter(ran).map(({ id, title, seconds, heldSeconds }) => ({
      kind: 'step',
      name: `${id}: ${title}`,
      seconds: seconds + heldSeconds,
    })),
  ]
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, SLOWEST);
}

/**
 * How many tests ran. A stage without tests of its own counts as a failed test when it failed.
 * @param {{ numPassedTests: number, numFailedTests: number, numPendingTests: number, numRuntimeErrorTestSuites: number }[]} runs
 * @param {Stage[]} stages
 * @returns {{ passed: number, failed: number, skipped: number }}
 */
export function counts(runs, stages) {
  const sum = (of) => runs.reduce((total, run) => total + of(run), 0);
  const failedTests = sum((run) => run.numFailedTests + run.numRuntimeErrorTestSuites);
  const redOf = (kind) => stages.filter(({ code, how }) => code !== 0 && (how === 'waiting') === kind).length;
  // Who waited in vain says nothing new about what it waited for.
  const red = redOf(false) || redOf(true);
  return {
    passed: sum((run) => run.numPassedTests),
    // A stage is red because its tests are; what is red without one has to count, too.
    failed: Math.max(failedTests, red),
    skipped: sum((run) => run.numPendingTests),
  };
}

/** How much of a failure's message is told here, characters. */
const LONGEST_MESSAGE = 1500;

/** A step that was not begun because another one failed says nothing of its own. */
const CONSEQUENCE = 'not begun, because';

/**
 * What failed, and how: consequences first, a line each, because the end of a long log is what is read.
 * @param {{ testResults: { name: string, message: string, assertionResults: { status: string, fullName: string, failureMessages?: string[] }[] }[] }[]} runs
 * @param {Stage[]} stages
 * @returns {string[]}
 */
export function failures(runs, stages) {
  const short = (message) => stripVTControlCharacters(message).slice(0, LONGEST_MESSAGE);
  const suites = runs.flatMap(({ testResults }) => testResults);
  const failed = suites.flatMap(({ assertionResults }) => assertionResults.filter(({ status }) => status === 'failed'));
  const isConsequence = ({ failureMessages = [] }) => failureMessages.some((message) => message.includes(CONSEQUENCE));
  const firstLine = (message = '') => short(message).split('\n', 1)[0];
  return [
    ...stages.filter(({ code }) => code !== 0).map(({ name, code }) => `stage ${name} (exit code ${code})`),
    ...failed
      .filter(isConsequence)
      .map(({ fullName, failureMessages = [] }) => `${fullName}: ${firstLine(failureMessages[0])}`),
    ...suites
      .filter(({ message, assertionResults }) => assertionResults.length === 0 && message)
      .map(({ name, message }) => `${name}: ${short(message)}`),
    ...failed
      .filter((result) => !isConsequence(result))
      .map(({ fullName, failureMessages = [] }) => [fullName, ...failureMessages.map(short)].join('\n')),
  ];
}

/**
 * A table for a terminal.
 * @param {readonly (readonly string[])[]} rows the last column is the longest, and not padded.
 */
export function table(rows) {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column].length))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, i) => (i === row.length - 1 ? cell : i === 0 ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join('  '),
  );
}

/** @param {number} seconds */
const time = (seconds) => `${Math.round(seconds)} s`;

function main(state, reports) {
  const read = (path) => JSON.parse(readFileSync(path, 'utf8'));
  const optional = (path, otherwise) => (existsSync(path) ? read(path) : otherwise);
  const runs = readdirSync(state)
    .filter((file) => /^jest-.*\.json$/.test(file))
    .sort()
    .map((file) => read(join(state, file)));
  const stages = existsSync(join(state, 'stages.tsv')) ? stagesOf(readFileSync(join(state, 'stages.tsv'), 'utf8')) : [];
  const scenarios = optional(join(reports, 'e2e.json'), []);
  const { steps } = optional(join(reports, 'e2e-gitops.json'), { steps: [] });
  for (const { assertionResults } of runs.flatMap(({ testResults }) => testResults))
    for (const { status, fullName } of assertionResults) if (status === 'pending') console.log(`skipped: ${fullName}`);

  const parts = slowest(runs, scenarios, steps, process.cwd());
  const total = counts(runs, stages);
  const whole = stages.filter(({ how }) => how !== 'background').reduce((sum, { seconds }) => sum + seconds, 0);
  console.log(`\n${time(whole)} by stage; those in the background ran beside the others\n`);
  for (const line of table(stages.map(({ name, seconds, how }) => [time(seconds), how, name]))) console.log(line);
  console.log(`\nthe ${parts.length} slowest suites, scenarios and steps of the GitOps walkthrough\n`);
  for (const line of table(parts.map(({ kind, name, seconds }) => [time(seconds), kind, name]))) console.log(line);
  mkdirSync(reports, { recursive: true });
  writeFileSync(
    join(reports, 'ci-times.json'),
    `${JSON.stringify({ stages, slowest: parts, tests: total }, null, 2)}\n`,
  );
  // Near the end, because the middle of a long log is what gets lost.
  for (const line of failures(runs, stages)) console.log(`\nfailed: ${line}`);
  console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  process.exitCode = total.failed === 0 ? 0 : 1;
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url))
  main(...process.argv.slice(2));
