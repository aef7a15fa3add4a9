import { ApiError, ApiUnreachable, isKindMissing, isNotFound } from '@pawl/shared/kubernetes/api-error';
import { CliError } from '../../errors/cli-error.ts';
import { networkProblem } from '../../errors/network.ts';

/** Which cluster failed, for messages. */
export interface ClusterDescription {
  /** Address and context. */
  readonly description: string;
  /** Milliseconds that a request may take. */
  readonly timeoutMs: number;
}

/** What a kubeconfig has to do with a certificate that is not trusted. */
const tlsWords: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed and not the one in the kubeconfig',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is signed by an authority that the kubeconfig does not name',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is signed by an authority that the kubeconfig does not name',
};

/**
 * What a failure of the client means to the user; anything else comes back as it is.
 *
 * @param what was asked for, in words: `read pods`.
 * @param changed name of the ModelVersion that was to be written.
 */
export function clusterFailure(error: unknown, what: string, cluster: ClusterDescription, changed?: string): unknown {
  if (error instanceof ApiUnreachable) return unreachable(error, cluster);
  if (!(error instanceof ApiError)) return error;
  if (changed !== undefined && isNotFound(error) && !isKindMissing(error))
    return new CliError(
      'VERSION_NOT_FOUND',
      `ModelVersion ${changed} was deleted meanwhile`,
      'List what there is: pawl get',
    );
  return refusal(error, what, cluster.description);
}

/** What became of a request that got no answer. */
function unreachable(
  { failedAt, underlying }: ApiUnreachable,
  { description: where, timeoutMs }: ClusterDescription,
): CliError {
  if (failedAt === 'timeout')
    return new CliError(
      'CLUSTER_UNREACHABLE',
      `the cluster at ${where} did not answer within ${timeoutMs / 1000} s`,
      'Check the network (VPN?) and that the API server is up, or give it longer with --request-timeout.',
      underlying,
    );
  if (failedAt === 'credentials')
    return new CliError(
      'CLUSTER_UNAUTHENTICATED',
      `cannot get credentials for ${where}: ${(underlying as Error).message}`,
      'Log in again the way this cluster wants it, and check that `kubectl auth whoami` works with the same context.',
      underlying,
    );
  if (failedAt === 'answer')
    return new CliError(
      'CLUSTER_UNREACHABLE',
      `cannot reach the cluster at ${where}: what answers there is no API server`,
      'Choose another cluster with --context or --kubeconfig.',
      underlying,
    );
  const { kind, words, code = '' } = networkProblem(underlying);
  if (kind === 'tls')
    return new CliError(
      'CLUSTER_UNAUTHENTICATED',
      `cannot trust the cluster at ${where}: ${tlsWords[code] ?? words}`,
      'Fetch a fresh kubeconfig for this cluster.',
      underlying,
    );
  return new CliError(
    'CLUSTER_UNREACHABLE',
    `cannot reach the cluster at ${where}: ${words}`,
    'Check that it is up (`kubectl cluster-info`), or choose another one with --context or --kubeconfig.',
    underlying,
  );
}

/** What an answer other than 2xx means to the user. */
function refusal(error: ApiError, what: string, where: string): CliError {
  const { status, message } = error;
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
      'Ask an administrator of this cluster for the right, or choose another namespace (-n) or context (--context).',
    );
  }
  if (isKindMissing(error) && what.includes('ModelVersion')) {
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
  if (status < 400) {
    return new CliError(
      'CLUSTER_UNREACHABLE',
      `cannot reach the cluster at ${where}: ${message}`,
      'Check that it is up (`kubectl cluster-info`), or choose another one with --context or --kubeconfig.',
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
