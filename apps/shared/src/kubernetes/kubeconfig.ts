import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import type { RequestContext } from '@kubernetes/client-node/dist/gen/http/http.js';
import type { Dispatcher } from 'undici';

/** What a request to the API server carries, and what sends it. */
interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  /** Has the TLS settings of the cluster and its proxy; undefined when there are none. */
  readonly dispatcher: Dispatcher | undefined;
}

/** The way to one API server, as a kubeconfig or the pod that we run in tells. */
export interface Kubeconfig {
  /** Address of the API server. */
  readonly server: string;
  /** Name of the context in use. */
  readonly context: string;
  /** Namespace of that context, where it names one. */
  readonly namespace: string | undefined;
  /**
   * Asks for credentials: a token, a certificate, or what a plugin prints.
   * @throws CredentialsError
   */
  authenticate(): Promise<Credentials>;
}

/** Which kubeconfig is read. */
export interface KubeconfigSource {
  /** Of a file; without it as kubectl does: KUBECONFIG, ~/.kube/config, then the pod's service account. */
  readonly path?: string | undefined;
  /** Instead of the file's current one. */
  readonly context?: string | undefined;
}

/** What is wrong with a kubeconfig: no file can be read, there is none, or the context names no cluster. */
export type KubeconfigFault = 'unreadable' | 'absent' | 'no cluster';

/** There is no way to a cluster. The message may quote the file: it is for a person at a terminal, not for a log. */
export class KubeconfigError extends Error {
  override readonly name = 'KubeconfigError';
  readonly fault: KubeconfigFault;
  /** Names of the contexts that there are. */
  readonly contexts: readonly string[];

  constructor(fault: KubeconfigFault, message: string, contexts: readonly string[] = [], cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.fault = fault;
    this.contexts = contexts;
  }
}

/** The credentials could not be had. The message may quote what a plugin printed: it is for a person at a terminal. */
export class CredentialsError extends Error {
  override readonly name = 'CredentialsError';
}

/**
 * Reads a kubeconfig.
 * @throws KubeconfigError
 */
export function loadKubeconfig({ path, context }: KubeconfigSource = {}): Kubeconfig {
  const config = new KubeConfig();
  try {
    if (path === undefined) config.loadFromDefault();
    else config.loadFromFile(path);
  } catch (error) {
    throw new KubeconfigError('unreadable', error instanceof Error ? error.message : String(error), [], error);
  }
  // What the library makes up when it found nothing at all.
  if (config.getCurrentContext() === 'loaded-context' && config.getCurrentCluster()?.server === 'http://localhost:8080')
    throw new KubeconfigError('absent', 'There is no kubeconfig, and this is not a pod.');
  if (context !== undefined) config.setCurrentContext(context);
  return kubeconfigOf(config);
}

/**
 * What is in use of a kubeconfig that was read already.
 * @throws KubeconfigError
 */
export function kubeconfigOf(config: KubeConfig): Kubeconfig {
  const cluster = config.getCurrentCluster();
  const context = config.getCurrentContext();
  if (cluster === null) {
    const known = config.getContexts().map(({ name }) => name);
    throw new KubeconfigError('no cluster', 'The context in use names no cluster.', known);
  }
  return {
    server: cluster.server,
    context,
    namespace: config.getContextObject(context)?.namespace,
    authenticate: () => authenticate(config),
  };
}

async function authenticate(config: KubeConfig): Promise<Credentials> {
  const headers: Record<string, string> = {};
  let dispatcher: Dispatcher | undefined;
  // The two methods that are called; the library's own RequestContext is part of its generated client.
  const context = {
    setHeaderParam: (name: string, value: string) => {
      headers[name] = value;
    },
    setDispatcher: (value: Dispatcher) => {
      dispatcher = value;
    },
  };
  try {
    await config.applySecurityAuthentication(context as unknown as RequestContext);
  } catch (error) {
    throw new CredentialsError(error instanceof Error ? error.message : String(error), { cause: error });
  }
  return { headers, dispatcher };
}
