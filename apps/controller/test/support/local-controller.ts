import { randomUUID } from 'node:crypto';
import { parseConfig } from '../../src/config.ts';
import { runController } from '../../src/controller.ts';
import { KubeClient } from '@pawl/shared/kubernetes/client';
import { KubeConnection } from '@pawl/shared/kubernetes/connection';
import { loadKubeconfig } from '@pawl/shared/kubernetes/kubeconfig';
import { systemClock } from '@pawl/shared/concurrency/clock';
import { Metrics } from '../../src/runtime/metrics.ts';
import { MortalClient } from './mortal-client.ts';
import { quiet } from './objects.ts';

export interface LocalOptions {
  /** Writes after which it dies as if killed: it writes nothing more, and does not give its lease back. */
  readonly diesAfterWrites?: number;
  readonly identity?: string;
  /** Where it serves metrics and verdicts, on 127.0.0.1; a free port by default. */
  readonly port?: number;
}

/** The controller in the process of the test. */
export class LocalController {
  readonly metrics = new Metrics();
  readonly identity: string;
  /** `died` stands for a process that was killed. */
  readonly ended: Promise<'stopped' | 'lost' | 'died'>;
  readonly #stop = new AbortController();

  constructor(kubeconfig: string, namespace: string, folder: string, options: LocalOptions) {
    this.identity = options.identity ?? randomUUID();
    const port = String(options.port ?? 0);
    const config = parseConfig({ NAMESPACE: namespace, PORT: port, HOST: '127.0.0.1', VERIFY_DIR: folder });
    const connection = new KubeConnection(() => loadKubeconfig({ path: kubeconfig }), systemClock, 'pawl-controller');
    const { metrics, identity } = this;
    const { diesAfterWrites } = options;
    const client =
      diesAfterWrites === undefined
        ? new KubeClient(connection, { observer: metrics.api })
        : new MortalClient(connection, diesAfterWrites, () => {
            this.#stop.abort();
          });
    this.ended = runController({ config, client, logger: quiet, metrics, identity }, this.#stop.signal).then(
      async (ended) => {
        await client.close();
        return client instanceof MortalClient && client.isDead ? 'died' : ended;
      },
    );
    // Whoever stops it awaits it.
    this.ended.catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.ended;
  }

  /** Reasons for which reconciles failed, as the metrics count them; a conflict is none. Of one that died: not asked. */
  async failures(): Promise<readonly string[]> {
    if ((await this.ended) === 'died') return [];
    const samples = /^pawl_controller_reconcile_errors_total\{.*\} [1-9].*$/gm;
    return (await this.metrics.text()).match(samples) ?? [];
  }

  /** A value of its metrics: the sum of the samples whose line begins with `name` and holds every word. */
  async metric(name: string, ...words: readonly string[]): Promise<number> {
    const lines = (await this.metrics.text()).split('\n');
    return lines
      .filter((line) => line.startsWith(name) && words.every((word) => line.includes(word)))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }
}
