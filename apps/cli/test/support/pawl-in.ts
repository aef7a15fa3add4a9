import { run } from '../../src/program.ts';

/** What a command line did. */
export interface CommandRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Surroundings {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly signal?: AbortSignal;
  /** Called before each pause of a retry; pauses take no time. */
  readonly onSleep?: () => Promise<void> | void;
}

/** Runs `pawl` in this process in a folder, without any cluster. */
export async function pawlIn(
  cwd: string,
  argv: readonly string[],
  { env = {}, isTTY = false, columns = 100, signal, onSleep }: Surroundings = {},
): Promise<CommandRun> {
  let out = '';
  let err = '';
  const { PATH, HOME } = process.env;
  const code = await run(argv, {
    stdout: { isTTY, columns, write: (text) => (out += text) },
    stderr: { isTTY: false, write: (text) => (err += text) },
    env: { PATH, HOME, LANG: 'C.UTF-8', ...env },
    cwd,
    signal: signal ?? new AbortController().signal,
    now: () => new Date(),
    sleep: async () => {
      await onSleep?.();
    },
    random: () => 'abc123',
    connect: () => Promise.reject(new Error('no cluster is needed here')),
  });
  return { code, out, err };
}
