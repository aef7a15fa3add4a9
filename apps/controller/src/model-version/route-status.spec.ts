import type { HttpRoute, ParentReference } from '@pawl/shared/kubernetes/objects';
import { routeTrouble } from './route-status.ts';

type Answer = NonNullable<NonNullable<HttpRoute['status']>['parents']>[number];
const ref = (name: string, more: Partial<ParentReference> = {}): ParentReference => ({ name, ...more });

/** A gateway's answer: each condition as `Type status [generation]`. */
const says = (parentRef: ParentReference, ...conditions: readonly string[]): Answer => ({
  parentRef,
  conditions: conditions.map((words) => {
    const [type = '', status = '', generation] = words.split(' ');
    const about = { type, status, reason: `No${type}`, message: `${type} is ${status}` };
    return generation === undefined ? about : { ...about, observedGeneration: Number(generation) };
  }),
});
const taken = (parentRef: ParentReference) => says(parentRef, 'Accepted True 3', 'ResolvedRefs True 3');

/** A route of generation 3. */
const route = (parents: readonly Answer[] | undefined, ...parentRefs: readonly ParentReference[]): HttpRoute => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name: 'web', namespace: 'ns', generation: 3 },
  spec: { parentRefs: parentRefs.length === 0 ? [ref('gw')] : parentRefs, rules: [] },
  ...(parents && { status: { parents } }),
});

describe('requests follow a route', () => {
  it.each<[string, HttpRoute]>([
    ['that its gateway takes', route([taken(ref('gw'))])],
    ['of a gateway that names its reference in full', route([taken(ref('gw', { kind: 'Gateway', namespace: 'ns' }))])],
    ['that says no generation', route([says(ref('gw'), 'Accepted True', 'ResolvedRefs True')])],
    ['that one of two controllers takes', route([says(ref('gw'), 'Accepted False 3'), taken(ref('gw'))])],
    ['that every gateway takes', route([taken(ref('b')), taken(ref('a'))], ref('a'), ref('b'))],
  ])('%s', (_, found) => {
    expect(routeTrouble(found)).toBeUndefined();
  });
});

describe('requests do not follow a route', () => {
  it.each<[string, HttpRoute, boolean, string]>([
    ['that nobody answers to', route(undefined), false, 'No gateway gw has answered to it'],
    [
      'to which only another listener answers',
      route([taken(ref('gw', { sectionName: 'https' }))]),
      false,
      'No gateway gw has answered to it',
    ],
    [
      'whose gateway speaks of an older state',
      route([says(ref('gw'), 'Accepted True 2', 'ResolvedRefs True 2')]),
      false,
      'The gateway gw has not answered to its present state',
    ],
    [
      'whose Services the gateway has not looked at',
      route([says(ref('gw'), 'Accepted True 3')]),
      false,
      'The gateway gw has not answered to its present state',
    ],
    [
      'of which the gateway knows nothing yet',
      route([says(ref('gw'), 'Accepted Unknown 3')]),
      false,
      'The gateway gw does not know yet whether it is Accepted',
    ],
    [
      'that the gateway does not take',
      route([says(ref('gw'), 'Accepted False 3', 'ResolvedRefs True 3')]),
      true,
      'The gateway gw says NoAccepted: Accepted is False',
    ],
    [
      'whose Services the gateway does not find',
      route([says(ref('gw'), 'Accepted True 3', 'ResolvedRefs False 3')]),
      true,
      'The gateway gw says NoResolvedRefs: ResolvedRefs is False',
    ],
    [
      'that one of two gateways does not take',
      route([says(ref('b'), 'Accepted False 3')], ref('a'), ref('b')),
      true,
      'The gateway b says NoAccepted: Accepted is False',
    ],
  ])('%s', (_, found, isRefused, message) => {
    expect(routeTrouble(found)).toEqual({ isRefused, message });
  });
});
