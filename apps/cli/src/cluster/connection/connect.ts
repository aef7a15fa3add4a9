import { KubeClient } from '@pawl/shared/kubernetes/client';
import { type Kubeconfig, KubeconfigError, loadKubeconfig } from '@pawl/shared/kubernetes/kubeconfig';
import { CliError } from '../../errors/cli-error.ts';
import type { Cluster, ConnectOptions } from './cluster.ts';
import { KubernetesCluster } from './kubernetes-cluster.ts';

/**
 * The cluster that a kubeconfig (or the pod that we run in) names. No request is sent yet.
 *
 * @throws CliError `KUBECONFIG_INVALID`
 */
export function connect(options: ConnectOptions): Cluster {
  const { context, requestTimeoutMs: timeoutMs, signal } = options;
  const source = { path: options.kubeconfig, context };
  const kubeconfig = readKubeconfig(options);
  const client = KubeClient.fromKubeconfig(source, { timeoutMs, signal, userAgent: 'pawl-cli' });
  return new KubernetesCluster(client, {
    namespace: options.namespace ?? kubeconfig.namespace ?? 'default',
    description: `${kubeconfig.server} (context ${kubeconfig.context})`,
    timeoutMs,
    signal,
  });
}

function readKubeconfig(options: ConnectOptions): Kubeconfig {
  try {
    return loadKubeconfig({ path: options.kubeconfig, context: options.context });
  } catch (error) {
    if (error instanceof KubeconfigError) throw invalid(error, options);
    throw error;
  }
}

function invalid(error: KubeconfigError, options: ConnectOptions): CliError {
  const source = options.kubeconfig ?? process.env['KUBECONFIG'] ?? '~/.kube/config';
  const naming = 'Name a kubeconfig with --kubeconfig or the variable KUBECONFIG.';
  switch (error.fault) {
    case 'unreadable':
      return new CliError(
        'KUBECONFIG_INVALID',
        `cannot read the kubeconfig ${source}: ${error.message}`,
        naming,
        error.cause,
      );
    case 'absent':
      return new CliError(
        'KUBECONFIG_INVALID',
        `no kubeconfig: KUBECONFIG is not set, ${source} does not exist, and this is not a pod`,
        naming,
      );
    case 'no cluster':
      return new CliError(
        'KUBECONFIG_INVALID',
        options.context === undefined
          ? `the kubeconfig ${source} has no current context that names a cluster`
          : `the kubeconfig ${source} has no context ${options.context}`,
        error.contexts.length === 0
          ? 'It has no contexts at all.'
          : `Choose one with --context: ${error.contexts.join(', ')}.`,
      );
  }
}
