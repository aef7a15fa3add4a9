import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { inRepository } from '@pawl/test-kit/repository';

const run = promisify(execFile);
const cwd = inRepository('');

/** Names of the settings in `.npmrc`. */
const settings = readFileSync(inRepository('.npmrc'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => line.replace(/=.*/, ''));

describe('npm in this repository', () => {
  it('is told nothing that it does not know: npm 11 warns about that before every command', async () => {
    // With the warnings that .npmrc silences.
    const { stdout, stderr } = await run('npm', ['pkg', 'get', 'name', '--loglevel=warn'], { cwd });
    expect([stdout.trim(), stderr]).toEqual(['"pawl"', '']);
    // npm 10 knows these, and warns about none.
    expect(settings.toSorted()).toEqual(['audit', 'fund', 'ignore-scripts', 'loglevel']);
  });

  it('prints what a script prints, and nothing else', async () => {
    const { stdout, stderr } = await run('npm', ['exec', '--', 'tsc', '--version'], { cwd });
    expect([stdout, stderr]).toEqual([expect.stringMatching(/^Version \d[\d.]*\n$/), '']);
  });

  it('runs no install script', async () => {
    const { stdout } = await run('npm', ['config', 'get', 'ignore-scripts'], { cwd });
    expect(stdout.trim()).toBe('true');
  });
});
