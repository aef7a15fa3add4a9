import type { RunStatus } from './run-events.ts';

/** A file or folder that becomes an artifact of the run. */
export interface Artifact {
  /** Absolute path of a file, or of a folder that is logged with everything in it. */
  readonly source: string;
  /** Path among the run's artifacts, such as `loss_curves.png` or `model`. */
  readonly path: string;
}

/** The data that a run learns from. */
export interface RunDataset {
  readonly name: string;
  /** `sha256:<hex>` of the data set, see `Dataset.hash`. */
  readonly hash: string;
  /** Where it lies, as the user named it. */
  readonly source: string;
}

/** A registered version of a model. */
export interface RegisteredModel {
  readonly name: string;
  /** MLflow's own counter: 1, 2, 3. */
  readonly version: string;
  readonly alias: string;
}

/**
 * One training run on record. Everything is appended to the record below `runs/` first, and then replayed to the tracking
 * server when there is one; a server that goes away costs a warning, and `pawl runs push` sends the rest.
 */
export interface Tracker {
  /** 32 hex digits. Of the server where one answered at the start, else made here. */
  readonly runId: string;
  /** Where people look at the run: a URL of the server, or the local folder. */
  readonly location: string;
  /** A parameter never changes: the first value counts. */
  params(values: Readonly<Record<string, string | number>>): Promise<void>;
  /** `step` is the epoch for what is measured per epoch. */
  metrics(values: Readonly<Record<string, number>>, step?: number): Promise<void>;
  tags(values: Readonly<Record<string, string>>): Promise<void>;
  /** Shown among the run's inputs; its hash is also the tag `pawl.data.hash`. */
  dataset(dataset: RunDataset): Promise<void>;
  artifact(artifact: Artifact): Promise<void>;
  /** Registers the model logged at `path` among the artifacts (an MLflow model folder) and points the alias at it. */
  register(options: {
    readonly name: string;
    readonly path: string;
    readonly alias: string;
    readonly tags: Readonly<Record<string, string>>;
  }): Promise<RegisteredModel>;
  end(status: RunStatus): Promise<void>;
}
