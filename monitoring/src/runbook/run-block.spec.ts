import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@pawl/test-kit/eventually';
import { type CommandBlock, readRunbook } from './read-runbook.ts';
import { runBlock, type RunbookEnvironment, runRunbook } from './run-block.ts';

const environment: RunbookEnvironment = {
  KUBECONFIG: '/nowhere',
  NAMESPACE: 'zoo',
  CONTROLLER_NAMESPACE: 'pawl',
  MODEL: 'catdog',
  VERSION: 'catdog-1-0-0',
  URL: 'http://localhost:8000',
};
const block = (commands: string): CommandBlock => ({ section: 'A', line: 1, commands, mark: 'run', reason: '' });

describe('a block of the runbook', () => {
  it('runs with the variables, and keeps what it says', async () => {
    const result = await runBlock(block('echo "$MODEL in $NAMESPACE"\necho on stderr >&2'), environment);
    expect(result).toMatchObject({ code: 0, timedOut: false });
    expect(result.output.split('\n').sort()).toEqual(['', 'catdog in zoo', 'on stderr']);
  });

  it.each([
    ['a command that fails', 'false\necho went on'],
    ['a pipe whose first command fails', 'false | cat\necho went on'],
    ['a variable that nobody set', 'echo "$PAWL_NOBODY_SETS_THIS"\necho went on'],
  ])('ends at %s', async (_title, commands) => {
    const { code, output } = await runBlock(block(commands), environment);
    expect(code).toBeGreaterThan(0);
    expect(output).not.toContain('went on');
  });

  it('is ended when it takes too long, with all that it started', async () => {
    const result = await runBlock(block('echo begun; sleep 600 | cat; echo went on'), environment, 300);
    expect(result).toMatchObject({ code: undefined, timedOut: true, output: 'begun\n' });
  });

  it('leaves nothing behind that runs on', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pawl-runbook-'));
    const [started, pid] = [join(folder, 'started'), join(folder, 'pid')];
    const commands = `sleep 600 & echo $! >${pid}; touch ${started}`;
    expect(await runBlock(block(commands), environment)).toMatchObject({ code: 0 });
    expect(existsSync(started)).toBe(true);
    const { output } = await runBlock(block(`cat ${pid}`), environment);
    await eventually('the end of what bash left behind', () => !isAlive(Number(output)));
    rmSync(folder, { recursive: true });
  });
});

describe('a runbook', () => {
  it('has the blocks run that say so, each of them, whatever became of those before', async () => {
    const page = [
      '## A',
      ...['```sh run', 'echo "$VERSION"; exit 3', '```'],
      ...['```sh manual (wakes a person)', 'echo ring', '```'],
      ...['```sh', 'echo unmarked', '```'],
      '## B',
      ...['```sh run', 'echo "$URL"', '```'],
    ].join('\n');
    const results = await runRunbook(readRunbook(page), environment);
    expect(results.map(({ block, code, output }) => ({ section: block.section, code, output }))).toEqual([
      { section: 'A', code: 3, output: 'catdog-1-0-0\n' },
      { section: 'B', code: 0, output: 'http://localhost:8000\n' },
    ]);
  });
});

/** Whether a process runs; one that ended and that nobody has asked about does not. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
