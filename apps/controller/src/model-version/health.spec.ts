import type { StableTrack } from './facts.ts';
import { degradationOf, unroutedOf } from './health.ts';
import { aStable, aVersion, served, someFacts, somePodFacts } from './test/builders.ts';

const one = aVersion('1.0.0', served);
const pod = (name: string, about: Parameters<typeof somePodFacts>[1]) =>
  somePodFacts(name, { digest: one.spec.artifact.digest, ...about });
const well = pod('web-0', {});

describe('stable pods', () => {
  it.each<[string, Partial<StableTrack>]>([
    ['all ready', {}],
    ['one of them starts', { isRolledOut: false, pods: [well, pod('web-1', { isReady: false, waiting: 'starts' })] }],
    ['one is missing, and about to be made', { isRolledOut: false, pods: [well] }],
    ['paused, with the pods that are asked for', { isPaused: true }],
  ])('are well: %s', (_, changes) => {
    expect(degradationOf(aStable(one, changes))).toBeUndefined();
  });

  it.each<[string, Partial<StableTrack>, string]>([
    [
      'one crashes',
      { isRolledOut: false, pods: [well, pod('web-1', { isReady: false, crashed: 'ends again and again' })] },
      '1 of 3 stable pods are ready: pod web-1 ends again and again',
    ],
    [
      'one is held up',
      { isRolledOut: false, pods: [well, pod('web-1', { isReady: false, heldUp: 'no node takes it' })] },
      '1 of 3 stable pods are ready: pod web-1 no node takes it',
    ],
    [
      'Kubernetes gave up',
      {
        isRolledOut: false,
        isStuck: true,
        pods: [well, pod('web-1', { isReady: false, waiting: 'ImagePullBackOff' })],
      },
      '1 of 3 stable pods are ready: ImagePullBackOff',
    ],
    [
      'none is ready',
      { isRolledOut: false, pods: [pod('web-0', { isReady: false })] },
      '0 of 3 stable pods are ready: the events of web may say why',
    ],
    [
      'one may not be made',
      { isRolledOut: false, pods: [well], podsRefused: 'exceeded quota: pods' },
      '1 of 3 stable pods are ready: exceeded quota: pods',
    ],
    ['none is asked for', { replicas: 0, pods: [] }, 'The Deployment web is scaled to 0: nothing serves'],
    [
      'paused in the middle of a change',
      { isPaused: true, isRolledOut: false },
      'The Deployment web is paused, and its pods are not those that it asks for; `kubectl rollout resume deployment/web` lets it go on',
    ],
  ])('are not well: %s', (_, changes, message) => {
    expect(degradationOf(aStable(one, changes))?.message).toBe(message);
  });
});

describe('a route', () => {
  it.each([
    [true, { reason: 'RouteNotAccepted', message: 'Requests do not follow the HTTPRoute. no listener' }],
    [false, undefined],
  ])('is not well where a gateway refuses it, not while it has not answered: %s', (isRefused, said) => {
    expect(unroutedOf(someFacts({ routeTrouble: { isRefused, message: 'no listener' } }))).toEqual(said);
  });
});
