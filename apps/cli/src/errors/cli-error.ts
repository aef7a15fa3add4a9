/** Exit codes of `pawl`: an API for scripts, listed by `pawl --help`. */
export const exitCodes = {
  /** Done, and what was asked about holds. */
  ok: 0,
  /** The command worked, and the answer is no: a Failed verdict, an act that makes no sense now. */
  no: 1,
  /** The command line is wrong. */
  usage: 2,
  /** What lies outside cannot be reached or refuses: a cluster, a service, a store, a tracking server, Git. */
  cluster: 3,
  /** There is no ModelVersion, model, file or run of that name. */
  notFound: 4,
  /** The time of `--timeout` was over first. */
  timeout: 124,
  /** Stopped by Ctrl-C. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Every error code of the commands, with its exit code. Codes are added, never renamed. */
const cliErrorCodes = {
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
  // Data and training
  PARAMS_INVALID: exitCodes.usage,
  FILE_NOT_FOUND: exitCodes.notFound,
  FILE_WRITE_FAILED: exitCodes.no,
  DISK_FULL: exitCodes.no,
  DATA_EMPTY: exitCodes.no,
  DATA_ONE_CLASS: exitCodes.no,
  DATA_UNREADABLE: exitCodes.no,
  DATA_SPLIT_EMPTY: exitCodes.no,
  DATA_LABELS_DIFFER: exitCodes.no,
  DATA_SIZE_DIFFERS: exitCodes.no,
  DATA_LABEL_INVALID: exitCodes.no,
  DATA_LAYOUT_UNCLEAR: exitCodes.no,
  BACKBONE_INVALID: exitCodes.no,
  GRAPH_INVALID: exitCodes.no,
  GRAPH_EXTERNAL_DATA: exitCodes.no,
  GRAPH_AMBIGUOUS: exitCodes.usage,
  GATE_FAILED: exitCodes.no,
  STAGES_DIFFER: exitCodes.no,
  STAGES_USELESS: exitCodes.no,
  // Tracking
  TRACKING_UNREACHABLE: exitCodes.cluster,
  TRACKING_REFUSED: exitCodes.cluster,
  RUN_NOT_FOUND: exitCodes.notFound,
  MODEL_NOT_FOUND: exitCodes.notFound,
  // Publishing
  TAG_MOVED: exitCodes.no,
  VERSION_TOO_SMALL: exitCodes.no,
  RELEASE_REFUSED: exitCodes.no,
  GIT_FAILED: exitCodes.cluster,
  // Promotion: the environments' folders and history
  PROMOTION_REFUSED: exitCodes.no,
  PROMOTION_WAY: exitCodes.no,
  PROMOTION_LOWER: exitCodes.no,
  PROMOTION_ROLLED_BACK: exitCodes.no,
  DIGEST_DIFFERS: exitCodes.no,
  NOT_RELEASED: exitCodes.notFound,
  HISTORY_SHALLOW: exitCodes.no,
  // Promotion: what the environment before it says
  VERDICT_NOT_FOUND: exitCodes.notFound,
  VERDICT_INVALID: exitCodes.no,
  VERDICT_UNREACHABLE: exitCodes.cluster,
  VERDICT_OLD: exitCodes.no,
  VERDICT_OUTDATED: exitCodes.no,
  NOT_SERVING: exitCodes.no,
  NOT_SERVING_LONG: exitCodes.no,
  NOT_WELL: exitCodes.no,
  NOT_ACCEPTED: exitCodes.no,
  NOT_ANALYSED: exitCodes.no,
  VERSION_SUSPENDED: exitCodes.no,
  VERSION_DELETED: exitCodes.no,
  // Rollback
  ROLLBACK_REFUSED: exitCodes.no,
  ROLLBACK_NOTHING: exitCodes.no,
  ROLLBACK_OVERTAKEN: exitCodes.no,
  // A running service
  SERVICE_UNREACHABLE: exitCodes.cluster,
  SERVICE_REFUSED: exitCodes.cluster,
  SMOKE_FAILED: exitCodes.no,
  // What was measured after deployment
  PROMETHEUS_UNREACHABLE: exitCodes.cluster,
  PROMETHEUS_REFUSED: exitCodes.cluster,
  METRICS_NOT_FOUND: exitCodes.notFound,
  METRICS_TOO_MANY: exitCodes.no,
  REFERENCE_MISSING: exitCodes.no,
  REFERENCE_DIFFERS: exitCodes.no,
  SIMULATION_INVALID: exitCodes.no,
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
