import { execFile } from 'node:child_process';
import { inRepository } from '@pawl/test-kit/repository';
import { freePort } from '@pawl/test-kit/free-port';

/** What a program did. */
export interface Outcome {
  readonly code: number;
  /** Standard output and errors, together. */
  readonly out: string;
}

/** A container of Docker's list. */
export interface Container {
  readonly Service: string;
  readonly State: string;
  readonly Health: string;
}

/** The stack of compose.yaml under a name and on ports of its own, by the same script that people use. */
export class Stack {
  readonly ports: Readonly<Record<'inference' | 'prometheus' | 'grafana' | 'mlflow' | 'registry', number>>;
  readonly #env: NodeJS.ProcessEnv;

  private constructor(host: string, name: string, ports: Stack['ports']) {
    this.ports = ports;
    const own = Object.entries(ports).map(([service, port]) => [`${service.toUpperCase()}_PORT`, String(port)]);
    this.#env = {
      ...process.env,
      DOCKER_HOST: host,
      COMPOSE_PROJECT_NAME: name,
      WAIT_SECONDS: '600',
      ...(Object.fromEntries(own) as Record<string, string>),
    };
  }

  /** @param host address of a Docker engine, as DOCKER_HOST has it. @param name of the project. */
  static async create(host: string, name: string): Promise<Stack> {
    const [inference, prometheus, grafana, mlflow, registry] = [
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
    ];
    return new Stack(host, name, { inference, prometheus, grafana, mlflow, registry });
  }

  /** Runs scripts/ci/compose.sh. */
  script(argv: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
    return this.#run(inRepository('scripts/ci/compose.sh'), argv, env);
  }

  /** Runs docker. */
  docker(argv: readonly string[]): Promise<Outcome> {
    return this.#run('docker', argv);
  }

  /** The containers that there are. */
  async containers(): Promise<readonly Container[]> {
    const { out } = await this.docker(['compose', '--profile', '*', 'ps', '--all', '--format', 'json']);
    return out.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Container] : []));
  }

  /** Names of what Docker still has of the project: containers, volumes, networks. */
  async left(): Promise<readonly string[]> {
    const label = `label=com.docker.compose.project=${this.#env['COMPOSE_PROJECT_NAME'] ?? ''}`;
    const lists = [
      await this.docker(['ps', '--all', '--quiet', '--filter', label]),
      await this.docker(['volume', 'ls', '--quiet', '--filter', label]),
      await this.docker(['network', 'ls', '--quiet', '--filter', label]),
    ];
    return lists.flatMap(({ out }) => out.split('\n').filter((line) => line !== ''));
  }

  /** What a service answers with 200, read as JSON. @throws Error with the status otherwise */
  async get(service: keyof Stack['ports'], path: string): Promise<unknown> {
    const url = `http://127.0.0.1:${this.ports[service]}${path}`;
    const response = await fetch(url, { signal: AbortSignal.timeout(30_000) });
    if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
    return await response.json();
  }

  #run(program: string, argv: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
    const options = { cwd: inRepository(''), env: { ...this.#env, ...env }, timeout: 900_000, maxBuffer: 2 ** 26 };
    return new Promise((resolve) => {
      execFile(program, [...argv], options, (error, out, err) => {
        // No number: a signal, or no such program.
        resolve({ code: error === null ? 0 : Number(error.code) || 1, out: out + err + (error?.message ?? '') });
      });
    });
  }
}
