import { createServer, type IncomingMessage } from 'node:http';

type Json = Record<string, unknown>;

interface Pair {
  readonly key: string;
  readonly value: string;
}
interface Point extends Pair {
  readonly step: number;
  readonly timestamp: number;
}

/** The fields of every call together; each has its own. */
interface Asked {
  readonly name: string;
  readonly alias: string;
  readonly version: string;
  readonly key: string;
  readonly value: string;
  readonly source: string;
  readonly filter: string;
  readonly status: string;
  readonly experiment_name: string;
  readonly experiment_id: string;
  readonly run_id: string;
  readonly run_name: string;
  readonly end_time?: number;
  readonly metric_key: string;
  readonly params?: readonly Pair[];
  readonly tags?: readonly Pair[];
  readonly metrics?: readonly Point[];
  readonly datasets: readonly { readonly dataset: { readonly digest: string } }[];
}

/** A run as the fake keeps it. */
export interface FakeRun {
  readonly experiment: string;
  name: string;
  status: string;
  end: number | undefined;
  readonly params: Record<string, string>;
  readonly tags: Record<string, string>;
  /** `key step timestamp value`, in the order of arrival: what is sent twice is there twice. */
  readonly points: string[];
  readonly datasets: string[];
}

interface FakeVersion {
  readonly name: string;
  readonly version: string;
  readonly run_id: string;
  readonly source: string;
  readonly creation_timestamp: number;
  readonly tags: Record<string, string>;
}

/** What a call is answered with. */
class Refusal extends Error {
  readonly errorCode: string;
  constructor(errorCode: string) {
    super(errorCode);
    this.errorCode = errorCode;
  }
}

/**
 * As much of MLflow's REST API as Pawl calls, in memory, on a port of its own. Harsher than a database: a metric that is
 * sent twice is kept twice. `tracking.mlflow.spec.ts` proves the same replay against the real one.
 */
export class FakeMlflow implements AsyncDisposable {
  readonly experiments: string[] = [];
  readonly runs = new Map<string, FakeRun>();
  readonly versions: FakeVersion[] = [];
  readonly aliases: Record<string, string> = {};
  readonly artifacts = new Map<string, string>();
  /** `METHOD path` of every call. */
  readonly calls: string[] = [];
  /** Called before each answer with the number of calls so far; true: what was asked is done, and the answer is lost. */
  losesAnswer: (calls: number) => boolean = () => false;
  url = '';
  readonly #server = createServer((request, response) => {
    void this.#body(request).then((body) => {
      const { status, answer } = this.#answer(request, body);
      if (this.losesAnswer(this.calls.length)) request.socket.destroy();
      else response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
  });

  static async start(): Promise<FakeMlflow> {
    const fake = new FakeMlflow();
    await new Promise<void>((resolve) => fake.#server.listen(0, '127.0.0.1', resolve));
    const address = fake.#server.address();
    fake.url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
    return fake;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Everything that it was told, ids of runs left out. */
  content(): object {
    return {
      experiments: this.experiments,
      runs: [...this.runs.values()],
      versions: this.versions.map(({ name, version, tags }) => ({ name, version, tags })),
      aliases: this.aliases,
      artifacts: Object.fromEntries([...this.artifacts].map(([path, text]) => [path.replace(/^\w+\//, ''), text])),
    };
  }

  async #body(request: IncomingMessage): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  }

  #answer(request: IncomingMessage, body: string): { readonly status: number; readonly answer: Json } {
    const url = new URL(request.url ?? '/', 'http://fake');
    this.calls.push(`${request.method ?? ''} ${url.pathname}`);
    const artifact = /^\/api\/2\.0\/mlflow-artifacts\/artifacts\/(.*)$/.exec(url.pathname)?.[1];
    if (artifact !== undefined) {
      this.artifacts.set(artifact, body);
      return { status: 200, answer: {} };
    }
    const path = url.pathname.replace('/api/2.0/mlflow/', '');
    const asked = (body === '' ? Object.fromEntries(url.searchParams) : JSON.parse(body)) as Asked;
    try {
      return { status: 200, answer: this.#do(`${request.method ?? ''} ${path}`, asked) };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const status = error.errorCode === 'RESOURCE_DOES_NOT_EXIST' ? 404 : 400;
      return { status, answer: { error_code: error.errorCode, message: error.errorCode } };
    }
  }

  #do(call: string, asked: Asked): Json {
    switch (call) {
      case 'GET experiments/get-by-name':
        return { experiment: { experiment_id: this.#experiment(asked.experiment_name), lifecycle_stage: 'active' } };
      case 'POST experiments/create':
        return { experiment_id: String(this.experiments.push(asked.name)) };
      case 'POST runs/create':
        return this.#createRun(asked);
      case 'GET runs/get':
        return { run: this.#describe(asked.run_id) };
      case 'POST runs/search': {
        const key = /= '(.*)'$/.exec(asked.filter)?.[1];
        const found = [...this.runs].find(([, run]) => run.tags['pawl.run.id'] === key);
        return found === undefined ? {} : { runs: [this.#describe(found[0])] };
      }
      case 'POST runs/update':
        Object.assign(this.#run(asked.run_id), {
          status: asked.status,
          name: asked.run_name,
          end: asked.end_time,
        });
        return {};
      case 'POST runs/log-batch':
        return this.#logBatch(this.#run(asked.run_id), asked);
      case 'POST runs/log-inputs': {
        const { datasets } = this.#run(asked.run_id);
        for (const { dataset } of asked.datasets) if (!datasets.includes(dataset.digest)) datasets.push(dataset.digest);
        return {};
      }
      case 'GET metrics/get-history': {
        const points = this.#run(asked.run_id).points.map((point) => point.split(' '));
        const found = points.filter(([key]) => key === asked.metric_key);
        return { metrics: found.map(([key, step, timestamp]) => ({ key, step, timestamp })) };
      }
      default:
        return this.#doInRegistry(call, asked);
    }
  }

  #doInRegistry(call: string, asked: Asked): Json {
    const { name, alias, version } = asked;
    switch (call) {
      case 'POST registered-models/create':
        return {};
      case 'POST model-versions/create': {
        const made: FakeVersion = {
          name,
          version: String(this.versions.filter((each) => each.name === name).length + 1),
          run_id: asked.run_id,
          source: asked.source,
          creation_timestamp: 1,
          tags: textsOf(asked.tags),
        };
        this.versions.push(made);
        return { model_version: withTagList(made) };
      }
      case 'GET model-versions/search': {
        const runId = /'(.*)'/.exec(asked.filter)?.[1];
        return { model_versions: this.versions.filter((each) => each.run_id === runId).map(withTagList) };
      }
      case 'POST model-versions/set-tag': {
        const found = this.versions.find((each) => each.name === name && each.version === version);
        if (found === undefined) throw new Refusal('RESOURCE_DOES_NOT_EXIST');
        found.tags[asked.key] = asked.value;
        return {};
      }
      case 'POST registered-models/alias':
        this.aliases[`${name}@${alias}`] = version;
        return {};
      case 'GET registered-models/alias': {
        const held = this.aliases[`${name}@${alias}`];
        const found = this.versions.find((each) => each.name === name && each.version === held);
        if (found === undefined) throw new Refusal('RESOURCE_DOES_NOT_EXIST');
        return { model_version: withTagList(found) };
      }
      default:
        throw new Error(`the fake knows no ${call}`);
    }
  }

  #experiment(name: string): string {
    const index = this.experiments.indexOf(name);
    if (index === -1) throw new Refusal('RESOURCE_DOES_NOT_EXIST');
    return String(index + 1);
  }

  #run(id: string): FakeRun {
    const run = this.runs.get(id);
    if (run === undefined) throw new Refusal('RESOURCE_DOES_NOT_EXIST');
    return run;
  }

  #createRun(asked: Asked): Json {
    const id = `${'f'.repeat(31)}${this.runs.size}`;
    this.runs.set(id, {
      experiment: asked.experiment_id,
      name: asked.run_name,
      status: 'RUNNING',
      end: undefined,
      params: {},
      tags: textsOf(asked.tags),
      points: [],
      datasets: [],
    });
    return { run: this.#describe(id) };
  }

  #describe(id: string): Json {
    const { experiment, name, params } = this.#run(id);
    return {
      info: {
        run_id: id,
        experiment_id: experiment,
        run_name: name,
        lifecycle_stage: 'active',
        artifact_uri: `mlflow-artifacts:/${id}`,
      },
      data: { params: Object.entries(params).map(([key, value]) => ({ key, value })) },
    };
  }

  #logBatch(run: FakeRun, asked: Asked): Json {
    for (const { key, value } of asked.params ?? ([] as readonly Pair[])) {
      if ((run.params[key] ?? value) !== value) throw new Refusal('INVALID_PARAMETER_VALUE');
      run.params[key] = value;
    }
    Object.assign(run.tags, textsOf(asked.tags));
    for (const { key, step, timestamp, value } of asked.metrics ?? ([] as readonly Point[]))
      run.points.push(`${key} ${step} ${timestamp} ${value}`);
    return {};
  }
}

const textsOf = (pairs: readonly Pair[] = []): Record<string, string> =>
  Object.fromEntries(pairs.map(({ key, value }) => [key, value]));

const withTagList = (version: FakeVersion): Json => ({
  ...version,
  tags: Object.entries(version.tags).map(([key, value]) => ({ key, value })),
});
