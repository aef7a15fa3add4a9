import type { Context } from '../terminal/context.ts';
import type { Cluster, ConnectOptions } from './connection/cluster.ts';

/** A {@link Context} of a command that may talk to a cluster. */
export interface ClusterContext extends Context {
  /** @throws CliError `KUBECONFIG_INVALID`; nothing is sent yet. */
  connect(options: ConnectOptions): Promise<Cluster>;
}
