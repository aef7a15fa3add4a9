import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { systemClock } from '@pawl/shared/concurrency/clock';
import { KubeClient } from '@pawl/shared/kubernetes/client';
import { KubeConnection } from '@pawl/shared/kubernetes/connection';
import { namespaces } from '@pawl/shared/kubernetes/objects';
import type { FailureReason } from '@pawl/shared/modelversion/model-version';
import { labels } from '@pawl/shared/modelversion/names';
import { FakeApi, refusals } from '@pawl/test-kit/fake-api';
import { freePort } from '@pawl/test-kit/free-port';
import { aDigest, versionBuilder, withMetadata } from '@pawl/test-kit/model-versions';
import { parseConfig } from '../../../apps/controller/src/config.ts';
import { runController } from '../../../apps/controller/src/controller.ts';
import { failed, passed, served } from '../../../apps/controller/src/model-version/test/builders.ts';
import {
  policyOf,
  silentPods,
  stableDeployment,
} from '../../../apps/controller/src/model-version/test/model-cluster.ts';
import { Metrics } from '../../../apps/controller/src/runtime/metrics.ts';
import { MemoryLogger } from '../../../apps/controller/src/runtime/test/fake-objects.ts';

const aVersion = versionBuilder({ model: 'catdog', namespace: 'zoo', createdAt: '2026-01-02T03:04:05Z' });

/** What the chart installs: a stable track that serves 1.0.0, and a policy. */
const deployment = stableDeployment(aDigest('1.0.0'));
const own = { ...deployment.metadata.labels, [labels.model]: 'catdog' };
const STABLE = { ...deployment, metadata: { ...deployment.metadata, namespace: 'zoo', labels: own } };
const policy = policyOf();
const POLICY = {
  ...policy,
  metadata: { ...policy.metadata, namespace: 'zoo', labels: { ...policy.metadata.labels, [labels.model]: 'catdog' } },
};

/** Answers of an API server in good and in bad times. */
const GOOD = [200, 200, 200, 404];
const BAD = [200, 409, 403, 500];

/**
 * The controller in this process, on an API server in memory, with everything that its metrics count: versions that pass and
 * fail, reconciles that fail, watches that end, and an API server that refuses.
 */
export class WatchedController {
  readonly port: number;
  readonly #api = new FakeApi();
  readonly #metrics = new Metrics();
  readonly #stop = new AbortController();
  readonly #ended: Promise<unknown>;
  #judged = 0;

  private constructor(port: number) {
    this.port = port;
    for (const object of [aVersion('1.0.0', served), STABLE, POLICY]) this.#api.put(object);
    const config = parseConfig({ NAMESPACE: 'zoo', PORT: String(port), HOST: '127.0.0.1' });
    const options = { client: this.#api, logger: new MemoryLogger(), pods: silentPods, identity: 'me' };
    this.#ended = runController({ ...options, config, metrics: this.#metrics }, this.#stop.signal);
    this.#ended.catch(() => undefined);
  }

  static async start(): Promise<WatchedController> {
    return new WatchedController(await freePort());
  }

  /** One more version has failed. */
  fail(reason: FailureReason): void {
    this.#judged += 1;
    this.#api.put(aVersion(`0.${this.#judged}.0`, failed(reason)));
  }

  /** One more version has passed. */
  pass(): void {
    this.#judged += 1;
    this.#api.put(aVersion(`0.${this.#judged}.0`, passed, served));
  }

  /** Somebody changes something, so that there is something to look at. */
  async work(): Promise<void> {
    this.#judged += 1;
    this.#api.put(aVersion('1.0.0', served, withMetadata({ annotations: { turn: String(this.#judged) } })));
    await this.#askOverHttp(GOOD);
  }

  /** Everything goes wrong for a moment between the API server and the controller. */
  async disturb(): Promise<void> {
    this.#api.fail({ verb: 'apply', kind: 'ModelVersion' }, new Error('the network is away'), 2);
    this.#judged += 1;
    this.#api.put(aVersion(`0.${this.#judged}.0`));
    this.#api.endWatches(refusals.gone());
    await this.#askOverHttp(BAD);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  /** What the controller's own client counts of requests: over HTTP, which the API server in memory has none of. */
  async #askOverHttp(statuses: readonly number[]): Promise<void> {
    let turn = 0;
    const server = createServer((_request, response) => {
      const status = statuses[turn++ % statuses.length] ?? 200;
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ kind: 'Status', metadata: { name: 'zoo' }, items: [], code: status }));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const kubeconfig = {
      server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      context: 'test',
      namespace: undefined,
      authenticate: () => Promise.resolve({ headers: {}, dispatcher: undefined }),
    };
    const connection = new KubeConnection(() => kubeconfig, systemClock, 'pawl-controller');
    const client = new KubeClient(connection, { observer: this.#metrics.api });
    for (let count = 0; count < statuses.length; count += 1)
      await client.get(namespaces, undefined, 'zoo').catch(() => undefined);
    await client.list(namespaces).catch(() => undefined);
    await client.close();
    server.close();
    server.closeAllConnections();
  }
}
