import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { CliError } from '../../errors/cli-error.ts';
import type { Cluster, ConnectOptions } from './cluster.ts';
import { KubernetesCluster } from './kubernetes-cluster.ts';
import { RestClient } from './rest-client.ts';

/**
 * The cluster that a kubeconfig (or the pod that we run in) names. No request is sent yet.
 *
 * @throws CliError `KUBECONFIG_INVALID`
 */
export function connect(options: ConnectOptions): Cluster {
  const config = new KubeConfig();
  const source = options.kubeconfig ?? process.env['KUBECONFIG'] ?? '~/.kube/config';
  try {
    if (options.kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(options.kubeconfig);
  } catch (error) {
    throw new CliError(
      'KUBECONFIG_INVALID',
      `cannot read the kubeconfig ${source}: ${(error as Error).message}`,
      'Name a kubeconfig with --kubeconfig or the variable KUBECONFIG.',
      error,
    );
  }
  // What the library makes up when it found nothing at all.
  if (
    config.getCurrentContext() === 'loaded-context' &&
    config.getCurrentCluster()?.server === 'http://localhost:8080'
  ) {
    throw new CliError(
      'KUBECONFIG_INVALID',
      `no kubeconfig: KUBECONFIG is not set, ${source} does not exist, and this is not a pod`,
      'Name a kubeconfig with --kubeconfig or the variable KUBECONFIG.',
    );
  }
  const known = config.getContexts().map((context) => context.name);
  if (options.context !== undefined) config.setCurrentContext(options.context);
  if (config.getCurrentCluster() === null) {
    throw new CliError(
      'KUBECONFIG_INVALID',
      options.context === undefined
        ? `the kubeconfig ${source} has no current context that names a cluster`
        : `the kubeconfig ${source} has no context ${options.context}`,
      known.length === 0 ? 'It has no contexts at all.' : `Choose one with --context: ${known.join(', ')}.`,
    );
  }
  const namespace = options.namespace ?? config.getContextObject(config.getCurrentContext())?.namespace ?? 'default';
  return new KubernetesCluster(new RestClient(config, options.requestTimeoutMs, options.signal), namespace);
}
