import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What Jest writes, as far as it is read. */
const jest = (more: object) => ({
  testResults: [],
  numPassedTests: 0,
  numFailedTests: 0,
  numPendingTests: 0,
  numRuntimeErrorTestSuites: 0,
  ...more,
});

const suite = (name: string, seconds: number, tests: readonly (readonly [string, string, string?])[]) => ({
  name: join(process.cwd(), name),
  startTime: 1000,
  endTime: 1000 + seconds * 1000,
  message: '',
  assertionResults: tests.map(([status, fullName, message]) => ({
    status,
    fullName,
    failureMessages: message === undefined ? [] : [message],
  })),
});

describe('the end of a run of everything', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pawl-ci-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  const summary = async (files: Readonly<Record<string, unknown>>) => {
    const at = mkdtempSync(join(folder, 'run-'));
    const reports = join(at, 'reports');
    mkdirSync(reports);
    for (const [name, content] of Object.entries(files))
      writeFileSync(join(at, name), typeof content === 'string' ? content : JSON.stringify(content));
    const { code, stdout } = await new Promise<{ code: number; stdout: string }>((resolve) => {
      execFile(process.execPath, ['scripts/ci/summary.js', at, reports], (error, out) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout: out });
      });
    });
    const lines = stdout.trimEnd().split('\n');
    const times = JSON.parse(readFileSync(join(reports, 'ci-times.json'), 'utf8')) as {
      stages: unknown[];
      slowest: { name: string; seconds: number }[];
    };
    return { code, lines, last: lines.at(-1), times };
  };

  it('says in its last line what really ran, and what took how long before', async () => {
    const { code, lines, last, times } = await summary({
      'stages.tsv':
        'npm ci\t61.4\t0\tforeground\nthe images\t130\t0\tbackground\nwaiting for: the images\t9\t0\twaiting\n',
      'jest-1.json': jest({
        testResults: [
          suite('a.spec.ts', 3, [['passed', 'a works']]),
          suite('b.spec.ts', 9, [['pending', 'b is skipped']]),
        ],
        numPassedTests: 1,
        numPendingTests: 1,
      }),
      'jest-2.json': jest({ testResults: [suite('test/e2e/x.e2e.ts', 99, [])], numPassedTests: 2 }),
      'reports/e2e.json': [
        { id: '1', title: 'serves', seconds: 20, outcome: 'passed' },
        { id: '12d', title: 'needs more', seconds: 0, outcome: 'skipped' },
      ],
      'reports/e2e-gitops.json': {
        steps: [{ id: '2', title: 'release', seconds: 21, heldSeconds: 10, outcome: 'passed' }],
      },
    });
    expect(last).toBe('3 passed, 0 failed, 1 skipped');
    expect(code).toBe(0);
    expect(lines).toContain('skipped: b is skipped');
    expect(lines).toContain('70 s by stage; those in the background ran beside the others');
    expect(lines).toEqual(expect.arrayContaining([' 61 s  foreground  npm ci', '130 s  background  the images']));
    expect(times.slowest).toEqual([
      { kind: 'step', name: '2: release', seconds: 31 },
      { kind: 'scenario', name: '1: serves', seconds: 20 },
      { kind: 'suite', name: 'b.spec.ts', seconds: 9 },
      { kind: 'suite', name: 'a.spec.ts', seconds: 3 },
    ]);
    expect(times.stages).toHaveLength(3);
  });

  it('names the twenty slowest', async () => {
    const testResults = Array.from({ length: 30 }, (_, i) => suite(`${i}.spec.ts`, i, []));
    const { times } = await summary({ 'jest-1.json': jest({ testResults }) });
    expect(times.slowest.map(({ seconds }) => seconds)).toEqual(Array.from({ length: 20 }, (_, i) => 29 - i));
  });

  it('counts a stage that is red without a failed test', async () => {
    const { code, lines, last } = await summary({ 'stages.tsv': 'lint\t20\t1\tforeground\n' });
    expect(last).toBe('0 passed, 1 failed, 0 skipped');
    expect(lines).toContain('failed: stage lint (exit code 1)');
    expect(code).toBe(1);
    const waited = await summary({ 'stages.tsv': 'images\t20\t1\tbackground\nwaiting for: images\t5\t1\twaiting\n' });
    expect(waited.last).toBe('0 passed, 1 failed, 0 skipped');
    const cutOff = await summary({ 'stages.tsv': 'waiting for: images\t5\t143\twaiting\n' });
    expect(cutOff.last).toBe('0 passed, 1 failed, 0 skipped');
  });

  it('counts failed tests once, and suites that did not begin', async () => {
    const { code, last, lines } = await summary({
      'stages.tsv': 'npm test\t20\t1\tforeground\n',
      'jest-1.json': jest({
        testResults: [
          suite('a.spec.ts', 1, [['failed', 'a is wrong', '\u001b[31mit waited 300 s\u001b[39m']]),
          { ...suite('b.spec.ts', 0, []), message: 'cannot be read' },
        ],
        numFailedTests: 1,
        numRuntimeErrorTestSuites: 1,
      }),
    });
    expect(last).toBe('0 passed, 2 failed, 0 skipped');
    const slowest = lines.findIndex((line) => line.includes('slowest'));
    expect(lines.slice(slowest)).toEqual(expect.arrayContaining(['failed: a is wrong', 'it waited 300 s']));
    expect(lines.join('\n')).toContain('cannot be read');
    expect(code).toBe(1);
  });

  it('tells what failed last, after what was not begun because of it', async () => {
    const { lines } = await summary({
      'stages.tsv': 'walkthrough\t20\t1\tbackground\n',
      'jest-1.json': jest({
        testResults: [
          suite('a.e2e.ts', 1, [
            ['failed', 'step 4', 'Error: 2.0.0 is Failed'],
            ['failed', 'step 5', 'Error: not begun, because step 4 failed\n    at somewhere'],
          ]),
        ],
        numFailedTests: 2,
      }),
    });
    expect(lines.filter((line) => line !== '').slice(-5)).toEqual([
      'failed: stage walkthrough (exit code 1)',
      'failed: step 5: Error: not begun, because step 4 failed',
      'failed: step 4',
      'Error: 2.0.0 is Failed',
      '0 passed, 2 failed, 0 skipped',
    ]);
  });
});
