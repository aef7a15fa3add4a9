import { CliError } from '../../errors/cli-error.ts';
import { networkProblem } from '../../errors/network.ts';

/** An answer that is not 2xx. */
export interface Failure {
  readonly status: number;
  readonly text: string;
  /** What was asked for, in words. */
  readonly what: string;
  /** Server and context. */
  readonly where: string;
}

/** What a kubeconfig has to do with a certificate that is not trusted. */
const tlsWords: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed and not the one in the kubeconfig',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is signed by an authority that the kubeconfig does not name',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is signed by an authority that the kubeconfig does not name',
};

/** What became of a request that got no answer. */
export function connectionError(error: unknown, where: string, timeoutMs: number): CliError {
  const { kind, words, code = '' } = networkProblem(error);
  if (kind === 'timeout') {
    return new CliError(
      'CLUSTER_UNREACHABLE',
      `the cluster at ${where} did not answer within ${timeoutMs / 1000} s`,
      'Check the network (VPN?) and that the API server is up, or give it longer with --request-timeout.',
      error,
    );
  }
  if (kind === 'tls') {
    return new CliError(
      'CLUSTER_UNAUTHENTICATED',
      `cannot trust the cluster at ${where}: ${tlsWords[code] ?? words}`,
      'Fetch a fresh kubeconfig for this cluster.',
      error,
    );
  }
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
