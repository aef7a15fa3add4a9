import type { Facts, Killed, PodFacts } from '../facts.ts';
import { plan } from '../plan.ts';
import { summarize } from '../summarize.ts';
import {
  aCanary,
  ago,
  aPolicy,
  aStable,
  atStep,
  aVersion,
  comparing,
  counted,
  NOW,
  reading,
  served,
  someFacts,
  somePodFacts,
} from '../test/builders.ts';

const one = aVersion('1.0.0', served);
const OOM: Killed = { words: 'ran out of memory', times: 1, isEvicted: false, at: NOW - 10_000, since: NOW - 60_000 };
const EVICTED: Killed = { ...OOM, words: 'was evicted', isEvicted: true };
const GATEWAY = { gateway: { parentRefs: [{ name: 'gw' }], stableService: 's', canaryService: 'c' } };

interface Situation {
  /** From 1; 0 before any user's request. */
  readonly step?: number;
  readonly pods: readonly Partial<PodFacts>[];
  readonly stable?: readonly Partial<PodFacts>[];
  readonly facts?: Partial<Parameters<typeof someFacts>[0]>;
}

/** Where 1.1.0 is after a look: `phase reason: message`, and what is done. */
function look({ step = 1, pods, stable = [{}, {}, {}], facts = {} }: Situation) {
  const two = aVersion('1.1.0', atStep(step, { unreadySince: ago(1000) }));
  const of = (name: string, digest: string) => (about: Partial<PodFacts>, index: number) =>
    somePodFacts(`${name}-${index}`, { digest, isInService: step > 0 || name === 'web', ...about });
  // Before its first step, only of the template before.
  const comparison = comparing(1, 5, step > 0 ? {} : { template: 'older' });
  const observed: Facts = someFacts({
    versions: [one, two],
    stable: aStable(one, { pods: stable.map(of('web', one.spec.artifact.digest)) }),
    canaries: [aCanary(two, { pods: pods.map(of('c', two.spec.artifact.digest)), comparison })],
    counters: reading(counted(5), counted(15)),
    ...facts,
  });
  const { decisions, versions, actions } = plan(observed);
  const version = versions.find(({ spec }) => spec.version === '1.1.0')!;
  const { phase, conditions, message } = summarize(version, decisions.get(version.metadata.uid)!, 0, NOW);
  const reason = conditions.find(({ type }) => type === 'Progressing')?.reason ?? '';
  return { said: `${phase} ${reason}: ${message}`, actions: actions.map(({ kind }) => kind) };
}

const down = { isReady: false };
const crashing = { ...down, crashed: 'ends again and again' };
const times = (number: number, killed = OOM): Killed => ({ ...killed, times: number });

describe('a canary that was killed fails', () => {
  it.each<[string, Situation, RegExp]>([
    [
      'when it ran out of memory again and again before any request of a user',
      { step: 0, pods: [{ ...crashing, killed: times(3) }] },
      /Pod c-0 ran out of memory, before any user's request reached it$/,
    ],
    [
      'when it did before its first step with a gateway, although another template of it had requests',
      {
        step: 0,
        pods: [{ ...crashing, killed: times(3) }],
        facts: { policy: aPolicy({ traffic: GATEWAY }), routeWeight: 0 },
      },
      /Pod c-0 ran out of memory, before any user's request reached it$/,
    ],
    [
      'when a pod ahead of its step does',
      { pods: [{}, { ...crashing, isInService: false, killed: times(3) }] },
      /Pod c-1 ran out of memory, before any user's request reached it$/,
    ],
    [
      'when its pods were evicted again and again before any request, and the stable pods were not',
      { step: 0, pods: [1, 2, 3].map(() => ({ ...down, killed: EVICTED })) },
      /Pod c-0 was evicted, before any user's request reached it$/,
    ],
    [
      'when the stable pods hold under the same load, too often for chance',
      { pods: [{ ...crashing, killed: times(4) }] },
      /Pod c-0 ran out of memory; the stable pods hold under the same load$/,
    ],
    [
      'when what killed a stable pod was before its time',
      { pods: [{ ...crashing, killed: times(4) }], stable: [{ killed: { ...OOM, at: NOW - 61_000 } }, {}, {}] },
      /the stable pods hold under the same load$/,
    ],
  ])('%s', (_, situation, message) => {
    const { said } = look(situation);
    expect(said).toMatch(/^Failed CanaryCrashed: /);
    expect(said).toMatch(message);
  });
});

describe('a canary that was killed is tried again', () => {
  it.each<[string, Situation, RegExp]>([
    [
      'when a stable pod was killed in the same time',
      { pods: [{ ...crashing, killed: times(9) }], stable: [{ killed: OOM }, {}, {}] },
      /so was the stable pod web-0 in the same time/,
    ],
    [
      'when nobody can tell when the stable pod was killed',
      { pods: [{ ...crashing, killed: times(9) }], stable: [{ killed: { ...OOM, at: undefined } }, {}, {}] },
      /so was the stable pod web-0 in the same time/,
    ],
    [
      'when it may be chance that only it was',
      { pods: [{ ...crashing, killed: times(3) }] },
      /the stable pods were not, but 3 times may be chance/,
    ],
    ['when it was once', { pods: [{ ...down, killed: OOM }] }, /that may be chance/],
    [
      'when it has more load than a stable pod',
      {
        pods: [{ ...crashing, killed: times(9) }],
        facts: {
          policy: aPolicy({ traffic: GATEWAY, canary: { steps: [{ weight: 50, holdSeconds: 60 }], maxReplicas: 1 } }),
          routeWeight: 50,
        },
      },
      /it has 3\.0 times the load of a stable pod/,
    ],
    [
      'when its pods are evicted, and so is a stable pod',
      { pods: [1, 2, 3, 4, 5].map(() => ({ ...down, killed: EVICTED })), stable: [{ killed: EVICTED }, {}, {}] },
      /so was the stable pod web-0 in the same time/,
    ],
  ])('%s, and its step holds without a limit', (_, situation, message) => {
    const { said } = look(situation);
    expect(said).toMatch(/^Canary CanaryKilled: Step 1 of \d holds\. Pod c-0 /);
    expect(said).toMatch(message);
    expect(said).toMatch(/so it is tried again$/);
  });

  it('also before any request, when its node evicts stable pods too', () => {
    const { said } = look({
      step: 0,
      pods: [1, 2, 3].map(() => ({ ...down, killed: EVICTED })),
      stable: [{ killed: EVICTED }, {}, {}],
    });
    expect(said).toBe('Canary CanaryKilled: Pod c-0 was evicted; so was the stable pod web-0');
  });

  it('and gets no requests by a route meanwhile', () => {
    const facts = { policy: aPolicy({ traffic: GATEWAY }), routeWeight: 25 };
    const { actions } = look({ pods: [{ ...down, killed: OOM }], facts });
    expect(actions).toEqual(['set-route-weight']);
    expect(look({ pods: [{ ...down, killed: OOM }], facts: { ...facts, routeWeight: 0 } }).actions).toEqual([]);
  });

  it('and goes on when its pods are ready again', () => {
    expect(look({ pods: [{ killed: times(3) }] }).said).toMatch(/^Canary StepRunning/);
  });

  it('by the pods that Kubernetes makes beside those that were evicted', () => {
    expect(look({ pods: [{ ...down, killed: EVICTED }, {}] }).said).toMatch(/^Canary StepRunning/);
  });
});

describe('a canary that was evicted before any request', () => {
  it.each<[string, Situation['pods'], string]>([
    [
      'is judged by the pod in its place',
      [
        { ...down, killed: EVICTED },
        { ...down, waiting: 'loads' },
      ],
      'Failed CanaryNotReady: 0 of 1 canary pods were ready after 180 s: loads',
    ],
    [
      'waits for a pod in its place',
      [{ ...down, killed: EVICTED }],
      'Canary CanaryHeldUp: Only 0 of 1 pods could be made; the events of the ReplicaSet say why',
    ],
  ])('%s', (_, pods, said) => {
    expect(look({ step: 0, pods }).said).toBe(said);
  });
});

describe('a canary that crashes by itself', () => {
  it('fails, whatever the stable pods do', () => {
    const { said } = look({ pods: [crashing], stable: [{ killed: OOM }, {}, {}] });
    expect(said).toBe('Failed CanaryCrashed: Pod c-0 ends again and again');
  });
});
