import { CliError } from '../errors/cli-error.ts';

/** An answer that is not 2xx. */
export interface Failure {
  readonly status: number;
  readonly text: string;
  /** What was asked for, in words. */
  readonly what: string;
  /** Server and context. */
  readonly where: string;
}

/** Codes of sockets, DNS and TLS, in words. */
const connectionWords: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was cut',
  UND_ERR_SOCKET: 'the connection was cut',
  ENOTFOUND: 'its name is not known',
  EAI_AGAIN: 'its name could not be looked up',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'there is no route to it',
  ETIMEDOUT: 'nothing answered',
  UND_ERR_CONNECT_TIMEOUT: 'nothing answered',
  UND_ERR_HEADERS_TIMEOUT: 'nothing answered',
};

const tlsWords: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed and not the one in the kubeconfig',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is signed by an authority that the kubeconfig does not name',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is signed by an authority that the kubeconfig does not name',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host name',
};

/** What became of a request that got no answer. */
export function connectionError(error: unknown, where: string, timeoutMs: number): CliError {
  if ((error as Error).name === 'TimeoutError') {
    return new CliError(
      'CLUSTER_UNREACHABLE',
      `the cluster at ${where} did not answer within ${timeoutMs / 1000} s`,
      'Check the network (VPN?) and that the API server is up, or give it longer with --request-timeout.',
      error,
    );
  }
  const code = codeOf(error);
  const tls = code === undefined ? undefined : tlsWords[code];
  if (tls !== undefined) {
    return new CliError(
      'CLUSTER_UNAUTHENTICATED',
      `cannot trust the cluster at ${where}: ${tls}`,
      'Fetch a fresh kubeconfig for this cluster.',
      error,
    );
  }
  const words = (code === undefined ? undefined : connectionWords[code]) ?? deepestMessage(error);
  return new CliError(
    'CLUSTER_UNREACHABLE',
    `cannot reach the cluster at ${where}: ${words}`,
    'Check that it is up (`kubectl cluster-info`), or choose another one with --context or --kubeconfig.',
    error,
  );
}

/** What an answer other than 2xx means to the user. */
export function responseError(failure: Failure): CliError {
  const { status, what, where } = failure;
  const message = serverMessage(failure.text);
  if (status === 401) {
    return new CliError(
      'CLUSTER_UNAUTHENTICATED',
      `the cluster at ${where} does not accept your credentials`,
      'Log in again, or choose another user with --context or --kubeconfig.',
    );
  }
  if (status === 403) {
    return new CliError(
      'CLUSTER_FORBIDDEN',
      `you may not ${what}: ${message}`,
      'Ask whoever runs this cluster for the right, or choose another namespace (-n) or context (--context).',
    );
  }
  if (status === 404 && what.includes('ModelVersion')) {
    return new CliError(
      'CRD_MISSING',
      `the cluster at ${where} does not know ModelVersions (pawl.dev/v1alpha1)`,
      'Install the chart, which brings the CustomResourceDefinition, or choose the right cluster with --context.',
    );
  }
  if (status === 409) {
    return new CliError(
      'CONFLICT',
      `cannot ${what}: it changed meanwhile (${message})`,
      'Look at it again, and repeat.',
    );
  }
  if (status === 429 || status >= 500) {
    return new CliError(
      'CLUSTER_UNREACHABLE',
      `the cluster at ${where} cannot answer now: HTTP ${status}, ${message}`,
      'Try again in a moment.',
    );
  }
  return new CliError(
    'CLUSTER_REFUSED',
    `the cluster at ${where} refused to ${what}: HTTP ${status}, ${message}`,
    'Compare the versions of pawl and of the installed chart.',
  );
}

/** The `message` of a Kubernetes Status, or the start of whatever else came. */
function serverMessage(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    if (typeof message === 'string') return message;
  } catch {
    // A proxy in between answers with something that is not JSON.
  }
  return text.trim().split('\n')[0]?.slice(0, 200) ?? '';
}

interface Link {
  readonly message?: string;
  readonly code?: unknown;
  readonly cause?: unknown;
  /** Of an AggregateError: one error an address that was tried. */
  readonly errors?: readonly Link[];
}

/** An error and its causes, outermost first; by shape, because errors of Node and of a sandbox have different classes. */
function* chain(error: unknown): Generator<Link> {
  for (let at = error, depth = 0; typeof at === 'object' && at !== null && depth < 8; depth += 1) {
    yield at;
    at = (at as Link).cause;
  }
}

function codeOf(error: unknown): string | undefined {
  for (const link of chain(error)) {
    const code = link.errors?.[0]?.code ?? link.code;
    if (typeof code === 'string' && (code in connectionWords || code in tlsWords)) return code;
  }
  return undefined;
}

function deepestMessage(error: unknown): string {
  return [...chain(error)].at(-1)?.message ?? String(error);
}
