import type {
  Acceptance,
  FailureReason,
  ModelVersion,
  ModelVersionStatus,
} from '@pawl/shared/modelversion/model-version';
import type { RolloutPolicy } from '@pawl/shared/modelversion/rollout-policy';
import type { Comparison } from './analysis/comparison.ts';
import type { Reading } from './analysis/counters.ts';

/** The state of one model in one namespace at one moment: the only input of a plan. */
export interface Facts {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly model: string;
  /** Versions of the model that are not being deleted, in no order. */
  readonly versions: readonly ModelVersion[];
  readonly stable: StableState;
  /** Canary Deployments of the model that are not being deleted. */
  readonly canaries: readonly CanaryTrack[];
  readonly policy: PolicyState;
  /** By attempt: what the verifier knows so far. */
  readonly verifications: ReadonlyMap<string, Verification>;
  /** By attempt: how a canary pod answered the acceptance images. */
  readonly acceptances: ReadonlyMap<string, AcceptanceRun>;
  /** Counters of both tracks, read now; absent where they were not needed. */
  readonly counters?: Reading | undefined;
  /** Weight of the canary in the HTTPRoute, percent; undefined where the policy has no gateway. */
  readonly routeWeight?: number | 'missing' | undefined;
  /** What keeps requests from following the HTTPRoute; undefined where it is taken, or missing, or not needed. */
  readonly routeTrouble?: RouteTrouble | undefined;
  /** By request, see `idOf`: the message to tell about one that the API server refused the last time. */
  readonly refusals: ReadonlyMap<string, string>;
}

/** Why a gateway does not send requests by a route. */
export interface RouteTrouble {
  /** It says no; otherwise it has not answered to the route as it is. */
  readonly isRefused: boolean;
  /** One sentence, with the gateway's words. */
  readonly message: string;
}

/** The chart's Deployment: exactly one a model. */
export type StableState =
  { readonly kind: 'found'; readonly track: StableTrack } | { readonly kind: 'missing'; readonly message: string };

/** The stable Deployment and its pods. */
export interface StableTrack {
  readonly name: string;
  readonly uid: string;
  /** Digest that its pod template asks for; absent before the first version. */
  readonly digest?: string | undefined;
  /** The part of its pod template that says where the weights come from, see artifactOf. */
  readonly artifact: string;
  /** How its pods get their weights. */
  readonly mount: RolloutPolicy['artifact']['mount'];
  /** Pods that it should have. */
  readonly replicas: number;
  /** What the cluster says about pods that may not be made, such as over a quota. */
  readonly podsRefused?: string | undefined;
  /** Hash of the pod template without what the controller sets in it. */
  readonly template: string;
  /** Every pod has the current template and is available, and no pod with an older one is left. */
  readonly isRolledOut: boolean;
  /** Somebody paused it (`kubectl rollout pause`): Kubernetes changes none of its pods. */
  readonly isPaused: boolean;
  /** Kubernetes gave up waiting for that (progressDeadlineSeconds). */
  readonly isStuck: boolean;
  readonly pods: readonly PodFacts[];
}

/** A canary Deployment and its pods. */
export interface CanaryTrack {
  readonly name: string;
  /** Name of the ModelVersion. */
  readonly version: string;
  readonly digest: string;
  /** Uids of the objects with which Kubernetes deletes it. */
  readonly owners: readonly string[];
  /** Hash of the stable pod template that it was made from. */
  readonly template: string;
  /** Pods that it should have. */
  readonly replicas: number;
  /** What the cluster says about pods that may not be made, such as over a quota. */
  readonly podsRefused?: string | undefined;
  /** Only pods of its current template. */
  readonly pods: readonly PodFacts[];
  /** Of its current step, or of the one before while that has not begun. */
  readonly comparison?: Comparison | undefined;
  /** When requests were last taken off it, ms since the epoch. */
  readonly withdrawnAt?: number | undefined;
}

/** A pod that is not terminating. */
export interface PodFacts {
  readonly name: string;
  readonly uid: string;
  /** `host:port` of its service; absent until it has an address. */
  readonly address?: string | undefined;
  readonly digest?: string | undefined;
  readonly isReady: boolean;
  /** Has the label that the Service selects. */
  readonly isInService: boolean;
  /** Why it cannot start, for a reason that is not the fault of its weights: no node, no image, no store. */
  readonly heldUp?: string | undefined;
  /** How it crashes; undefined while it does not. */
  readonly crashed?: string | undefined;
  /** How the kernel or its node ended it for want of something, memory most of all; undefined while neither did. */
  readonly killed?: Killed | undefined;
  /** Why it is not ready yet, as far as the cluster tells. */
  readonly waiting?: string | undefined;
}

/** A pod that did not end by itself: out of memory, or evicted. */
export interface Killed {
  /** As the rest of "Pod x ...". */
  readonly words: string;
  readonly times: number;
  readonly isEvicted: boolean;
  /** The last time, ms since the epoch; undefined: the cluster does not say. */
  readonly at?: number | undefined;
  /** When the pod was made, ms since the epoch: every time is after that. */
  readonly since: number;
}

/** What the ConfigMaps of the model say. */
export type PolicyState =
  | {
      readonly kind: 'valid';
      readonly policy: RolloutPolicy;
      /** Number of acceptance images, of all its ConfigMaps. */
      readonly images: number;
    }
  | { readonly kind: 'missing'; readonly message: string }
  | { readonly kind: 'invalid'; readonly message: string };

/** What a version's artifact turned out to be. */
export type Verification =
  | {
      readonly kind: 'running';
      /** How the attempt before ended, if there was one: shown to people until this attempt has ended. */
      readonly before?: Verification | undefined;
    }
  | { readonly kind: 'verified'; readonly artifact: NonNullable<ModelVersionStatus['artifact']> }
  | { readonly kind: 'refused'; readonly reason: FailureReason; readonly message: string }
  /** The key of the environment cannot be used: the weights are not at fault. */
  | { readonly kind: 'key-invalid'; readonly message: string }
  /** The artifact cannot be used the way this environment mounts artifacts. */
  | { readonly kind: 'unsupported'; readonly message: string }
  /** It could not be fetched or checked this time: tried again. */
  | {
      readonly kind: 'unreachable';
      readonly reason:
        'StoreUnreachable' | 'StoreUntrusted' | 'StoreRefused' | 'ArtifactNotFound' | 'VerifierUnavailable';
      readonly message: string;
      readonly attempts: number;
      readonly retryAt: number;
    };

/** How a canary pod answered the acceptance images. */
export type AcceptanceRun =
  | {
      readonly kind: 'running';
      /** What the API server said at the attempt before, see below: shown to people until this one has ended. */
      readonly refused?: string | undefined;
    }
  | { readonly kind: 'answered'; readonly acceptance: Acceptance }
  | {
      /** The pod could not be asked; it is asked again. */
      readonly kind: 'unanswered';
      readonly message: string;
      readonly retryAt: number;
      /** The images themselves could not be had: the pod was not asked, and is not at fault. */
      readonly isWithoutImages?: boolean | undefined;
      /** The refusal of the images, when it is to be told. */
      readonly refused?: string | undefined;
    };
