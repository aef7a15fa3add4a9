/** Exit codes of `pawl`: an API for scripts, listed by `pawl --help`. */
export const exitCodes = {
  /** Done, and what was asked about holds. */
  ok: 0,
  /** The command worked, and the answer is no: a Failed verdict, an act that makes no sense now. */
  no: 1,
  /** The command line is wrong. */
  usage: 2,
  /** The cluster cannot be reached, refuses, or has no ModelVersions. */
  cluster: 3,
  /** There is no ModelVersion or model of that name. */
  notFound: 4,
  /** The time of `--timeout` was over first. */
  timeout: 124,
  /** Stopped by Ctrl-C. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Every error code of the commands that talk to a cluster, with its exit code. Codes are added, never renamed. */
export const cliErrorCodes = {
  USAGE: exitCodes.usage,
  KUBECONFIG_INVALID: exitCodes.cluster,
  CLUSTER_UNREACHABLE: exitCodes.cluster,
  CLUSTER_UNAUTHENTICATED: exitCodes.cluster,
  CLUSTER_FORBIDDEN: exitCodes.cluster,
  CLUSTER_REFUSED: exitCodes.cluster,
  CRD_MISSING: exitCodes.cluster,
  NAMESPACE_NOT_FOUND: exitCodes.notFound,
  VERSION_NOT_FOUND: exitCodes.notFound,
  CONFLICT: exitCodes.no,
  ACT_REFUSED: exitCodes.no,
  TIMEOUT: exitCodes.timeout,
  INTERRUPTED: exitCodes.interrupted,
} as const;

export type CliErrorCode = keyof typeof cliErrorCodes;

/** What a command ends with when it cannot do what was asked: what is wrong and what was expected, then what to do. */
export class CliError extends Error {
  readonly code: CliErrorCode;
  readonly hint: string;

  constructor(code: CliErrorCode, message: string, hint: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'CliError';
    this.code = code;
    this.hint = hint;
  }

  get exitCode(): ExitCode {
    return cliErrorCodes[this.code];
  }

  /** True when the same request may succeed a moment later: a restarting API server, a cut connection. */
  get transient(): boolean {
    return this.code === 'CLUSTER_UNREACHABLE';
  }
}
