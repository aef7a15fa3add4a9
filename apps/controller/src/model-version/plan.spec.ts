import { annotations } from '@pawl/shared/modelversion/names';
import type { ModelVersion } from '@pawl/shared/modelversion/model-version';
import type { Plan } from './decision.ts';
import { plan } from './plan.ts';
import { summarize } from './summarize.ts';
import {
  accepted,
  accepting,
  ago,
  aCanary,
  annotated,
  somePodFacts,
  aPolicy,
  aStable,
  atStep,
  aVersion,
  comparing,
  someFacts,
  counted,
  failed,
  handled,
  heldUp,
  made,
  named,
  NOW,
  passed,
  reading,
  served,
  suspended,
  TEMPLATE,
  verified,
  withDigest,
} from './test/builders.ts';
import type { AcceptanceRun, CanaryTrack, PodFacts, Verification, Facts } from './facts.ts';

const one = aVersion('1.0.0', served);
const stable = aStable(one);
const two = aVersion('1.1.0');

const gateway = aPolicy({
  traffic: { gateway: { parentRefs: [{ name: 'gw' }], stableService: 's', canaryService: 'c' } },
});

/** A step of `two` beside `one`: one canary pod in service, the step begun `seconds` ago. */
const stepping = (
  {
    step = 1,
    seconds = 70,
    canary = counted(100),
    base = counted(300),
    ...facts
  }: Partial<Facts> & {
    step?: number;
    seconds?: number;
    canary?: ReturnType<typeof counted>;
    base?: ReturnType<typeof counted>;
  } = {},
  version: ModelVersion = aVersion('1.1.0', atStep(step)),
): Facts => {
  const replicas = step === 1 ? 1 : 3;
  const pods = Array.from({ length: replicas }, (_, index) =>
    somePodFacts(`canary-${index}`, { digest: version.spec.artifact.digest }),
  );
  const comparison = comparing(step, seconds);
  return {
    ...someFacts({ versions: [one, version], stable, canaries: [aCanary(version, { replicas, pods, comparison })] }),
    counters: reading(canary, base),
    ...facts,
  };
};

/** A step with a gateway that does not take the route, or has not answered. */
const unrouted = (
  isRefused: boolean,
  facts: Parameters<typeof stepping>[0],
  rollout: Parameters<typeof atStep>[1] = {},
) => ({
  ...stepping({ ...facts, routeTrouble: { isRefused, message: 'no listener' } }, aVersion('1.1.0', atStep(1, rollout))),
  policy: { kind: 'valid' as const, policy: gateway, images: 4 },
});

/** The canary of step 1 with the pods of step 2 being started: one in service, and these. */
const ahead = (...pods: readonly PodFacts[]): CanaryTrack =>
  aCanary(two, {
    replicas: 3,
    pods: [somePodFacts('canary-0', { digest: two.spec.artifact.digest }), ...pods],
    comparison: comparing(1, 50),
  });

const verification = (version: ModelVersion, state: Verification) => new Map([[`${version.metadata.uid}/`, state]]);
const acceptance = (version: ModelVersion, run: AcceptanceRun) => new Map([[`${version.metadata.uid}/`, run]]);
const answered = (correct: number): AcceptanceRun => ({
  kind: 'answered',
  acceptance: { total: 4, correct, required: 4, at: ago(1), template: TEMPLATE, mistakes: [] },
});

interface Expected {
  /** By version: phase and the reason of Progressing, as the status says them. */
  readonly [version: string]: string;
}

/** The status text of every version after the plan was recorded. */
const said = (facts: Facts, made: Plan): Expected =>
  Object.fromEntries(
    made.versions.map((version) => {
      const decision = made.decisions.get(version.metadata.uid);
      if (decision === undefined) return [version.metadata.name, 'undecided'];
      const status = summarize(version, decision, 0, facts.now);
      const reason = status.conditions.find(({ type }) => type === 'Progressing')?.reason ?? '';
      const step = status.rollout === undefined || status.rollout.step === 0 ? '' : ` ${status.rollout.step}`;
      return [version.metadata.name.slice(2), `${status.phase} ${reason}${step}`];
    }),
  );
/** What would be done, in order. */
const done = (made: Plan): string =>
  made.actions
    .map((action) => {
      switch (action.kind) {
        case 'verify':
        case 'apply-stable':
          return `${action.kind} ${action.version.spec.version}`;
        case 'apply-canary':
          return `${action.kind} ${action.version.spec.version} x${action.replicas}`;
        case 'admit-pods':
        case 'withdraw-pods':
          return `${action.kind} ${action.pods.length}`;
        case 'set-route-weight':
          return `${action.kind} ${action.weight}`;
        case 'ask-acceptance':
        case 'write-comparison':
        case 'mark-withdrawn':
        case 'adopt-canary':
        case 'delete-canary':
          return action.kind;
      }
    })
    .join(', ');

/** Which fails a version at the first evidence, even if all of it may be one burst. */
const atOnce = { kind: 'valid', policy: aPolicy({ analysis: { burstSeconds: 0 } }), images: 4 } as const;

/** Stable pods of `one` of which none is ready. */
const unready = (replicas: number) =>
  aStable(one, {
    replicas,
    isRolledOut: false,
    pods: Array.from({ length: replicas }, (_, i) =>
      somePodFacts(`web-${i}`, { digest: one.spec.artifact.digest, isReady: false }),
    ),
  });

describe.each<[string, Facts, Expected, string]>([
  // -- the environment ---------------------------------------------------------------------------------------------
  ['waits for the chart', someFacts({ versions: [two] }), { '1.1.0': 'Pending StableMissing' }, ''],
  [
    'waits for the policy',
    { ...someFacts({ versions: [one, two], stable }), policy: { kind: 'missing', message: 'none' } },
    { '1.0.0': 'Serving Serving', '1.1.0': 'Pending PolicyMissing' },
    '',
  ],
  [
    'does not guess what an invalid policy means, and leaves a canary as it is',
    { ...stepping(), policy: { kind: 'invalid', message: 'canary.steps: ...' } },
    { '1.0.0': 'Serving Serving', '1.1.0': 'Pending PolicyInvalid 1' },
    '',
  ],
  [
    'goes on serving, and returns to what was proved, without a policy',
    {
      ...someFacts({ versions: [one], stable: aStable(two) }),
      policy: { kind: 'invalid', message: 'canary.steps: ...' },
    },
    { '1.0.0': 'Promoting Promoting' },
    'apply-stable 1.0.0',
  ],
  [
    'says of the version that serves that it serves, whatever the policy is',
    { ...someFacts({ versions: [one], stable }), policy: { kind: 'invalid', message: 'canary.steps: ...' } },
    { '1.0.0': 'Serving Serving' },
    '',
  ],
  [
    'says that a paused Deployment does not take the weights',
    someFacts({
      versions: [one, aVersion('1.1.0', atStep(2), passed)],
      stable: aStable(two, { isRolledOut: false, isPaused: true }),
    }),
    { '1.0.0': 'Superseded Superseded', '1.1.0': 'Promoting Promoting 2' },
    '',
  ],
  // -- stable pods that are gone for a while -----------------------------------------------------------------------
  [
    'never takes an unproved version for the first one because no stable pod is ready now',
    stepping({ stable: { kind: 'found', track: unready(3) } }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary StableNotReady 1' },
    '',
  ],
  [
    'holds a version that was accepted while no stable pod is ready',
    someFacts({ versions: [one, aVersion('1.1.0', accepted())], stable: unready(3), canaries: [aCanary(two)] }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary StableNotReady' },
    '',
  ],
  [
    'holds while the stable Deployment is scaled to 0',
    stepping({ stable: { kind: 'found', track: aStable(one, { replicas: 0, pods: [] }) } }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary StableNotReady 1' },
    '',
  ],
  [
    'gives a stable Deployment that was made again the weights that served last',
    stepping({ stable: { kind: 'found', track: aStable(undefined) } }),
    { '1.0.0': 'Superseded Superseded', '1.1.0': 'Canary StableNotReady 1' },
    'apply-stable 1.0.0',
  ],
  [
    'holds when the version that serves was deleted and its pods are gone for a while',
    stepping({ versions: [aVersion('1.1.0', atStep(1))], stable: { kind: 'found', track: unready(3) } }),
    { '1.1.0': 'Canary StableNotReady 1' },
    '',
  ],
  [
    'takes a version for the first one when the one before it never served',
    someFacts({
      versions: [aVersion('1.0.0', passed), aVersion('1.1.0', accepted())],
      stable: unready(3),
      canaries: [aCanary(two)],
    }),
    { '1.0.0': 'Superseded Superseded', '1.1.0': 'Promoting Promoting' },
    '',
  ],
  [
    'promotes by hand although no stable pod is ready',
    stepping(
      { stable: { kind: 'found', track: unready(3) } },
      aVersion('1.1.0', atStep(1), annotated({ [annotations.promote]: 'a' })),
    ),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Promoting Promoting 1' },
    '',
  ],
  [
    'takes no weights from where the policy does not allow it',
    someFacts({
      versions: [one, two],
      stable,
      policy: aPolicy({ artifact: { allow: ['oci://elsewhere.example/models'] } }),
    }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Pending ArtifactNotAllowed' },
    '',
  ],
  // -- the first version -------------------------------------------------------------------------------------------
  [
    'verifies the first version before any pod exists',
    someFacts({ versions: [two], stable: aStable(undefined) }),
    { '1.1.0': 'Verifying Verifying' },
    'verify 1.1.0',
  ],
  [
    'tries the first version on a canary that gets no requests of users',
    someFacts({ versions: [aVersion('1.1.0', verified)], stable: aStable(undefined) }),
    { '1.1.0': 'Canary CanaryStarting' },
    'apply-canary 1.1.0 x1',
  ],
  [
    'promotes the first version when it was accepted',
    someFacts({
      versions: [aVersion('1.1.0', accepted())],
      stable: aStable(undefined),
      canaries: [aCanary(two)],
    }),
    { '1.1.0': 'Promoting Promoting' },
    '',
  ],
  // -- verification ------------------------------------------------------------------------------------------------
  [
    'verifies a newer version while the old one serves',
    someFacts({ versions: [one, two], stable }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Verifying Verifying' },
    'verify 1.1.0',
  ],
  [
    'waits while a verification is running',
    someFacts({ versions: [one, two], stable, verifications: verification(two, { kind: 'running' }) }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Verifying Verifying' },
    '',
  ],
  [
    'fails a version whose digest is wrong, and touches nothing',
    someFacts({
      versions: [one, two],
      stable,
      verifications: verification(two, { kind: 'refused', reason: 'DigestMismatch', message: 'x' }),
    }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Failed DigestMismatch' },
    '',
  ],
  [
    'waits for a store that is down',
    someFacts({
      versions: [one, two],
      stable,
      verifications: verification(two, {
        kind: 'unreachable',
        reason: 'StoreUnreachable',
        message: 'x',
        attempts: 2,
        retryAt: NOW + 4000,
      }),
    }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Verifying StoreUnreachable' },
    '',
  ],
  [
    'tries a store again when its time has come',
    someFacts({
      versions: [one, two],
      stable,
      verifications: verification(two, {
        kind: 'unreachable',
        reason: 'ArtifactNotFound',
        message: 'x',
        attempts: 2,
        retryAt: NOW,
      }),
    }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Verifying ArtifactNotFound' },
    'verify 1.1.0',
  ],
  [
    'shows why the last attempt failed while it tries again',
    someFacts({
      versions: [one, two],
      stable,
      verifications: verification(two, {
        kind: 'running',
        before: { kind: 'unreachable', reason: 'StoreUnreachable', message: 'x', attempts: 1, retryAt: NOW },
      }),
    }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Verifying StoreUnreachable' },
    '',
  ],
  [
    'fails no version for a key that cannot be used',
    someFacts({
      versions: [one, two],
      stable,
      verifications: verification(two, { kind: 'key-invalid', message: 'x' }),
    }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Pending KeyInvalid' },
    '',
  ],
  [
    'goes on when it is verified',
    someFacts({
      versions: [one, two],
      stable,
      verifications: verification(two, {
        kind: 'verified',
        artifact: {
          digest: two.spec.artifact.digest,
          version: '1.1.0',
          sizeBytes: 1,
          signed: true,
          verifiedAt: ago(0),
        },
      }),
    }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Verifying Verified' },
    '',
  ],
  // -- the canary --------------------------------------------------------------------------------------------------
  [
    'starts one canary pod',
    someFacts({ versions: [one, aVersion('1.1.0', verified)], stable }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary CanaryStarting' },
    'apply-canary 1.1.0 x1',
  ],
  [
    'waits for the canary pod to become ready',
    someFacts({
      versions: [one, aVersion('1.1.0', atStep(0))],
      stable,
      canaries: [aCanary(two, { pods: [somePodFacts('c', { isReady: false })] })],
    }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary CanaryStarting' },
    '',
  ],
  [
    'fails a canary that crashes, and takes it away',
    someFacts({
      versions: [one, aVersion('1.1.0', atStep(0))],
      stable,
      canaries: [aCanary(two, { pods: [somePodFacts('c', { isReady: false, crashed: 'ends', isInService: false })] })],
    }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Failed CanaryCrashed' },
    'delete-canary',
  ],
  [
    'fails a canary that is never ready',
    someFacts({
      versions: [one, aVersion('1.1.0', atStep(0, { unreadySince: ago(181) }))],
      stable,
      canaries: [aCanary(two, { pods: [somePodFacts('c', { isReady: false, isInService: false })] })],
    }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Failed CanaryNotReady' },
    'delete-canary',
  ],
  [
    'does not blame the weights for a cluster without room',
    someFacts({
      versions: [one, aVersion('1.1.0', atStep(0, { unreadySince: ago(1000) }))],
      stable,
      canaries: [aCanary(two, { pods: [somePodFacts('c', { isReady: false, heldUp: 'no cpu' })] })],
    }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary CanaryHeldUp' },
    '',
  ],
  [
    'does not blame the weights for pods that may not be made',
    someFacts({
      versions: [one, aVersion('1.1.0', atStep(0, { unreadySince: ago(1000) }))],
      stable,
      canaries: [aCanary(two, { pods: [] })],
    }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary CanaryHeldUp' },
    '',
  ],
  [
    'says at once why no pod may be made',
    someFacts({
      versions: [one, aVersion('1.1.0', atStep(0))],
      stable,
      canaries: [aCanary(two, { pods: [], podsRefused: 'exceeded quota' })],
    }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary CanaryHeldUp' },
    '',
  ],
  [
    'gives a pod all its time when what held it up is over',
    someFacts({
      versions: [one, aVersion('1.1.0', atStep(0, { unreadySince: ago(1000) }), heldUp)],
      stable,
      canaries: [aCanary(two, { pods: [somePodFacts('c', { isReady: false, isInService: false })] })],
    }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary CanaryStarting' },
    '',
  ],
  [
    'makes the canary again when the chart changes the pods, and asks the images again',
    { ...stepping(), stable: { kind: 'found', track: { ...stable, template: 'template-2' } } },
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary CanaryStarting' },
    'apply-canary 1.1.0 x1',
  ],
  [
    'gives the canary of an earlier controller to the stable Deployment, and goes on',
    stepping({
      canaries: [
        aCanary(two, { owners: ['uid-1.1.0'], pods: [somePodFacts('canary-0')], comparison: comparing(1, 1) }),
      ],
    }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary StepRunning 1' },
    'adopt-canary',
  ],
  [
    'gives a suspended canary to a stable Deployment that was made again',
    stepping(
      { stable: { kind: 'found', track: { ...stable, uid: 'uid-again' } } },
      aVersion('1.1.0', atStep(1), suspended),
    ),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Suspended Suspended 1' },
    'adopt-canary',
  ],
  [
    'holds at its step while the stable Deployment is gone, whose canary goes with it',
    someFacts({ versions: [one, aVersion('1.1.0', atStep(1))] }),
    { '1.0.0': 'Superseded Superseded', '1.1.0': 'Pending StableMissing 1' },
    '',
  ],
  [
    'makes the canary again beside a stable Deployment that was made again, which gets its weights first',
    someFacts({ versions: [one, aVersion('1.1.0', atStep(1))], stable: aStable(undefined, { uid: 'uid-again' }) }),
    { '1.0.0': 'Superseded Superseded', '1.1.0': 'Canary CanaryStarting' },
    'apply-stable 1.0.0, apply-canary 1.1.0 x1',
  ],
  // -- acceptance --------------------------------------------------------------------------------------------------
  [
    'asks the acceptance images before any user does',
    someFacts({ versions: [one, aVersion('1.1.0', atStep(0))], stable, canaries: [aCanary(two)] }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary Accepting' },
    'ask-acceptance',
  ],
  [
    'records that it was accepted',
    someFacts({
      versions: [one, aVersion('1.1.0', atStep(0))],
      stable,
      canaries: [aCanary(two)],
      acceptances: acceptance(two, answered(4)),
    }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary Accepting' },
    '',
  ],
  [
    'fails weights that are healthy but wrong before a user gets an answer from them',
    someFacts({
      versions: [one, aVersion('1.1.0', atStep(0))],
      stable,
      canaries: [aCanary(two)],
      acceptances: acceptance(two, answered(3)),
    }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Failed AcceptanceFailed' },
    'delete-canary',
  ],
  [
    'asks again when the pod could not be asked',
    someFacts({
      versions: [one, aVersion('1.1.0', atStep(0))],
      stable,
      canaries: [aCanary(two)],
      acceptances: acceptance(two, { kind: 'unanswered', message: 'reset', retryAt: NOW }),
    }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary Accepting' },
    'ask-acceptance',
  ],
  [
    'does not blame the weights for images that the API server does not show',
    someFacts({
      versions: [one, aVersion('1.1.0', atStep(0, { since: ago(1000) }), accepting)],
      stable,
      canaries: [aCanary(two)],
      acceptances: acceptance(two, { kind: 'unanswered', message: 'reset', retryAt: NOW, isWithoutImages: true }),
    }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary Accepting' },
    'ask-acceptance',
  ],
  [
    'is held up by images that the API server refuses, also while it asks for them again',
    someFacts({
      versions: [one, aVersion('1.1.0', atStep(0), accepting)],
      stable,
      canaries: [aCanary(two)],
      acceptances: acceptance(two, { kind: 'running', refused: 'no' }),
    }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary CanaryHeldUp' },
    '',
  ],
  [
    'needs no acceptance where the environment has no images',
    someFacts({ versions: [one, aVersion('1.1.0', atStep(0))], stable, canaries: [aCanary(two)], images: 0 }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary StepRunning 1' },
    '',
  ],
  // -- steps -------------------------------------------------------------------------------------------------------
  [
    'enters the first step when it was accepted',
    someFacts({ versions: [one, aVersion('1.1.0', accepted())], stable, canaries: [aCanary(two)] }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary StepRunning 1' },
    '',
  ],
  [
    'lets requests reach the ready pods',
    stepping({ canaries: [aCanary(two)] }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary StepRunning 1' },
    'admit-pods 1',
  ],
  [
    'remembers the counters when a step begins',
    stepping({ canaries: [aCanary(two, { pods: [somePodFacts('canary-0')] })] }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary StepRunning 1' },
    'write-comparison',
  ],
  [
    'does not begin to compare while a pod does not answer',
    stepping({
      canaries: [aCanary(two, { pods: [somePodFacts('canary-0')] })],
      counters: { ...reading(counted(1), counted(1)), isComplete: false },
    }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary StepRunning 1' },
    '',
  ],
  [
    'stays for as long as the step lasts',
    stepping({ seconds: 29 }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary StepRunning 1' },
    'write-comparison',
  ],
  [
    'starts the pods of the next step shortly before this one ends',
    stepping({ seconds: 30 }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary StepRunning 1' },
    'write-comparison, apply-canary 1.1.0 x3',
  ],
  [
    'does so as well where nothing is compared',
    stepping({ seconds: 30, policy: { kind: 'valid', policy: aPolicy({ analysis: { enabled: false } }), images: 4 } }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary StepRunning 1' },
    'apply-canary 1.1.0 x3',
  ],
  [
    'goes on with the step while they start, and when one cannot',
    stepping({
      seconds: 50,
      canaries: [ahead(somePodFacts('c-1', { isReady: false, heldUp: 'no cpu', isInService: false }))],
    }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary StepRunning 1' },
    'write-comparison',
  ],
  [
    'sends them no requests before their step',
    stepping({ seconds: 50, canaries: [ahead(somePodFacts('c-1', { isInService: false }))] }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary StepRunning 1' },
    'write-comparison',
  ],
  [
    'sends them requests when it begins',
    stepping({
      step: 2,
      canaries: [ahead(...['c-1', 'c-2'].map((name) => somePodFacts(name, { isInService: false })))],
    }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary StepRunning 2' },
    'admit-pods 2',
  ],
  [
    'replaces a pod that is no longer ready by one of them',
    stepping({
      seconds: 50,
      canaries: [
        aCanary(two, {
          replicas: 3,
          pods: [somePodFacts('c-0', { isReady: false }), somePodFacts('c-1', { isInService: false })],
        }),
      ],
    }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary StepRunning 1' },
    'admit-pods 1',
  ],
  [
    'fails when one of them crashes',
    stepping({
      seconds: 50,
      canaries: [ahead(somePodFacts('c-1', { isReady: false, isInService: false, crashed: 'ends' }))],
    }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Failed CanaryCrashed' },
    'withdraw-pods 1, delete-canary',
  ],
  [
    'starts none ahead in the last step',
    stepping({ step: 2, seconds: 50 }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary StepRunning 2' },
    'write-comparison',
  ],
  ['goes to the next step', stepping(), { '1.0.0': 'Serving Serving', '1.1.0': 'Canary StepRunning 2' }, ''],
  [
    'adds canary pods for a higher weight, beside the stable ones',
    someFacts({
      versions: [one, aVersion('1.1.0', atStep(2))],
      stable,
      canaries: [aCanary(two, { pods: [somePodFacts('canary-0')] })],
    }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary CanaryStarting 2' },
    'apply-canary 1.1.0 x3',
  ],
  [
    'follows stable pods that are scaled in the middle',
    stepping({ step: 2, stable: { kind: 'found', track: aStable(one, { replicas: 2 }) } }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary CanaryStarting 2' },
    'apply-canary 1.1.0 x2',
  ],
  [
    'never passes a step without requests',
    stepping({ canary: counted(0, { labels: {} }) }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary StepInconclusive 1' },
    'write-comparison',
  ],
  [
    'fails at once when the canary answers with errors',
    stepping({ seconds: 5, canary: counted(20, { errors: 10 }) }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Failed ErrorRateHigh' },
    'withdraw-pods 1, delete-canary',
  ],
  [
    'fails a canary that is slow',
    { ...stepping({ canary: counted(100, { latency: [0, 0, 0, 0, 40, 100, 100, 100] }) }), policy: atOnce },
    { '1.0.0': 'Serving Serving', '1.1.0': 'Failed LatencyHigh' },
    'withdraw-pods 1, delete-canary',
  ],
  [
    'fails a canary that answers the same pictures with other labels',
    { ...stepping({ canary: counted(200, { labels: { cat: 180, dog: 20 } }) }), policy: atOnce },
    { '1.0.0': 'Serving Serving', '1.1.0': 'Failed PredictionsShifted' },
    'withdraw-pods 1, delete-canary',
  ],
  [
    'holds its step, and marks how far it is, when that may have been one burst',
    stepping({ canary: counted(200, { labels: { cat: 180, dog: 20 } }) }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary StepInconclusive 1' },
    'write-comparison',
  ],
  [
    'passes after the last step',
    stepping({ step: 2 }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Promoting Promoting 2' },
    '',
  ],
  [
    'goes on with its step while the stable pods are replaced, old and new ones compared alike',
    stepping({
      stable: {
        kind: 'found',
        track: aStable(one, {
          isRolledOut: false,
          pods: ['old-0', 'old-1', 'new-0'].map((name) =>
            somePodFacts(name, { digest: one.spec.artifact.digest, isReady: name !== 'new-0' }),
          ),
        }),
      },
    }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary StepRunning 2' },
    '',
  ],
  [
    'goes on with its step while somebody paused the stable Deployment',
    stepping({ stable: { kind: 'found', track: aStable(one, { isPaused: true }) } }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary StepRunning 2' },
    '',
  ],
  // -- promotion ---------------------------------------------------------------------------------------------------
  [
    'tells the stable pods',
    someFacts({ versions: [one, aVersion('1.1.0', atStep(2), passed)], stable, canaries: [aCanary(two)] }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Promoting Promoting 2' },
    'apply-stable 1.1.0',
  ],
  [
    'waits until every stable pod serves it, while the canary takes requests too',
    someFacts({
      versions: [one, aVersion('1.1.0', atStep(2), passed)],
      stable: aStable(two, { isRolledOut: false }),
      canaries: [aCanary(two)],
    }),
    { '1.0.0': 'Superseded Superseded', '1.1.0': 'Promoting Promoting 2' },
    '',
  ],
  [
    'serves, and takes the canary away',
    someFacts({
      versions: [one, aVersion('1.1.0', atStep(2), passed)],
      stable: aStable(two),
      canaries: [aCanary(two, { pods: [somePodFacts('canary-0')] })],
    }),
    { '1.0.0': 'Superseded Superseded', '1.1.0': 'Serving Serving' },
    'withdraw-pods 1, delete-canary',
  ],
  [
    'goes on serving while a pod restarts',
    someFacts({ versions: [one], stable: aStable(one, { isRolledOut: false }) }),
    { '1.0.0': 'Serving Serving' },
    '',
  ],
  [
    'fails a promotion that does not finish in time',
    someFacts({
      versions: [one, aVersion('1.1.0', atStep(2), passed)],
      stable: aStable(two, { isRolledOut: false, isStuck: true }),
    }),
    { '1.0.0': 'Superseded Superseded', '1.1.0': 'Failed PromotionFailed' },
    '',
  ],
  [
    'does not blame the weights for stable pods that may not be made',
    someFacts({
      versions: [one, aVersion('1.1.0', atStep(2), passed)],
      stable: aStable(two, { isRolledOut: false, isStuck: true, podsRefused: 'exceeded quota' }),
    }),
    { '1.0.0': 'Superseded Superseded', '1.1.0': 'Promoting Promoting 2' },
    '',
  ],
  [
    'returns to the previous weights after that, without a canary',
    someFacts({
      versions: [one, aVersion('1.1.0', failed('PromotionFailed'))],
      stable: aStable(two, { isRolledOut: false, isStuck: true }),
    }),
    { '1.0.0': 'Promoting Promoting', '1.1.0': 'Failed PromotionFailed' },
    'apply-stable 1.0.0',
  ],
  [
    'does not fail weights that served before where the pods cannot take them now',
    someFacts({
      versions: [aVersion('1.0.0', served, atStep(0)), aVersion('1.1.0', failed('PromotionFailed'))],
      stable: aStable(one, { isRolledOut: false, isStuck: true }),
    }),
    { '1.0.0': 'Promoting Promoting', '1.1.0': 'Failed PromotionFailed' },
    '',
  ],
  [
    'takes over weights that the stable pods already serve',
    someFacts({ versions: [aVersion('1.0.0', verified)], stable: aStable(aVersion('1.0.0')) }),
    { '1.0.0': 'Promoting Promoting' },
    '',
  ],
  [
    'goes straight to the stable pods where the policy wants no canary',
    someFacts({
      versions: [one, aVersion('1.1.0', verified)],
      stable,
      policy: aPolicy({ canary: { enabled: false } }),
    }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Promoting Promoting' },
    '',
  ],
  // -- several versions --------------------------------------------------------------------------------------------
  [
    'takes the newest of two candidates',
    someFacts({ versions: [one, two, aVersion('1.2.0')], stable }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Superseded Superseded', '1.2.0': 'Verifying Verifying' },
    'verify 1.2.0',
  ],
  [
    'takes the canary of an older candidate away when a newer one comes',
    stepping({ versions: [one, aVersion('1.1.0', atStep(1)), aVersion('1.2.0')] }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Superseded Superseded', '1.2.0': 'Verifying Verifying' },
    'withdraw-pods 1, delete-canary, verify 1.2.0',
  ],
  [
    'tries the next lower one when the newest failed',
    someFacts({ versions: [one, two, aVersion('1.2.0', failed())], stable }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Verifying Verifying', '1.2.0': 'Failed AcceptanceFailed' },
    'verify 1.1.0',
  ],
  [
    'never tries a failed version again by itself',
    someFacts({ versions: [one, aVersion('1.1.0', failed())], stable }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Failed AcceptanceFailed' },
    '',
  ],
  [
    'orders versions as semver does, not as text',
    someFacts({ versions: [one, aVersion('1.10.0'), aVersion('1.9.0'), aVersion('1.10.0-rc.1')], stable }),
    {
      '1.0.0': 'Serving Serving',
      '1.10.0': 'Verifying Verifying',
      '1.9.0': 'Superseded Superseded',
      '1.10.0-rc.1': 'Superseded Superseded',
    },
    'verify 1.10.0',
  ],
  [
    'leaves out a version that is none, and does the rest as ever',
    someFacts({ versions: [one, two, aVersion('1.9.0-01'), aVersion('99999999999999999999.0.0')], stable }),
    {
      '1.0.0': 'Serving Serving',
      '1.1.0': 'Verifying Verifying',
      '1.9.0-01': 'Pending VersionInvalid',
      '99999999999999999999.0.0': 'Pending VersionInvalid',
    },
    'verify 1.1.0',
  ],
  [
    'goes back beside a version that is none',
    someFacts({ versions: [one, aVersion('1.4.0-0481516')], stable: aStable(two) }),
    { '1.0.0': 'Promoting Promoting', '1.4.0-0481516': 'Pending VersionInvalid' },
    'apply-stable 1.0.0',
  ],
  [
    'holds a prerelease, and rolls out the version below',
    someFacts({ versions: [one, two, aVersion('1.2.0-rc.1')], stable }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Verifying Verifying', '1.2.0-rc.1': 'Pending PrereleaseNotAllowed' },
    'verify 1.1.0',
  ],
  [
    'takes a prerelease where the policy does',
    someFacts({ versions: [one, aVersion('1.2.0-rc.1')], stable, policy: aPolicy({ versions: { prerelease: true } }) }),
    { '1.0.0': 'Serving Serving', '1.2.0-rc.1': 'Verifying Verifying' },
    'verify 1.2.0-rc.1',
  ],
  [
    'goes on with a prerelease that passed before the policy took none',
    someFacts({ versions: [one, aVersion('1.2.0-rc.1', served)], stable: aStable(aVersion('1.2.0-rc.1')) }),
    { '1.0.0': 'Superseded Superseded', '1.2.0-rc.1': 'Serving Serving' },
    '',
  ],
  [
    'keeps the older of two objects with one number',
    someFacts({
      versions: [one, aVersion('1.1.0', made(100)), aVersion('1.1.0', named('m-again'), made(50), withDigest('x'))],
      stable,
    }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Verifying Verifying', again: 'Pending DuplicateVersion' },
    'verify 1.1.0',
  ],
  [
    'supersedes an older version that comes late',
    someFacts({ versions: [one, aVersion('0.9.0')], stable }),
    { '1.0.0': 'Serving Serving', '0.9.0': 'Superseded Superseded' },
    '',
  ],
  // -- deletion and rollback ---------------------------------------------------------------------------------------
  [
    'returns to the previous version at once when the serving one is deleted',
    someFacts({ versions: [one], stable: aStable(two) }),
    { '1.0.0': 'Promoting Promoting' },
    'apply-stable 1.0.0',
  ],
  [
    'takes a version that never served through its steps, when the serving one is deleted',
    someFacts({ versions: [aVersion('0.9.0')], stable: aStable(two) }),
    { '0.9.0': 'Verifying Verifying' },
    'verify 0.9.0',
  ],
  [
    'takes the canary of a deleted version away',
    someFacts({ versions: [one], stable, canaries: [aCanary(two, { pods: [somePodFacts('canary-0')] })] }),
    { '1.0.0': 'Serving Serving' },
    'withdraw-pods 1, delete-canary',
  ],
  ['leaves the stable pods alone when every version is deleted', someFacts({ versions: [], stable }), {}, ''],
  // -- by hand -----------------------------------------------------------------------------------------------------
  [
    'aborts a rollout',
    stepping({}, aVersion('1.1.0', atStep(1), annotated({ [annotations.abort]: 'now' }))),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Failed Aborted' },
    'withdraw-pods 1, delete-canary',
  ],
  [
    'aborts a promotion, back to the previous weights',
    someFacts({
      versions: [one, aVersion('1.1.0', atStep(2), passed, annotated({ [annotations.abort]: 'now' }))],
      stable: aStable(two, { isRolledOut: false }),
    }),
    { '1.0.0': 'Promoting Promoting', '1.1.0': 'Failed Aborted' },
    'apply-stable 1.0.0',
  ],
  [
    'does not abort a version that serves: deleting it is how to go back',
    someFacts({ versions: [aVersion('1.0.0', served, annotated({ [annotations.abort]: 'now' }))], stable }),
    { '1.0.0': 'Serving Serving' },
    '',
  ],
  [
    'acts on each abort once',
    someFacts({
      versions: [one, aVersion('1.1.0', annotated({ [annotations.abort]: 'x' }), handled({ abort: 'x' }))],
      stable,
    }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Verifying Verifying' },
    'verify 1.1.0',
  ],
  [
    'tries a failed version again when asked to, from the beginning',
    someFacts({
      versions: [one, aVersion('1.1.0', accepted(), failed(), annotated({ [annotations.retry]: 'a' }))],
      stable,
      verifications: verification(two, { kind: 'refused', reason: 'DigestMismatch', message: 'of the try before' }),
    }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Verifying Verifying' },
    'verify 1.1.0',
  ],
  [
    'promotes by hand in the middle of a step',
    stepping({ seconds: 1 }, aVersion('1.1.0', atStep(1), annotated({ [annotations.promote]: 'a' }))),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Promoting Promoting 1' },
    '',
  ],
  [
    'never promotes by hand what was not accepted',
    someFacts({
      versions: [one, aVersion('1.1.0', atStep(0), annotated({ [annotations.promote]: 'a' }))],
      stable,
      canaries: [aCanary(two)],
    }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary Accepting' },
    'ask-acceptance',
  ],
  [
    'holds a suspended rollout at its step',
    stepping({ canary: counted(100, { errors: 100 }) }, aVersion('1.1.0', atStep(1), suspended)),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Suspended Suspended 1' },
    '',
  ],
  [
    'does not begin a suspended version, and takes the next lower one',
    someFacts({ versions: [one, two, aVersion('1.2.0', suspended)], stable }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Verifying Verifying', '1.2.0': 'Suspended Suspended' },
    'verify 1.1.0',
  ],
  [
    'goes on serving a version that is suspended',
    someFacts({ versions: [aVersion('1.0.0', served, suspended)], stable }),
    { '1.0.0': 'Serving Serving' },
    '',
  ],
  // -- exact weights by a route ------------------------------------------------------------------------------------
  [
    'makes the route that the policy asks for',
    someFacts({ versions: [one], stable, policy: gateway, routeWeight: 'missing' }),
    { '1.0.0': 'Serving Serving' },
    'set-route-weight 0',
  ],
  [
    'gives the canary its weight by the route',
    { ...stepping({ routeWeight: 0 }), policy: { kind: 'valid', policy: gateway, images: 4 } },
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary StepRunning 1' },
    'set-route-weight 25',
  ],
  [
    'takes the weight off the route before the pods go',
    {
      ...stepping({ routeWeight: 25, canary: counted(20, { errors: 20 }) }),
      policy: { kind: 'valid', policy: gateway, images: 4 },
    },
    { '1.0.0': 'Serving Serving', '1.1.0': 'Failed ErrorRateHigh' },
    'set-route-weight 0, withdraw-pods 1, mark-withdrawn',
  ],
  [
    'deletes the pods when the gateway has had time to follow its route',
    someFacts({
      versions: [one],
      stable,
      policy: gateway,
      routeWeight: 0,
      canaries: [aCanary(two, { withdrawnAt: NOW - 5_000 })],
    }),
    { '1.0.0': 'Serving Serving' },
    'delete-canary',
  ],
  [
    'counts no request before the gateway has answered to the weight',
    unrouted(false, { routeWeight: 25, canary: counted(20, { errors: 20 }) }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary StepRunning 1' },
    '',
  ],
  [
    'waits when the gateway does not take the route',
    unrouted(true, { routeWeight: 25, canary: counted(20, { errors: 20 }) }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary RouteNotAccepted 1' },
    '',
  ],
  [
    'gives the stable pods all requests when the route is not taken in time',
    unrouted(false, { routeWeight: 25 }, { unroutedSince: ago(180) }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary RouteNotAccepted 1' },
    'set-route-weight 0',
  ],
  [
    'waits on, without requests, until the gateway takes the route',
    unrouted(true, { routeWeight: 0 }, { unroutedSince: ago(1000) }),
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary RouteNotAccepted 1' },
    '',
  ],
  [
    'begins again when the gateway takes the route',
    { ...unrouted(true, { routeWeight: 0 }, { unroutedSince: ago(1000) }), routeTrouble: undefined },
    { '1.0.0': 'Serving Serving', '1.1.0': 'Canary StepRunning 1' },
    'set-route-weight 25',
  ],
])('%s', (_title, facts, expected, actions) => {
  const result = plan(facts);

  it('says so of every version', () => {
    expect(said(facts, result)).toEqual(expected);
  });

  it('does no more and no less', () => {
    expect(done(result)).toBe(actions);
  });
});

describe('a route that its gateway does not take', () => {
  const decided = (facts: Facts) => {
    const { decisions, versions } = plan(facts);
    const version = versions.find(({ spec }) => spec.version === '1.1.0')!;
    return summarize(version, decisions.get(version.metadata.uid) ?? { kind: 'failed' }, 0, NOW);
  };

  it('is waited for from the time when that was first seen', () => {
    expect(decided(unrouted(true, { routeWeight: 25 })).rollout?.unroutedSince).toBe(ago(0));
    const since = decided(unrouted(true, { routeWeight: 25 }, { unroutedSince: ago(100) })).rollout?.unroutedSince;
    expect(since).toBe(ago(100));
    const taken = { ...unrouted(true, { routeWeight: 25 }, { unroutedSince: ago(100) }), routeTrouble: undefined };
    expect(decided(taken).rollout?.unroutedSince).toBeUndefined();
  });

  it('stalls the version when the time is over, and fails it never', () => {
    const stalled = (seconds: number) =>
      decided(unrouted(true, { routeWeight: 25 }, { unroutedSince: ago(seconds) })).conditions.find(
        ({ type }) => type === 'Stalled',
      )?.message;
    expect(stalled(179)).toBeUndefined();
    expect(stalled(180)).toMatch(/was not taken within 180 s, and the stable pods keep all requests\. no listener$/);
  });
});

describe('a version that serves', () => {
  const decided = (track: Facts['stable'] & { kind: 'found' }) =>
    plan({ ...someFacts({ versions: [one] }), stable: track }).decisions.get(one.metadata.uid);

  it('goes on serving, and says what is not well with its pods', () => {
    expect(decided({ kind: 'found', track: unready(3) })).toMatchObject({
      kind: 'serving',
      degraded: { reason: 'PodsNotReady' },
    });
    const decision = decided({ kind: 'found', track: unready(3) });
    const { conditions, phase } = summarize(one, decision ?? { kind: 'failed' }, 0, NOW);
    expect(phase).toBe('Serving');
    expect(conditions.find(({ type }) => type === 'Degraded')).toMatchObject({
      status: 'True',
      reason: 'PodsNotReady',
    });
    expect(conditions.find(({ type }) => type === 'Ready')).toMatchObject({ status: 'True' });
  });

  it('goes on serving, and says that its gateway does not take the route', () => {
    const routeTrouble = { isRefused: true, message: 'no listener' };
    const { decisions } = plan(someFacts({ versions: [one], stable, policy: gateway, routeWeight: 0, routeTrouble }));
    expect(decisions.get(one.metadata.uid)).toMatchObject({ degraded: { reason: 'RouteNotAccepted' } });
  });

  it('says nothing of that while they are well', () => {
    expect(decided({ kind: 'found', track: stable })).toEqual({ kind: 'serving' });
  });
});

it('names the stable Deployment that somebody paused, and how it is resumed', () => {
  const version = aVersion('1.1.0', atStep(2), passed);
  const paused = aStable(two, { isRolledOut: false, isPaused: true, isStuck: false });
  const made = plan(someFacts({ versions: [one, version], stable: paused, canaries: [aCanary(two)] }));
  expect(made.decisions.get(version.metadata.uid)).toMatchObject({
    kind: 'promoting',
    message:
      '3 of 3 stable pods serve it: the Deployment web is paused; resume it: kubectl rollout resume deployment/web --namespace ns',
  });
});
