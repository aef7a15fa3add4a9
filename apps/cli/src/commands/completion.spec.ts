import { jest } from '@jest/globals';
import { Command, Option } from 'commander';
import { addCompletion } from './completion.ts';

/** What a command line prints. The package writes to the console, wherever output goes. */
async function printed(...words: string[]): Promise<string[]> {
  const program = new Command('pawl');
  program
    .command('get')
    .argument('[file]')
    .addOption(new Option('-o, --output <format>').choices(['json', 'yaml']));
  program.command('rollout').command('status');
  addCompletion(program, ['/opt/node 24/bin/node', '/opt/pawl/main.js']);
  const lines: string[] = [];
  const log = jest.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
  try {
    await program.parseAsync(words, { from: 'user' });
  } finally {
    log.mockRestore();
  }
  return lines.flatMap((line) => line.split('\n'));
}

/** What the shell is offered behind the last word. */
async function suggestions(...words: string[]): Promise<string[]> {
  const lines = await printed('complete', '--', ...words);
  return lines.filter((line) => !line.startsWith(':')).map((line) => line.split('\t')[0] ?? '');
}

describe('completion', () => {
  it('offers commands', async () => {
    expect(await suggestions('ro')).toEqual(['rollout']);
  });

  it('offers commands of commands', async () => {
    expect(await suggestions('rollout', '')).toContain('status');
  });

  it('offers options and their values', async () => {
    expect(await suggestions('get', '--ou')).toEqual(['--output']);
    expect(await suggestions('get', '--output', '')).toEqual(['json', 'yaml']);
  });

  it('leaves files to the shell where it has nothing to offer', async () => {
    expect((await printed('complete', '--', 'get', 'models/cand')).at(-1)).toBe(':0');
    expect((await printed('complete', '--', 'ro')).at(-1)).toBe(':4');
    expect(await printed('completion', 'bash')).toContain('complete -o default -o bashdefault -F __pawl_complete pawl');
  });

  it('has the shell ask this program, found by its name or not', async () => {
    const lines = await printed('completion', 'bash');
    expect(lines.find((line) => line.includes('requestComp=') && line.includes('complete --'))).toContain(
      `"'/opt/node 24/bin/node' /opt/pawl/main.js complete -- `,
    );
  });
});
