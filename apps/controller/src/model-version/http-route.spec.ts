import type { HttpRoute, ParentReference } from '@pawl/shared/kubernetes/objects';
import { httpRoute, type RouteInputs, routeWeight } from './http-route.ts';
import { aDigest } from '@pawl/test-kit/model-versions';
import { aPolicy } from './test/builders.ts';
import { aService, stableDeployment } from './test/model-cluster.ts';

const inputs = (parent: ParentReference = { name: 'gw' }, port = 8080): RouteInputs => ({
  stable: stableDeployment(aDigest('1.0.0')),
  gateway: aPolicy({
    traffic: { gateway: { parentRefs: [parent], stableService: 's', canaryService: 'c' } },
  }).traffic.gateway!,
  stableService: aService('s', port),
  canaryService: aService('c', port),
});

/** A route as the API server completes it. */
const stored = (route: HttpRoute): HttpRoute => ({
  ...route,
  spec: {
    ...route.spec,
    parentRefs: route.spec.parentRefs.map((ref) => ({ group: 'gateway.networking.k8s.io', kind: 'Gateway', ...ref })),
  },
});

describe('a route', () => {
  it("sends to the Services' own port, by weight", () => {
    expect(httpRoute(25, inputs()).spec.rules[0]?.backendRefs).toEqual([
      { name: 's', port: 8080, weight: 75 },
      { name: 'c', port: 8080, weight: 25 },
    ]);
  });

  it('is owned by the Service of the stable pods', () => {
    expect(httpRoute(0, inputs()).metadata.ownerReferences).toMatchObject([{ kind: 'Service', uid: 'uid-s' }]);
  });

  it('has the weight that it says, when it is as the policy asks', () => {
    expect(routeWeight(stored(httpRoute(25, inputs())), inputs())).toBe(25);
  });

  it.each<[string, ParentReference, ParentReference]>([
    ['another gateway', { name: 'old' }, { name: 'gw' }],
    ['a gateway in another namespace', { name: 'gw', namespace: 'old' }, { name: 'gw', namespace: 'new' }],
    ['a gateway elsewhere than beside it', { name: 'gw' }, { name: 'gw', namespace: 'new' }],
    ['another listener', { name: 'gw', sectionName: 'http' }, { name: 'gw', sectionName: 'https' }],
    ['every listener', { name: 'gw' }, { name: 'gw', sectionName: 'https' }],
  ])('is missing when it is attached to %s', (_title, is, wanted) => {
    expect(routeWeight(stored(httpRoute(25, inputs(is))), inputs(wanted))).toBe('missing');
  });

  it('is the same with the namespace that it has anyway', () => {
    const route = stored(httpRoute(25, inputs({ name: 'gw' })));
    expect(routeWeight(route, inputs({ name: 'gw', namespace: 'ns' }))).toBe(25);
  });

  it('is missing when it sends to another port, or does not exist', () => {
    expect(routeWeight(stored(httpRoute(25, inputs({ name: 'gw' }, 80))), inputs())).toBe('missing');
    expect(routeWeight(undefined, inputs())).toBe('missing');
  });
});
