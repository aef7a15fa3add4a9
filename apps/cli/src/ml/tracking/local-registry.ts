import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { CliError } from '../../errors/cli-error.ts';
import { appendLine, parseLines } from './json-lines.ts';
import type { RegisteredVersion } from './run-events.ts';
import { isRunId, RunRecord } from './run-record.ts';
import { onDisk, readIfPresent } from './store-files.ts';

const claimSchema = z.object({ name: z.string(), runId: z.string(), claim: z.string() });
type Claim = z.infer<typeof claimSchema>;

/** A registered version and the run that made it. */
export interface LocalVersion extends RegisteredVersion {
  readonly runId: string;
}

/** What registers a version. */
export type Registration = Pick<RegisteredVersion, 'name' | 'path' | 'alias' | 'tags'>;

/**
 * The model registry of a folder of runs. What a version is, its run says. `models.jsonl` gives out the numbers and says
 * which run to ask: the n-th line of a name is its version n, so that two processes never get the same one.
 */
export class LocalRegistry {
  readonly #root: string;

  /** @param root absolute path of the folder of all runs. */
  constructor(root: string) {
    this.#root = root;
  }

  /**
   * Registers a model that is among a run's artifacts, under the next free number.
   *
   * @param time Unix milliseconds.
   * @returns the number.
   * @throws CliError USAGE, DISK_FULL, FILE_WRITE_FAILED.
   */
  async register(record: RunRecord, registration: Registration, time: number): Promise<number> {
    const { name } = registration;
    assertModelName(name);
    assertAlias(registration.alias);
    const claim = randomUUID();
    await onDisk(this.#file, () => appendLine(this.#file, { name, runId: record.runId, claim }));
    const version = 1 + (await this.#claims(name)).findIndex((each) => each.claim === claim);
    await record.append({ event: 'registered', time, version, ...registration });
    return version;
  }

  /**
   * Adds tags to a version; one that is there gets the new value.
   *
   * @param time Unix milliseconds.
   * @throws CliError MODEL_NOT_FOUND, DISK_FULL, FILE_WRITE_FAILED.
   */
  async setTags(name: string, version: number, tags: Readonly<Record<string, string>>, time: number): Promise<void> {
    const found = await this.version(name, version);
    if (found === undefined)
      throw new CliError(
        'MODEL_NOT_FOUND',
        `models:/${name}/${version} is not in ${this.#root}.`,
        'Register it first.',
      );
    await new RunRecord(this.#root, found.runId).append({ event: 'modelTags', time, name, version, tags });
  }

  /** The newest version that was registered under the alias; undefined where there is none. @throws CliError USAGE. */
  async byAlias(name: string, alias: string): Promise<LocalVersion | undefined> {
    assertModelName(name);
    assertAlias(alias);
    const runIds = new Set((await this.#claims(name)).map(({ runId }) => runId));
    const versions: LocalVersion[] = [];
    for (const runId of runIds) versions.push(...(await this.versionsOfRun(runId)));
    return versions
      .filter((version) => version.name === name && version.alias === alias)
      .sort((a, b) => a.version - b.version)
      .at(-1);
  }

  /** Undefined where there is none, or its run was deleted. @throws CliError USAGE. */
  async version(name: string, version: number): Promise<LocalVersion | undefined> {
    assertModelName(name);
    const claim = (await this.#claims(name))[version - 1];
    if (claim === undefined) return undefined;
    return (await this.versionsOfRun(claim.runId)).find((each) => each.name === name && each.version === version);
  }

  /** Every version that a run registered, oldest first. */
  async versionsOfRun(runId: string): Promise<readonly LocalVersion[]> {
    if (!isRunId(runId)) return [];
    const content = await new RunRecord(this.#root, runId).read();
    return content?.summary.models.map((model) => ({ ...model, runId })) ?? [];
  }

  get #file(): string {
    return join(this.#root, 'models.jsonl');
  }

  async #claims(name: string): Promise<readonly Claim[]> {
    const { values } = parseLines((await readIfPresent(this.#file)) ?? '', (json) => claimSchema.safeParse(json).data);
    return values.filter((claim) => claim.name === name);
  }
}

/** A registered model's name, as MLflow takes it. @throws CliError USAGE. */
function assertModelName(name: string): void {
  if (/^[\w\-. ]{1,250}$/.test(name) && !name.startsWith('.')) return;
  throw new CliError(
    'USAGE',
    `${JSON.stringify(name)} is no name for a registered model.`,
    'Use letters, digits, _ - and .',
  );
}

/**
 * An alias: letters, digits, `_` and `-`; `latest` and `v1` mean something else in MLflow (mlflow.utils.validation).
 *
 * @throws CliError USAGE.
 */
function assertAlias(alias: string): void {
  if (/^[\w-]{1,255}$/.test(alias) && !/^(latest|v\d+)$/i.test(alias)) return;
  throw new CliError(
    'USAGE',
    `${JSON.stringify(alias)} is no alias that MLflow takes.`,
    'Use letters, digits, _ and -, but neither "latest" nor v with a number.',
  );
}
