import { z } from 'zod';
import { COUNTABLE, semanticVersionSchema } from '../bundle/semantic-version.ts';

const text = (description: string, max = 1024) => z.string().max(max).meta({ description });
const time = (description: string) => z.string().meta({ format: 'date-time', description });
const count = (description: string) => z.int().min(0).max(2_147_483_647).meta({ format: 'int32', description });
const share = (description: string) => z.number().meta({ description });

const immutable = (field: string) => ({
  'x-kubernetes-validations': [
    {
      rule: 'self == oldSelf',
      message: `spec.${field} is immutable: weights are offered under a new ModelVersion, and this one keeps its verdict`,
    },
  ],
});

/** What a version asks for: written once, in Git. */
export const modelVersionSpecSchema = z
  .object({
    model: z
      .string()
      .max(63)
      .regex(/^[a-z][a-z0-9_]*$/)
      .meta({
        description: 'Name of the model. The highest eligible version of a model in a namespace is the one to serve.',
        ...immutable('model'),
      }),
    version: semanticVersionSchema.meta({
      description: 'Semantic version 2.0.0 without a leading v, such as 1.4.0.',
      'x-kubernetes-validations': [...immutable('version')['x-kubernetes-validations'], COUNTABLE],
    }),
    artifact: z
      .object({
        uri: z
          .string()
          .min(1)
          .max(1024)
          .regex(/^(oci|s3|https|file):\/\//)
          .meta({ description: 'Address of the model bundle: oci://, s3://, https:// or file:// (a mounted volume).' }),
        digest: z
          .string()
          .max(71)
          .regex(/^sha256:[0-9a-f]{64}$/)
          .meta({ description: 'Identity of the bundle: sha256 of its manifest.json. Tags and addresses are not.' }),
      })
      .meta({ description: 'The weights, packaged.', ...immutable('artifact') }),
    suspend: z.boolean().optional().meta({
      description:
        'While true the controller leaves this version as it is: a rollout holds at its step, and a version that has not begun does not begin.',
    }),
  })
  .meta({ description: 'What is offered to this environment.' });

/** Phases, for people; derived from conditions and never read back. */
export const phases = [
  'Pending',
  'Verifying',
  'Canary',
  'Promoting',
  'Serving',
  'Superseded',
  'Suspended',
  'Failed',
] as const;

/**
 * Condition types. `Stalled`, `Degraded` and `Refused` exist only while True; `Ready` does not exist while Superseded (there is
 * nothing to wait for).
 */
export const conditionTypes = [
  'ArtifactVerified',
  'Accepted',
  'Progressing',
  'Ready',
  'Stalled',
  'Degraded',
  'Refused',
] as const;

/**
 * Why a version failed: what its weights, and nothing else, are to blame for, or a person's word. A store or a cluster
 * that is not well holds a version up and never fails it. The closed set of `verdict.reason`, of `Stalled` and of `Ready`
 * while Failed.
 */
export const failureReasons = [
  'ArtifactInvalid',
  'ArtifactTooLarge',
  'DigestMismatch',
  'SignatureMissing',
  'SignatureInvalid',
  'ModelMismatch',
  'VersionMismatch',
  'CanaryCrashed',
  'CanaryNotReady',
  'AcceptanceFailed',
  'ErrorRateHigh',
  'LatencyHigh',
  'PredictionsShifted',
  'Aborted',
  'PromotionFailed',
] as const;

/** Why a version passed: the closed set of `verdict.reason` of a pass. */
export const passReasons = ['FirstVersion', 'AlreadyServed', 'CanaryOff', 'StepsCompleted', 'PromotedByHand'] as const;

/** Every other reason that a condition can have. */
export const conditionReasons = [
  'Verified',
  'Verifying',
  'StoreUnreachable',
  'StoreUntrusted',
  'StoreRefused',
  'ArtifactNotFound',
  'VerifierUnavailable',
  'NotVerified',
  'ImagesAnswered',
  'NoImages',
  'Accepting',
  'NotAccepted',
  'CanaryStarting',
  'CanaryHeldUp',
  'CanaryKilled',
  'StepRunning',
  'StepInconclusive',
  'StableNotReady',
  'RouteNotAccepted',
  'Promoting',
  'Serving',
  'PodsNotReady',
  'DeploymentPaused',
  'ApiRefused',
  'Superseded',
  'Suspended',
  'PolicyInvalid',
  'PolicyMissing',
  'StableMissing',
  'DuplicateVersion',
  'VersionInvalid',
  'PrereleaseNotAllowed',
  'KeyInvalid',
  'ImageVolumeUnsupported',
  'ArtifactNotAllowed',
] as const;

const allReasons = [...conditionReasons, ...failureReasons, ...passReasons] as const;

const conditionSchema = z
  .object({
    type: z.enum(conditionTypes).meta({ description: 'Which statement this is.' }),
    status: z.enum(['True', 'False', 'Unknown']).meta({ description: 'Whether the statement holds.' }),
    reason: z.enum(allReasons).meta({ description: 'Why, in one word of a closed set.' }),
    message: text('Why, in one sentence.', 4096),
    lastTransitionTime: time('When status last changed.'),
    observedGeneration: z.int().meta({ format: 'int64', description: 'Generation of the spec this speaks of.' }),
  })
  .meta({ description: 'One statement about this version.' });

const checkVerdicts = ['Pass', 'Fail', 'Inconclusive'] as const;
/** Names of the checks of an analysis. */
const checkNames = ['ErrorRate', 'Latency', 'Predictions'] as const;

const analysisSchema = z
  .object({
    step: count('Step that was judged, from 1.'),
    verdict: z.enum(checkVerdicts).meta({ description: 'Worst of the checks.' }),
    at: time('When the counters were last read.'),
    canaryRequests: count('Requests that the canary answered in this step.'),
    stableRequests: count('Requests that the stable pods answered in this step.'),
    checks: z
      .array(
        z.object({
          name: z.enum(checkNames).meta({ description: 'What was compared.' }),
          verdict: z
            .enum(checkVerdicts)
            .meta({ description: 'Pass, Fail, or Inconclusive when there is too little data.' }),
          canary: share('The figure of the canary.').optional(),
          stable: share('The figure of the stable pods.').optional(),
          limit: share('What the figure of the canary may be at most.').optional(),
          message: text('The comparison in one sentence.'),
        }),
      )
      .max(8)
      .meta({
        description: 'One entry a check.',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
      }),
  })
  .meta({ description: 'The live comparison of canary and stable pods in the current or last step.' });

const acceptanceSchema = z
  .object({
    total: count('Acceptance images of this environment.'),
    correct: count('Images answered with their label.'),
    required: count('Images that must be.'),
    at: time('When they were asked.'),
    template: text('Hash of the pod template that answered.', 64),
    mistakes: z
      .array(
        z.object({
          image: text('Key of the image in the ConfigMap.', 253),
          expected: text('Its label.', 63),
          answered: text('What was answered instead: a label, or an error code.', 63),
          confidence: share('Probability of the answered label, 0 to 1.').optional(),
        }),
      )
      .max(10)
      .meta({ description: 'The first ten that were not.', 'x-kubernetes-list-type': 'atomic' }),
  })
  .meta({ description: "How the canary answered the environment's own labelled images." });

/** What the controller saw and decided. */
export const modelVersionStatusSchema = z
  .object({
    observedGeneration: z.int().meta({ format: 'int64', description: 'Generation of the spec this status speaks of.' }),
    phase: z.enum(phases).meta({ description: 'Where this version is, for people. Machines read the conditions.' }),
    weight: z
      .int()
      .min(0)
      .max(100)
      .meta({ format: 'int32', description: 'Percent of the requests that this version answers now.' }),
    message: text('Where this version is and what it waits for, in one sentence.', 4096),
    conditions: z
      .array(conditionSchema)
      .max(8)
      .meta({
        description: 'Statements for machines, one a type.',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['type'],
      }),
    artifact: z
      .object({
        digest: text('Digest that was verified.', 71),
        version: text('Version that the manifest bears.', 64),
        sizeBytes: z.int().meta({ format: 'int64', description: 'Bytes of the files.' }),
        signed: z.boolean().meta({ description: "Whether a signature by this environment's key was verified." }),
        image: text('Image reference by digest, where the bundle is mounted as an image volume.', 1024).optional(),
        lineage: z
          .record(z.string().max(64), z.string().max(1024))
          .optional()
          .meta({ description: 'Where the weights come from, as the manifest says: run id, data hash, Git commit.' }),
        verifiedAt: time('When.'),
      })
      .optional()
      .meta({ description: 'What verification found; absent until it succeeded.' }),
    rollout: z
      .object({
        canary: text('Name of the canary Deployment.', 253),
        step: count('Current step, from 1; 0 before acceptance.'),
        steps: count('Steps of the policy.'),
        since: time('When the current step was entered.'),
        unreadySince: time(
          'When fewer canary pods were found ready than the step needs; absent while there are enough.',
        ).optional(),
        unroutedSince: time(
          'When its gateways were first found not to take the HTTPRoute; absent while they do, and without a gateway.',
        ).optional(),
        desiredWeight: count('Percent of the requests that the step asks for.'),
        canaryPods: count('Canary pods that get requests.'),
        stablePods: count('Stable pods that get requests.'),
        granularity: text('How exact the weight can be, and why.', 256),
      })
      .optional()
      .meta({ description: 'The rollout under way.' }),
    acceptance: acceptanceSchema.optional(),
    analysis: analysisSchema.optional(),
    verdict: z
      .object({
        outcome: z
          .enum(['Passed', 'Failed'])
          .meta({ description: 'Final for this object; only a retry clears Failed.' }),
        reason: z.enum([...failureReasons, ...passReasons]).meta({ description: 'Why, in one word of a closed set.' }),
        message: text('Why, in one sentence.', 4096),
        at: time('When.'),
      })
      .optional()
      .meta({ description: 'The recorded outcome of the rollout.' }),
    servedAt: time('When it first became the stable version.').optional(),
    handled: z
      .object({
        abort: text('Value of pawl.dev/abort that was acted on.', 256).optional(),
        retry: text('Value of pawl.dev/retry that was acted on.', 256).optional(),
        promote: text('Value of pawl.dev/promote that was acted on.', 256).optional(),
      })
      .optional()
      .meta({ description: 'Requests by annotation that were acted on, so that each acts once.' }),
  })
  .meta({ description: 'What the controller saw and decided.' });

export type ModelVersionSpec = z.infer<typeof modelVersionSpecSchema>;
export type ModelVersionStatus = z.infer<typeof modelVersionStatusSchema>;
export type Phase = (typeof phases)[number];
export type Condition = z.infer<typeof conditionSchema>;
export type ConditionType = (typeof conditionTypes)[number];
export type ConditionReason = (typeof allReasons)[number];
export type FailureReason = (typeof failureReasons)[number];
export type PassReason = (typeof passReasons)[number];
export type Verdict = NonNullable<ModelVersionStatus['verdict']>;
export type Acceptance = z.infer<typeof acceptanceSchema>;
export type Analysis = z.infer<typeof analysisSchema>;
export type AnalysisCheck = Analysis['checks'][number];
export type CheckVerdict = (typeof checkVerdicts)[number];

/** A ModelVersion as the API server keeps it; times are RFC 3339 strings. */
export interface ModelVersion {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation: number;
    readonly creationTimestamp: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: ModelVersionSpec;
  readonly status?: ModelVersionStatus;
}
