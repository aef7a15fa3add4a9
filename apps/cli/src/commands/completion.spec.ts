import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { Command, Option } from 'commander';
import { addCompletion } from './completion.ts';

/** What a command line prints. The package writes to the console, wherever output goes. */
async function printed(...words: string[]): Promise<string[]> {
  return await printedBy(['/opt/node 24/bin/node', '/opt/pawl/main.js'], ...words);
}

async function printedBy(executable: readonly string[], ...words: string[]): Promise<string[]> {
  const program = new Command('pawl');
  program
    .command('get')
    .argument('[file]')
    .addOption(new Option('-o, --output <format>').choices(['json', 'yaml']));
  program.command('rollout').command('status');
  addCompletion(program, executable);
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

  it.each(['bash', 'zsh', 'fish', 'powershell'])('has %s ask this program, found by its name or not', async (shell) => {
    expect((await printed('completion', shell)).join('\n')).toContain(
      `'/opt/node 24/bin/node' /opt/pawl/main.js complete `,
    );
  });
});

describe('completion in bash', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pawl completion '));
    // A program that says what it was asked, and suggests words.
    await writeFile(
      join(folder, 'pawl.sh'),
      `printf '%s|' "$@" >"${folder}/asked"\nprintf 'csv\\tfor programs\\nndjson\\n--output=csv\\noci://a/b\\n:4\\n'\n`,
    );
    await writeFile(
      join(folder, 'script'),
      (await printedBy(['/bin/sh', join(folder, 'pawl.sh')], 'completion', 'bash')).join('\n'),
    );
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** What bash offers behind a line whose last words are these to bash, and what the program was asked. */
  function offered(line: string, ...words: string[]) {
    const program = `
      source ./script; source ./script
      COMP_LINE=$1 COMP_POINT=\${#1}; shift
      COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
      __pawl_complete; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', program, 'bash', line, ...words], {
      cwd: folder,
      env: { PATH: process.env['PATH'] },
      encoding: 'utf8',
    });
    const asked = readFileSync(join(folder, 'asked'), 'utf8');
    return { stderr, asked, words: stdout.split('\n').filter((word) => word !== '') };
  }

  it('needs nothing but bash, twice sourced, and takes the word as it is so far', () => {
    expect(offered('pawl get -o cs', 'pawl', 'get', '-o', 'cs')).toEqual({
      stderr: '',
      asked: 'complete|--|get|-o|cs|',
      words: ['csv'],
    });
    expect(offered('pawl get -o ', 'pawl', 'get', '-o', '')).toMatchObject({
      asked: 'complete|--|get|-o||',
      words: ['csv', 'ndjson', '--output=csv', 'oci://a/b'],
    });
  });

  it('completes the part of a word that bash replaces', () => {
    expect(offered('pawl get --output=c', 'pawl', 'get', '--output', '=', 'c').words).toEqual(['csv']);
    expect(offered('pawl get --output=', 'pawl', 'get', '--output', '=').words).toEqual(['csv']);
    expect(offered('pawl get oci://a', 'pawl', 'get', 'oci', ':', '//a').words).toEqual(['//a/b']);
  });

  it('offers nothing, so that files are, where nothing begins so', () => {
    expect(offered('pawl get models/', 'pawl', 'get', 'models/')).toMatchObject({ stderr: '', words: [] });
  });

  it('evaluates nothing of what was typed', () => {
    const evil = '$(touch${IFS}done);`touch${IFS}done`';
    expect(offered(`pawl get ${evil}`, 'pawl', 'get', evil).asked).toBe(`complete|--|get|${evil}|`);
    expect(readdirSync(folder)).not.toContain('done');
  });
});
