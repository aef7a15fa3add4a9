import { jest } from '@jest/globals';
import { Command, Option } from 'commander';
import { addCompletion } from './completion.ts';

/** What the shell is offered behind the last word. The package writes to the console, wherever output goes. */
async function suggestions(...words: string[]): Promise<string[]> {
  const program = new Command('pawl');
  program.command('get').addOption(new Option('-o, --output <format>').choices(['json', 'yaml']));
  program.command('rollout').command('status');
  addCompletion(program);
  const lines: string[] = [];
  const log = jest.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
  try {
    await program.parseAsync(['complete', '--', ...words], { from: 'user' });
  } finally {
    log.mockRestore();
  }
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
});
