import type {
  Acceptance,
  Analysis,
  ConditionReason,
  ModelVersion,
  ModelVersionStatus,
  Verdict,
} from '@pawl/shared/modelversion/model-version';
import type { Comparison } from './analysis/comparison.ts';

/** Where a version is, and what there is to record about it. */
export type Decision = Course & {
  /** What the API server refuses of what the version needs, in its words; undefined while it refuses nothing. */
  readonly refused?: string | undefined;
};

type Course =
  /** Its weights are on every stable pod. */
  | {
      readonly kind: 'serving';
      readonly record?: Recorded;
      /** What is not well with its pods or its route; undefined while all of them are. */
      readonly degraded?: Degradation | undefined;
    }
  /** Another version is wanted. */
  | { readonly kind: 'superseded'; readonly by: ModelVersion }
  /** By its recorded verdict, now or before. */
  | { readonly kind: 'failed'; readonly record?: Recorded }
  /** Left as it is. */
  | { readonly kind: 'suspended'; readonly message: string }
  /** Nothing can be done until somebody fixes what the message names. */
  | { readonly kind: 'blocked'; readonly reason: ConditionReason; readonly message: string }
  /** On its way. */
  | {
      readonly kind: 'verifying' | 'canary' | 'promoting';
      readonly reason: ConditionReason;
      readonly message: string;
      readonly record?: Recorded;
      /** The API server refuses what comes next; the message has its words. */
      readonly isRefused?: boolean;
      /** It has been refused for so long that somebody has to act. */
      readonly isStalled?: boolean;
    };

/** Why requests do not reach well pods of a version that serves. */
export interface Degradation {
  readonly reason: 'PodsNotReady' | 'DeploymentPaused' | 'RouteNotAccepted';
  /** One sentence. */
  readonly message: string;
}

/** A rollout under way, as a status tells it. */
export type Rollout = NonNullable<ModelVersionStatus['rollout']>;

/** What goes into the status. */
export interface Recorded {
  readonly artifact?: ModelVersionStatus['artifact'];
  readonly acceptance?: Acceptance;
  readonly analysis?: Analysis;
  readonly rollout?: Rollout;
  readonly verdict?: Verdict;
  /** Value of `pawl.dev/promote` that was acted on. */
  readonly promote?: string;
}

/** One idempotent step towards what was decided. */
export type Action =
  | { readonly kind: 'verify'; readonly version: ModelVersion }
  | { readonly kind: 'apply-canary'; readonly version: ModelVersion; readonly name: string; readonly replicas: number }
  /** Makes the stable Deployment the owner of a canary. */
  | { readonly kind: 'adopt-canary'; readonly name: string }
  | {
      readonly kind: 'ask-acceptance';
      readonly version: ModelVersion;
      /** Name of a ready canary pod. */
      readonly pod: string;
      /** Its `host:port`. */
      readonly address: string;
      readonly template: string;
    }
  | { readonly kind: 'admit-pods'; readonly pods: readonly string[] }
  | { readonly kind: 'withdraw-pods'; readonly pods: readonly string[] }
  | { readonly kind: 'set-route-weight'; readonly weight: number; readonly canary?: string }
  | { readonly kind: 'mark-withdrawn'; readonly canary: string }
  | { readonly kind: 'write-comparison'; readonly canary: string; readonly comparison: Comparison }
  | { readonly kind: 'delete-canary'; readonly name: string }
  | { readonly kind: 'apply-stable'; readonly version: ModelVersion };

/** What to record and what to do. */
export interface Plan {
  /** The versions as judged: requests by annotation that clear or set a verdict are applied. */
  readonly versions: readonly ModelVersion[];
  /** By uid; a version without a decision keeps its status. */
  readonly decisions: ReadonlyMap<string, Decision>;
  /** In order, after the record is written. */
  readonly actions: readonly Action[];
  /** Milliseconds until the next reconcile; absent: only a change causes it. */
  readonly requeueAfterMs?: number | undefined;
}
