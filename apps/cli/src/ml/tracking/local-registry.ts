import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { hasCode } from '@pawl/shared/errors/system-error';
import { CliError } from '../../errors/cli-error.ts';
import type { LocalRun } from './local-run.ts';
import {
  assertEntityName,
  filesBelow,
  foldersIn,
  NOTES_FOLDER,
  onDisk,
  readIfPresent,
  readMeta,
  textOf,
  writeAtomically,
  writeMeta,
} from './store-files.ts';

/** A version of a registered model. */
export interface ModelVersionRecord {
  readonly name: string;
  /** 1, 2, 3. */
  readonly version: string;
  readonly runId: string;
  /** Where its files lie: the run's artifact folder of the model. */
  readonly source: string;
  /** Unix milliseconds. */
  readonly createdAt: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** The model registry of a record, in the layout of MLflow's file store (mlflow/store/model_registry/file_store.py). */
export class LocalRegistry {
  readonly #root: string;

  /** @param root absolute path of the record. */
  constructor(root: string) {
    this.#root = root;
  }

  /** Registers the model logged at `path` among a run's artifacts; the version is the next free one. */
  async create(
    name: string,
    run: LocalRun,
    path: string,
    tags: Readonly<Record<string, string>>,
    now: number,
  ): Promise<ModelVersionRecord> {
    assertModelName(name);
    if ((await readMeta(this.#folder(name))) === undefined)
      await writeMeta(
        this.#folder(name),
        { aliases: {}, creation_timestamp: now, description: null, last_updated_timestamp: now, name },
        run.notes,
      );
    const version = await this.#claim(name);
    const source = pathToFileURL(join(run.artifactFolder, path)).href;
    for (const [tag, value] of Object.entries(tags)) await this.#writeTag(name, version, tag, value, run.notes);
    await writeMeta(
      this.#versionFolder(name, version),
      {
        creation_timestamp: now,
        current_stage: 'None',
        description: null,
        last_updated_timestamp: now,
        name,
        run_id: run.info.runId,
        run_link: null,
        source,
        status: 'READY',
        status_message: null,
        storage_location: source,
        user_id: null,
        version: Number(version),
      },
      run.notes,
    );
    return { name, version, runId: run.info.runId, source, createdAt: now, tags };
  }

  async setAlias(name: string, alias: string, version: string, scratch: string): Promise<void> {
    assertAlias(alias);
    await writeAtomically(join(this.#folder(name), 'aliases', alias), version, scratch);
  }

  async setTags(name: string, version: string, tags: Readonly<Record<string, string>>): Promise<void> {
    const scratch = join(this.#versionFolder(name, version), NOTES_FOLDER);
    for (const [tag, value] of Object.entries(tags)) await this.#writeTag(name, version, tag, value, scratch);
  }

  /** Undefined where there is none. */
  async byAlias(name: string, alias: string): Promise<ModelVersionRecord | undefined> {
    assertModelName(name);
    assertAlias(alias);
    const version = (await readIfPresent(join(this.#folder(name), 'aliases', alias)))?.trim();
    return version === undefined ? undefined : await this.version(name, version);
  }

  /** Undefined where there is none. */
  async version(name: string, version: string): Promise<ModelVersionRecord | undefined> {
    assertModelName(name);
    const folder = this.#versionFolder(name, version);
    const meta = await readMeta(folder);
    if (meta === undefined) return undefined;
    const tags: Record<string, string> = {};
    for (const tag of await filesBelow(join(folder, 'tags')))
      tags[tag] = (await readIfPresent(join(folder, 'tags', tag))) ?? '';
    return {
      name,
      version,
      runId: textOf(meta['run_id']),
      source: textOf(meta['source']),
      createdAt: Number(meta['creation_timestamp']),
      tags,
    };
  }

  /** Every version that a run registered, oldest first. */
  async versionsOfRun(runId: string): Promise<readonly ModelVersionRecord[]> {
    const found: ModelVersionRecord[] = [];
    for (const name of await foldersIn(join(this.#root, 'models')))
      for (const folder of await foldersIn(this.#folder(name))) {
        const number = /^version-(\d+)$/.exec(folder)?.[1];
        const record = number === undefined ? undefined : await this.version(name, number);
        if (record?.runId === runId) found.push(record);
      }
    return found.sort((a, b) => a.createdAt - b.createdAt);
  }

  /** Aliases of one version. */
  async aliasesOf(name: string, version: string): Promise<readonly string[]> {
    const folder = join(this.#folder(name), 'aliases');
    const aliases: string[] = [];
    for (const alias of await filesBelow(folder))
      if ((await readIfPresent(join(folder, alias)))?.trim() === version) aliases.push(alias);
    return aliases;
  }

  /** Takes the next number; two processes never get the same. */
  async #claim(name: string): Promise<string> {
    const taken = (await foldersIn(this.#folder(name))).map((folder) =>
      Number(/^version-(\d+)$/.exec(folder)?.[1] ?? 0),
    );
    for (let version = Math.max(0, ...taken) + 1; ; version += 1) {
      const folder = this.#versionFolder(name, String(version));
      const made = await onDisk(folder, () => mkdir(folder).then(() => true, refuseTaken));
      if (made) return String(version);
    }
  }

  async #writeTag(name: string, version: string, tag: string, value: string, scratch: string): Promise<void> {
    assertEntityName(tag);
    await writeAtomically(join(this.#versionFolder(name, version), 'tags', tag), value, scratch);
  }

  #folder(name: string): string {
    return join(this.#root, 'models', name);
  }

  #versionFolder(name: string, version: string): string {
    return join(this.#folder(name), `version-${version}`);
  }
}

function refuseTaken(error: unknown): false {
  if (hasCode(error, 'EEXIST')) return false;
  throw error as Error;
}

/** A registered model's name that the file store makes a folder of. @throws CliError USAGE. */
export function assertModelName(name: string): void {
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
export function assertAlias(alias: string): void {
  if (/^[\w-]{1,255}$/.test(alias) && !/^(latest|v\d+)$/i.test(alias)) return;
  throw new CliError(
    'USAGE',
    `${JSON.stringify(alias)} is no alias that MLflow takes.`,
    'Use letters, digits, _ and -, but neither "latest" nor v with a number.',
  );
}
