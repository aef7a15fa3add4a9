import { relative } from 'node:path';
import type { Manifest } from '@pawl/shared/bundle/manifest';
import type { Context } from '../../../terminal/context.ts';
import type { Dataset } from '../../data/dataset.ts';
import type { Params } from '../../params/params.ts';
import type { Theme } from '../../../terminal/theme.ts';
import type { Tracker } from '../../tracking/tracker.ts';
import type { DatasetFeatures } from '../features/extract-features.ts';
import type { Backbone } from '../features/open-backbone.ts';
import type { TrainedHead } from '../../types.ts';
import type { Assessment } from './assess.ts';
import type { GoldenCandidate } from './golden.ts';
import type { TrainingOrigin, Revision } from './lineage.ts';
import type { PreviousBundle } from './previous-bundle.ts';

/** What `pawl train` is asked for; every path is absolute. */
export interface TrainOptions {
  readonly params: Params;
  /** Prepared folder or archive. */
  readonly data: string;
  readonly out: string;
  readonly reports: string;
  readonly runs: string;
  readonly cache: string;
  readonly runName?: string | undefined;
  /** Default: derived from the bundle that is replaced. */
  readonly version?: string | undefined;
  /** Path of a private key, as typed. */
  readonly key?: string | undefined;
  /** Of the folder that the command was run in; undefined where there is no Git. */
  readonly revision?: Revision | undefined;
  /** Id of the run; random unless a test says otherwise. */
  readonly newRunId?: (() => string) | undefined;
}

/** What every step needs to know of the bundle that comes. */
export type BundleBase = Pick<Manifest, 'name' | 'labels' | 'input' | 'output'>;

/** What a training works with, opened and checked. */
export interface Inputs {
  readonly context: Context;
  readonly options: TrainOptions;
  readonly theme: Theme;
  readonly dataset: Dataset;
  readonly backbone: Backbone;
  readonly previous: PreviousBundle | undefined;
  /** Of `bundle.golden`. */
  readonly golden: readonly GoldenCandidate[] | undefined;
  readonly privateKeyPem: string | undefined;
  readonly origin: TrainingOrigin;
  readonly tracker: Tracker;
}

/** What was learned from the data. */
export interface Learned {
  readonly features: DatasetFeatures;
  readonly trained: TrainedHead;
  readonly assessment: Assessment;
}

/** As a person would type it. */
export function shown({ cwd }: Context, path: string): string {
  const short = relative(cwd, path);
  return short.startsWith('..') ? path : short;
}
