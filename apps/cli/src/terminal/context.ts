/** A stream that commands write to. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** Everything outside the program that a command may touch. Tests give their own. */
export interface Context {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute path that relative paths of the command line start from. */
  readonly cwd: string;
  /** Aborted when the user presses Ctrl-C. */
  readonly signal: AbortSignal;
  readonly now: () => Date;
  /** Resolves after `ms`, or at once when {@link signal} aborts. */
  sleep(ms: number): Promise<void>;
  /** A few random characters `[a-z0-9]`. */
  random(): string;
}
