import type { Condition, ModelVersion, ModelVersionStatus } from '@pawl/shared/modelversion/model-version';

/** What Argo CD can say of an object's health. */
type Health = 'Progressing' | 'Healthy' | 'Degraded' | 'Suspended' | 'Unknown';
/** Actions of k8s/argocd/settings/actions.yaml. */
export const actions = ['abort', 'retry', 'promote', 'suspend', 'resume'] as const;
type Action = (typeof actions)[number];

/** One state of a ModelVersion, and what Argo CD must make of it. */
export interface Case {
  /** The state in words, for the table of docs/argocd.md. */
  readonly when: string;
  readonly suspend?: boolean;
  /** Of the spec; the status speaks of 3 unless it says otherwise. */
  readonly generation?: number;
  readonly deleted?: boolean;
  readonly status?: Partial<ModelVersionStatus>;
  readonly health: Health;
  readonly message: string;
  /** Actions that are offered; the others are shown and cannot be chosen. */
  readonly offered: readonly Action[];
}

const TIME = '2026-01-02T03:04:05Z';
const statement = (
  type: Condition['type'],
  status: Condition['status'],
  reason: Condition['reason'],
  message: string,
): Condition => ({ type, status, reason, message, lastTransitionTime: TIME, observedGeneration: 3 });
const stalled = (reason: Condition['reason'], message: string) => [
  statement('Progressing', 'False', reason, message),
  statement('Ready', 'False', reason, message),
  statement('Stalled', 'True', reason, message),
];
const progressing = (reason: Condition['reason'], message: string) => [
  statement('Progressing', 'True', reason, message),
  statement('Ready', 'False', reason, message),
];
const rollout = (step: number): NonNullable<ModelVersionStatus['rollout']> => ({
  canary: 'catdog-pawl-canary-0a1b2c3d',
  step,
  steps: 3,
  since: TIME,
  desiredWeight: 25,
  canaryPods: 1,
  stablePods: 3,
  granularity: 'one pod of four',
});

const unreachable = 'registry.example does not answer; tried again in 40 s';
const stepTwo = 'Step 2 of 3: 25 % for 600 s more';
const wrong = '5 of 8 acceptance images were answered with their label; 8 must be';
const missing = 'There is no rollout policy for catdog in this namespace';
const invalid = 'The rollout policy is not valid: canary.steps.0.weight must be at most 100';

/** Every phase, and every condition that matters; test/argocd fails when a phase is missing. */
export const cases: readonly Case[] = [
  {
    when: 'no status yet',
    health: 'Progressing',
    message: "Waiting for Pawl's controller to look at it",
    offered: ['suspend'],
  },
  {
    when: 'status of an older generation',
    generation: 4,
    status: { phase: 'Serving', weight: 100, message: 'Every stable pod serves it', conditions: [] },
    health: 'Progressing',
    message:
      "Waiting for Pawl's controller to look at generation 4; of an older one it said Serving: Every stable pod serves it",
    offered: ['suspend'],
  },
  {
    when: 'Pending',
    status: { phase: 'Pending', message: 'Waiting for its turn', conditions: [] },
    health: 'Progressing',
    message: 'Pending: Waiting for its turn',
    offered: ['suspend'],
  },
  {
    when: 'Pending, Stalled (PolicyMissing)',
    status: { phase: 'Pending', message: missing, conditions: stalled('PolicyMissing', missing) },
    health: 'Degraded',
    message: `Pending, PolicyMissing: ${missing}`,
    offered: ['suspend'],
  },
  {
    when: 'Pending, Stalled (PolicyInvalid), in mid-rollout',
    status: {
      phase: 'Pending',
      message: invalid,
      rollout: rollout(2),
      conditions: stalled('PolicyInvalid', invalid),
    },
    health: 'Degraded',
    message: `Pending, PolicyInvalid: ${invalid}`,
    offered: ['abort', 'suspend'],
  },
  {
    when: 'Verifying',
    status: { phase: 'Verifying', message: unreachable, conditions: progressing('StoreUnreachable', unreachable) },
    health: 'Progressing',
    message: `Verifying: ${unreachable}`,
    offered: ['abort', 'suspend'],
  },
  {
    when: 'Canary',
    status: {
      phase: 'Canary',
      weight: 25,
      message: stepTwo,
      rollout: rollout(2),
      conditions: progressing('StepRunning', stepTwo),
    },
    health: 'Progressing',
    message: `Canary at 25 %: ${stepTwo}`,
    offered: ['abort', 'promote', 'suspend'],
  },
  {
    when: 'Canary, spec.suspend just set, not looked at yet',
    suspend: true,
    generation: 4,
    status: {
      phase: 'Canary',
      weight: 25,
      message: stepTwo,
      rollout: rollout(2),
      conditions: progressing('StepRunning', stepTwo),
    },
    health: 'Progressing',
    message: `Waiting for Pawl's controller to look at generation 4; of an older one it said Canary at 25 %: ${stepTwo}`,
    offered: ['abort', 'resume'],
  },
  {
    when: 'Promoting',
    status: {
      phase: 'Promoting',
      weight: 66,
      message: '2 of 3 stable pods serve it',
      rollout: rollout(3),
      conditions: progressing('Promoting', '2 of 3 stable pods serve it'),
    },
    health: 'Progressing',
    message: 'Promoting at 66 %: 2 of 3 stable pods serve it',
    offered: ['abort', 'suspend'],
  },
  {
    when: 'Suspended, in mid-rollout',
    suspend: true,
    status: {
      phase: 'Suspended',
      weight: 25,
      message: 'Held at step 2 of 3',
      rollout: rollout(2),
      conditions: [statement('Progressing', 'False', 'Suspended', 'Held at step 2 of 3')],
    },
    health: 'Suspended',
    message: 'Suspended at 25 %: Held at step 2 of 3',
    offered: ['abort', 'resume'],
  },
  {
    when: 'Suspended, before it began',
    suspend: true,
    status: {
      phase: 'Suspended',
      message: 'Suspended before it began',
      conditions: [statement('Progressing', 'False', 'Suspended', 'Suspended before it began')],
    },
    health: 'Suspended',
    message: 'Suspended at 0 %: Suspended before it began',
    offered: ['resume'],
  },
  {
    when: 'Serving',
    status: {
      phase: 'Serving',
      weight: 100,
      message: 'Every stable pod serves it',
      conditions: [statement('Ready', 'True', 'Serving', 'Every stable pod serves it')],
    },
    health: 'Healthy',
    message: 'Serving: Every stable pod serves it',
    offered: ['suspend'],
  },
  {
    when: 'Superseded',
    status: {
      phase: 'Superseded',
      message: '1.2.0 (catdog-1-2-0) is wanted instead',
      conditions: [statement('Progressing', 'False', 'Superseded', '1.2.0 (catdog-1-2-0) is wanted instead')],
    },
    health: 'Healthy',
    message: 'Superseded: 1.2.0 (catdog-1-2-0) is wanted instead',
    offered: [],
  },
  {
    when: 'Failed',
    status: { phase: 'Failed', message: wrong, conditions: stalled('AcceptanceFailed', wrong) },
    health: 'Degraded',
    message: `Failed, AcceptanceFailed: ${wrong}`,
    offered: ['retry'],
  },
  {
    when: 'Failed by hand',
    status: {
      phase: 'Failed',
      message: 'Aborted by hand',
      conditions: stalled('Aborted', 'Aborted by hand'),
    },
    health: 'Degraded',
    message: 'Failed, Aborted: Aborted by hand',
    offered: ['retry'],
  },
  {
    when: 'Failed, without conditions',
    status: { phase: 'Failed', message: wrong, conditions: [] },
    health: 'Degraded',
    message: `Failed: ${wrong}`,
    offered: ['retry'],
  },
  {
    when: 'being deleted',
    deleted: true,
    status: { phase: 'Serving', weight: 100, message: 'Every stable pod serves it', conditions: [] },
    health: 'Progressing',
    message: 'Pending deletion',
    offered: ['suspend'],
  },
  {
    when: 'a phase of a newer Pawl',
    status: { phase: 'Resting' as never, message: 'Zzz', conditions: [] },
    health: 'Unknown',
    message: 'Resting: Zzz',
    offered: ['suspend'],
  },
];

/** A ModelVersion in the state of a case, as the API server gives it. */
export function versionOf({ suspend, generation, deleted, status }: Case): ModelVersion {
  return {
    apiVersion: 'pawl.dev/v1alpha1',
    kind: 'ModelVersion',
    metadata: {
      name: 'catdog-1-1-0',
      namespace: 'pawl-prod',
      uid: '0a1b2c3d-0000-4000-8000-000000000000',
      resourceVersion: '7',
      generation: generation ?? 3,
      creationTimestamp: TIME,
      ...(deleted === true && { deletionTimestamp: TIME }),
    },
    spec: {
      model: 'catdog',
      version: '1.1.0',
      artifact: { uri: 'oci://registry.example/catdog:1.1.0', digest: `sha256:${'ab'.repeat(32)}` },
      ...(suspend !== undefined && { suspend }),
    },
    ...(status !== undefined && {
      status: { observedGeneration: 3, phase: 'Pending', weight: 0, message: '', conditions: [], ...status },
    }),
  };
}

/** The table of docs/argocd.md. */
export function healthTable(): string {
  const rows = cases.map(
    ({ when, health, message, offered }) => `| ${when} | ${health} | ${message} | ${offered.join(', ') || '–'} |`,
  );
  return ['| ModelVersion | health | message | actions |', '| --- | --- | --- | --- |', ...rows].join('\n');
}
