import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { RawReport } from '../load/generator.ts';
import { type TestCluster, type KubeObject, pathOf } from './cluster.ts';
import { type LoadReport, perSecond, type Sample, samplesOf, summarize } from './load-report.ts';
import { restrictedContainer, restrictedPod } from './pods.ts';
import { repositoryFile, settings } from './settings.ts';
import { GivenUp } from '@pawl/test-kit/eventually';
import { waitFor } from './wait.ts';

/** How load is sent. */
export interface LoadOptions {
  /** `host:port` that takes `POST /predict`. */
  readonly target: string;
  /** Requests a second. */
  readonly rate: number;
  /** Host header, where the target routes by it. */
  readonly hostHeader?: string;
}

/**
 * What is sent: two thirds of the requests show a part of a cat's face, of which the older version is not sure; a sixth
 * a cat and a sixth a dog, of which it is sure.
 */
const PHOTOS = ['cat-in-part', 'cat-in-part', 'cat-in-part', 'cat-in-part', 'harold', 'golden-retriever'];
/** Share of `dog` among the answers of `good` and `better`, and of `subtle`. */
export const DOG_SHARE = { usual: 1 / 6, subtle: 5 / 6 };

/** `cat-in-part` is cut out of puzzle-jigsaw's cat portrait (Debian, CC0 1.0); the others are examples of the page. */
const photoFile = (photo: string) =>
  photo === 'cat-in-part' ? `test/e2e/load/${photo}.jpg` : `apps/inference/public/examples/${photo}.jpg`;
const PROGRAM = 'test/e2e/load/generator.ts';
const PORT = 8080;

/** The way to a generator. */
interface Access {
  get(path: string): Promise<RawReport>;
  post(path: string): Promise<unknown>;
  stop(): Promise<void>;
}

/** A load generator that runs. Readings may fail for a while, such as without an API server: it goes on and forgets nothing. */
export class Load {
  readonly #access: Access;
  #samples: readonly Sample[] = [];
  #raw: RawReport | undefined;

  constructor(access: Access) {
    this.#access = access;
  }

  /** Now, by the generator's clock: milliseconds since it began. */
  async mark(): Promise<number> {
    return (await this.#read()).now;
  }

  /** Every request sent in [fromMs, toMs), once the outcome of each of them is known; `toMs` is now by default. */
  async between(fromMs: number, toMs?: number): Promise<LoadReport> {
    const to = toMs ?? (await this.mark());
    const { failures } = await waitFor('the answers to the last requests', async () => {
      const read = await this.#read();
      return (read.pendingSince ?? Infinity) >= to ? read : undefined;
    });
    return summarize(this.#samples, failures, fromMs, to);
  }

  /** Waits until `count` requests that were sent since `fromMs` have an outcome. */
  async answered(count: number, fromMs: number): Promise<void> {
    await waitFor(`${count} answers`, async () => {
      await this.#read();
      return this.#samples.filter(({ at }) => at >= fromMs).length >= count ? true : undefined;
    });
  }

  /** Requests a second from now on. */
  async setRate(rate: number): Promise<void> {
    await this.#access.post(`/rate?value=${rate}`);
  }

  /** Lines for people: what each bundle answered in each second. */
  history(fromMs = 0, toMs = Infinity): string[] {
    return perSecond(this.#samples, fromMs, toMs);
  }

  /** A moment in milliseconds since the epoch by the generator's clock. */
  at(epochMs: number): number {
    return epochMs - (this.#raw?.startedAt ?? 0);
  }

  /** Requests that were due and not sent, since the beginning. */
  get notSent(): RawReport['notSent'] {
    return this.#raw?.notSent ?? { full: 0, late: 0 };
  }

  async stop(): Promise<void> {
    await this.#access.stop();
  }

  async #read(): Promise<RawReport> {
    return await waitFor('the report of the load generator', async () => {
      const raw = await this.#access.get(`/report?from=${this.#samples.length}`);
      this.#samples = [...this.#samples, ...samplesOf(raw, raw.records)];
      this.#raw = raw;
      return raw;
    });
  }
}

interface Pod extends KubeObject {
  readonly status: {
    readonly phase: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

/** Starts a generator in the cluster and waits until it sends. */
export async function startLoad(cluster: TestCluster, namespace: string, options: LoadOptions): Promise<Load> {
  const name = 'load';
  const file = (path: string) => readFileSync(repositoryFile(path)).toString('base64');
  await cluster.apply(pathOf.core(namespace, 'configmaps', name), {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name },
    binaryData: {
      // .mts: there is no package.json beside it that would say that it is a module.
      'generator.mts': file(PROGRAM),
      ...Object.fromEntries(PHOTOS.map((photo) => [`${photo}.jpg`, file(photoFile(photo))])),
    },
  });
  await cluster.apply(pathOf.pods(namespace, name), {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: name } },
    spec: {
      ...restrictedPod,
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 15,
      containers: [
        {
          name,
          image: settings().inferenceImage,
          imagePullPolicy: 'IfNotPresent',
          command: [
            'node',
            '/load/generator.mts',
            `http://${options.target}`,
            ...PHOTOS.map((photo) => `/load/${photo}.jpg`),
          ],
          env: Object.entries(environmentOf(options)).map(([key, value]) => ({ name: key, value })),
          ports: [{ containerPort: PORT }],
          readinessProbe: { httpGet: { path: '/report?from=1000000000', port: PORT }, periodSeconds: 1 },
          resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '512Mi' } },
          securityContext: restrictedContainer,
          volumeMounts: [{ name, mountPath: '/load', readOnly: true }],
        },
      ],
      volumes: [{ name, configMap: { name } }],
    },
  });
  const read = () => cluster.get<Pod>(pathOf.pods(namespace, name));
  await waitFor('the load generator', async () => {
    const { conditions = [] } = (await read()).status;
    return conditions.some(({ type, status }) => type === 'Ready' && status === 'True') ? true : undefined;
  });
  const path = `${pathOf.pods(namespace, `${name}:${PORT}`)}/proxy`;
  return new Load({
    get: async (at) => {
      const { phase } = (await read()).status;
      // A generator that ended has forgotten what it counted: nothing can be said of this run any more.
      if (phase !== 'Running') throw new GivenUp(`the load generator is ${phase}`);
      return await cluster.get<RawReport>(`${path}${at}`);
    },
    post: (at) => cluster.post(`${path}${at}`, {}),
    stop: () => cluster.delete(pathOf.pods(namespace, name)),
  });
}

/** Starts a generator here, for a target that pods do not reach. */
export async function startLoadHere(options: LoadOptions): Promise<Load> {
  const child: ChildProcess & { readonly stdout: NodeJS.ReadableStream } = spawn(
    process.execPath,
    [repositoryFile(PROGRAM), `http://${options.target}`, ...PHOTOS.map((photo) => repositoryFile(photoFile(photo)))],
    {
      env: { ...process.env, NODE_OPTIONS: '', ...environmentOf(options), LOAD_PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      reject(new Error(`the load generator ended with ${String(code)}`));
    });
    createInterface({ input: child.stdout }).once('line', (line) => {
      resolve((JSON.parse(line) as { port: number }).port);
    });
  });
  const url = `http://127.0.0.1:${port}`;
  return new Load({
    get: async (path) => {
      if (child.exitCode !== null) throw new GivenUp('the load generator ended');
      return (await (await fetch(`${url}${path}`)).json()) as RawReport;
    },
    post: (path) => fetch(`${url}${path}`, { method: 'POST' }),
    stop: () => {
      child.kill();
      return Promise.resolve();
    },
  });
}

const environmentOf = ({ rate, hostHeader }: LoadOptions) => ({
  LOAD_RATE: String(rate),
  LOAD_PORT: String(PORT),
  ...(hostHeader === undefined ? {} : { LOAD_HOST: hostHeader }),
});
