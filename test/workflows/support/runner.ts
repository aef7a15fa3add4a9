import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EnvironmentsRepository, programPath } from '../../../apps/cli/test/support/environments-repository.ts';
import { IDENTITY } from '@pawl/test-kit/git-identity';
import { ROOT, type Step } from './workflow.ts';

/** What `npm run build` makes. */
const PAWL = join(ROOT, 'apps/cli/dist/bundle/main.js');

/** Programs of the runner that the scripts use beside pawl. */
const TOOLS = ['bash', 'sh', 'cat', 'tee', 'base64', 'sed'];

/** A runner's machine: what scripts of workflows find on it, and what they leave. */
export class Runner {
  readonly repository: EnvironmentsRepository;
  readonly #folder: string;

  private constructor(repository: EnvironmentsRepository) {
    this.repository = repository;
    this.#folder = join(repository.programs, '../runner');
  }

  /** @param more programs beside those of every runner. */
  static async create(more: Readonly<Record<string, string>> = {}): Promise<Runner> {
    const tools = Object.fromEntries(TOOLS.map((name) => [name, programPath(name)]));
    const runner = new Runner(await EnvironmentsRepository.create({ ...tools, ...more }));
    await mkdir(runner.#folder);
    return runner;
  }

  /** Puts a program there that writes how it was called, a line a word, and says what it is told to. */
  async fake(name: string, { says = '', code = 0 } = {}): Promise<void> {
    const path = join(this.repository.programs, name);
    await writeFile(
      path,
      `#!${programPath('bash')}\nprintf '%s\\n' "$@" >"${this.#folder}/${name}.words"\nenv >"${this.#folder}/${name}.env" 2>/dev/null || export -p >"${this.#folder}/${name}.env"\nprintf '%s' '${says}'\nexit ${code}\n`,
    );
    await chmod(path, 0o755);
  }

  /** Puts the built pawl there, as `npx pawl`. */
  async installPawl(): Promise<void> {
    const path = join(this.repository.programs, 'npx');
    await writeFile(path, `#!${programPath('bash')}\nshift\nexec '${process.execPath}' '${PAWL}' "$@"\n`);
    await chmod(path, 0o755);
  }

  /** The words that a program was called with; undefined when it was not called. */
  async words(name: string): Promise<readonly string[] | undefined> {
    return (await this.read(`${name}.words`))?.split('\n').slice(0, -1);
  }

  async read(file: string): Promise<string | undefined> {
    return await readFile(join(this.#folder, file), 'utf8').catch(() => undefined);
  }

  /** Runs the script of a step as GitHub does (https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsshell). */
  async run(
    { run = '' }: Step,
    env: Readonly<Record<string, string>>,
  ): Promise<{ readonly code: number; readonly out: string }> {
    await writeFile(join(this.#folder, 'script'), run);
    return await new Promise((resolve) => {
      execFile(
        programPath('bash'),
        ['--noprofile', '--norc', '-eo', 'pipefail', join(this.#folder, 'script')],
        {
          cwd: this.repository.root,
          env: {
            ...IDENTITY,
            PATH: this.repository.programs,
            RUNNER_TEMP: this.#folder,
            GITHUB_STEP_SUMMARY: join(this.#folder, 'summary'),
            GITHUB_OUTPUT: join(this.#folder, 'output'),
            GITHUB_RUN_ID: '42',
            GITHUB_SERVER_URL: 'https://github.com',
            ...env,
          },
          timeout: 60_000,
        },
        (error, stdout, stderr) => {
          resolve({ code: error === null ? 0 : Number(error.code), out: stdout + stderr });
        },
      );
    });
  }
}
