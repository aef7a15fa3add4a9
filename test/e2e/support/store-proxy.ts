import { type TestCluster, pathOf } from './cluster.ts';
import { restrictedContainer, restrictedPod } from './pods.ts';
import { settings } from './settings.ts';
import { waitFor } from './wait.ts';

const NAME = 'store';
const PORT = 5000;

/** Copies bytes between a caller and the registry, and nothing else. */
const PROGRAM = `
import { connect, createServer } from 'node:net';
const [host, port] = process.argv[2].split(':');
createServer((caller) => {
  const store = connect(Number(port), host);
  caller.pipe(store).pipe(caller);
  for (const [one, other] of [[caller, store], [store, caller]]) one.on('error', () => other.destroy());
}).listen(${PORT});
process.on('SIGTERM', () => process.exit());
`;

/**
 * A second way to the registry, inside the cluster, that can be cut without touching the registry: `store:5000` of the
 * namespace.
 */
export class StoreProxy {
  readonly #cluster: TestCluster;
  readonly #namespace: string;

  private constructor(cluster: TestCluster, namespace: string) {
    this.#cluster = cluster;
    this.#namespace = namespace;
  }

  static async start(cluster: TestCluster, namespace: string): Promise<StoreProxy> {
    await cluster.apply(pathOf.core(namespace, 'configmaps', NAME), {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: NAME },
      data: { 'proxy.mjs': PROGRAM },
    });
    await cluster.apply(pathOf.core(namespace, 'services', NAME), {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: NAME },
      spec: { selector: { app: NAME }, ports: [{ port: PORT }] },
    });
    await cluster.apply(pathOf.deployments(namespace, NAME), {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: NAME },
      spec: {
        selector: { matchLabels: { app: NAME } },
        template: {
          metadata: { labels: { app: NAME } },
          spec: {
            ...restrictedPod,
            terminationGracePeriodSeconds: 1,
            containers: [
              {
                name: NAME,
                image: settings().inferenceImage,
                imagePullPolicy: 'IfNotPresent',
                command: ['node', '/store/proxy.mjs', settings().registry],
                readinessProbe: { tcpSocket: { port: PORT }, periodSeconds: 1 },
                securityContext: restrictedContainer,
                volumeMounts: [{ name: NAME, mountPath: '/store', readOnly: true }],
              },
            ],
            volumes: [{ name: NAME, configMap: { name: NAME } }],
          },
        },
      },
    });
    const proxy = new StoreProxy(cluster, namespace);
    await proxy.#pods(1);
    return proxy;
  }

  /** The address of a bundle by this way. */
  readonly address = (uri: string): string =>
    uri.replace(`oci://${settings().registry}/`, `oci://${NAME}.${this.#namespace}.svc:${PORT}/`);

  async cut(): Promise<void> {
    await this.#scale(0);
  }

  async restore(): Promise<void> {
    await this.#scale(1);
  }

  async #scale(replicas: number): Promise<void> {
    await this.#cluster.patch(`${pathOf.deployments(this.#namespace, NAME)}/scale`, { spec: { replicas } });
    await this.#pods(replicas);
  }

  async #pods(count: number): Promise<void> {
    await waitFor(`${count} pods of the way to the store`, async () => {
      const pods = await this.#cluster.list(pathOf.pods(this.#namespace), `app=${NAME}`);
      const { status } = await this.#cluster.get<{ status: { readyReplicas?: number } }>(
        pathOf.deployments(this.#namespace, NAME),
      );
      return pods.length === count && (status.readyReplicas ?? 0) === count ? true : undefined;
    });
  }
}
