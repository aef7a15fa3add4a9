import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { parse, parseDocument, stringify } from 'yaml';
import { repositoryFile } from '../../e2e/support/settings.ts';

const run = promisify(execFile);

/** Longest that one Git command may take, milliseconds. */
const GIT_TIMEOUT_MS = 60_000;
/** Longest that one command of the CLI may take, milliseconds. */
const PAWL_TIMEOUT_MS = 120_000;

type Json = { readonly [key: string]: unknown };

/** Runs Git. @returns what it printed, without the last line's end. @throws Error with what it said. */
export async function git(cwd: string, ...args: string[]): Promise<string> {
  const { stdout } = await run('git', ['-c', 'commit.gpgsign=false', ...args], {
    cwd,
    maxBuffer: 1 << 26,
    timeout: GIT_TIMEOUT_MS,
    env: { ...process.env, GIT_TERMINAL_PROMPT: '0' },
  });
  return stdout.trimEnd();
}

/** How a command of the CLI ended. */
export interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A person's clone of the repository: what they edit, commit and push, and where they run `pawl`. */
export class Clone {
  readonly folder: string;
  readonly branch: string;
  readonly #env: Readonly<Record<string, string>>;

  private constructor(folder: string, branch: string, env: Readonly<Record<string, string>>) {
    this.folder = folder;
    this.branch = branch;
    this.#env = env;
  }

  /** Clones `address` into `folder`. @param env variables for `pawl`, beside those of this process. */
  static async make(
    address: string,
    folder: string,
    person: string,
    env: Readonly<Record<string, string>> = {},
  ): Promise<Clone> {
    mkdirSync(dirname(folder), { recursive: true });
    await git(dirname(folder), 'clone', '--quiet', address, folder);
    await git(folder, 'config', 'user.name', person);
    await git(folder, 'config', 'user.email', `${person.toLowerCase()}@example.com`);
    return new Clone(folder, await git(folder, 'branch', '--show-current'), env);
  }

  read(path: string): string {
    return readFileSync(join(this.folder, path), 'utf8');
  }

  write(path: string, text: string): void {
    const whole = join(this.folder, path);
    mkdirSync(dirname(whole), { recursive: true });
    writeFileSync(whole, text);
  }

  /** Names of what lies in a folder, sorted. */
  list(path: string): readonly string[] {
    return readdirSync(join(this.folder, path)).sort();
  }

  remove(path: string): void {
    rmSync(join(this.folder, path), { recursive: true });
  }

  /** Lays `change` over a YAML file, field by field; comments stay. A value of undefined takes the field away. */
  edit(path: string, change: Json): void {
    const document = parseDocument(this.read(path));
    const lay = (at: readonly string[], over: Json) => {
      for (const [key, value] of Object.entries(over)) {
        const here = [...at, key];
        if (value === undefined) document.deleteIn(here);
        else if (isObject(value) && isObject(plain(document.getIn(here)))) lay(here, value);
        else document.setIn(here, document.createNode(value));
      }
    };
    if (document.contents === null) this.write(path, stringify(change));
    else {
      lay([], change);
      this.write(path, document.toString({ lineWidth: 0 }));
    }
  }

  /** What a YAML file says. */
  yaml(path: string): Json {
    return (parse(this.read(path)) as Json | null) ?? {};
  }

  async head(): Promise<string> {
    return await git(this.folder, 'rev-parse', 'HEAD');
  }

  /** Commits everything that was changed. @returns the commit's hash. */
  async commit(message: string): Promise<string> {
    await git(this.folder, 'add', '--all');
    await git(this.folder, 'commit', '--quiet', '--message', message);
    return await this.head();
  }

  /** Reverts a commit, as `git revert` does. @returns the new commit's hash. */
  async revert(commit: string): Promise<string> {
    await git(this.folder, 'revert', '--no-edit', commit);
    return await this.head();
  }

  async push(): Promise<void> {
    await git(this.folder, 'push', '--quiet', 'origin', `HEAD:${this.branch}`);
  }

  async pull(): Promise<void> {
    await git(this.folder, 'pull', '--quiet', '--rebase', 'origin', this.branch);
  }

  /** Runs the built CLI in the clone. Never throws for an exit code. */
  async pawl(...args: string[]): Promise<Answer> {
    const options = {
      cwd: this.folder,
      timeout: PAWL_TIMEOUT_MS,
      maxBuffer: 1 << 26,
      env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', ...this.#env },
    };
    try {
      const { stdout, stderr } = await run(
        process.execPath,
        [repositoryFile('apps/cli/bin/pawl.js'), ...args],
        options,
      );
      return { code: 0, stdout, stderr };
    } catch (error) {
      const { code, stdout, stderr } = error as { code?: unknown; stdout?: string; stderr?: string };
      if (typeof code !== 'number') throw error;
      return { code, stdout: stdout ?? '', stderr: stderr ?? '' };
    }
  }

  /** As {@link pawl}, and it must succeed. @throws Error with what it said. */
  async pawlDone(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.pawl(...args);
    if (code !== 0) throw new Error(`pawl ${args.join(' ')} ended with ${code}:\n${stdout}\n${stderr}`);
    return stdout;
  }
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A node of a document as plain data. */
const plain = (node: unknown): unknown =>
  typeof node === 'object' && node !== null && 'toJSON' in node ? (node as { toJSON: () => unknown }).toJSON() : node;
