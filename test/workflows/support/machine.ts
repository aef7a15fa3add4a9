import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IDENTITY } from '@pawl/test-kit/git-identity';
import { programPath } from '../../../apps/cli/test/support/environments-repository.ts';
import { ROOT } from './workflow.ts';

/** Programs that every runner has and the scripts call. */
const TOOLS = [
  ...['bash', 'sh', 'env', 'cat', 'cut', 'date', 'dirname', 'git', 'grep', 'head', 'mkdir', 'mktemp', 'mv', 'cp', 'rm'],
  ...['sed', 'sha256sum', 'sort', 'tail', 'tar', 'timeout', 'tr', 'basename', 'find', 'xargs', 'gzip', 'ls'],
];

/** A machine that has what a test puts there: the scripts of scripts/ci are run on it as they are. */
export class Machine {
  readonly folder: string;
  readonly #programs: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.#programs = join(folder, 'programs');
  }

  /** @param more programs of this machine that the script needs beside the usual ones, by name or path. */
  static async create(more: readonly string[] = []): Promise<Machine> {
    const machine = new Machine(await mkdtemp(join(tmpdir(), 'pawl-machine-')));
    await mkdir(machine.#programs);
    for (const tool of [...TOOLS, ...more])
      await symlink(programPath(tool), join(machine.#programs, tool.slice(tool.lastIndexOf('/') + 1)));
    return machine;
  }

  /**
   * Puts a program there that writes down how it was called and then does what it is told to.
   * @param script lines of Bash; `$*` are the words of the call.
   */
  async stub(name: string, script = ''): Promise<void> {
    const path = join(this.#programs, name);
    const log = join(this.folder, 'calls');
    await writeFile(path, `#!${programPath('bash')}\necho "${name} $*" >>'${log}'\n${script}\n`);
    await chmod(path, 0o755);
  }

  /** Every call of the stubs, in order: the name and the words. */
  async calls(): Promise<readonly string[]> {
    return ((await this.read('calls')) ?? '').split('\n').slice(0, -1);
  }

  /** A file of its folder; undefined where there is none. */
  async read(file: string): Promise<string | undefined> {
    return await readFile(join(this.folder, file), 'utf8').catch(() => undefined);
  }

  /** Runs a script of scripts/ci. @param cwd the folder that it is run in; default the repository. */
  async run(
    script: string,
    words: readonly string[],
    env: Readonly<Record<string, string>> = {},
    cwd = ROOT,
  ): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
    return await new Promise((resolve) => {
      execFile(
        join(ROOT, 'scripts/ci', script),
        [...words],
        { cwd, env: { ...IDENTITY, PATH: this.#programs, TMPDIR: this.folder, ...env }, timeout: 120_000 },
        (error, out, err) => {
          resolve({ code: error === null ? 0 : Number(error.code), out, err });
        },
      );
    });
  }

  async delete(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
