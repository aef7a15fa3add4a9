import type { HttpRoute, ParentReference } from '@pawl/shared/kubernetes/objects';
import { httpRoute, type RouteInputs, routeWeight } from './http-route.ts';
import { aDigest } from '@pawl/test-kit/model-versions';
import { aPolicy } from './test/builders.ts';
import { aService, stableDeployment } from './test/model-cluster.ts';

const inputs = (parent: ParentReference = { name: 'gw' }, port = 8080, rule: object = {}): RouteInputs => ({
  stable: stableDeployment(aDigest('1.0.0')),
  gateway: aPolicy({
    traffic: { gateway: { parentRefs: [parent], stableService: 's', canaryService: 'c', ...rule } },
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

  describe('has, beside its backends,', () => {
    const ruleWith = (rule: object) => {
      const { backendRefs, ...rest } = httpRoute(25, inputs(undefined, undefined, rule)).spec.rules[0]!;
      expect(backendRefs.map(({ weight }) => weight)).toEqual([75, 25]);
      return rest;
    };
    const header = { type: 'RequestHeaderModifier', requestHeaderModifier: { remove: ['x-debug'] } };
    const rewrite = { type: 'URLRewrite', urlRewrite: { hostname: 'inside' } };
    const matches = [{ path: { type: 'PathPrefix', value: '/cats' } }];

    it.each<[string, object, object]>([
      ['nothing by default', {}, {}],
      ['the timeouts', { timeouts: { request: '10s' } }, { timeouts: { request: '10s' } }],
      ['the filters', { filters: [header] }, { filters: [header] }],
      [
        'the prefix, which the pods do not see',
        { pathPrefix: '/cats', filters: [header] },
        {
          matches,
          filters: [
            header,
            {
              type: 'URLRewrite',
              urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/' } },
            },
          ],
        },
      ],
      ['a rewrite of one’s own', { pathPrefix: '/cats', filters: [rewrite] }, { matches, filters: [rewrite] }],
      [
        'the cookie of both tracks',
        { sessionPersistence: { sessionName: 'track' } },
        { sessionPersistence: { sessionName: 'track' } },
      ],
    ])('%s', (_title, rule, expected) => {
      expect(ruleWith(rule)).toEqual(expected);
    });
  });

  it.each<[string, object, object]>([
    ['other timeouts', { timeouts: { request: '1s', backendRequest: '1s' } }, { timeouts: { request: '1s' } }],
    ['timeouts that are no longer asked for', { timeouts: { request: '1s' } }, {}],
    ['another prefix', { pathPrefix: '/a' }, { pathPrefix: '/b' }],
    ['no cookie', {}, { sessionPersistence: { sessionName: 'track' } }],
    ['other filters', { filters: [{ type: 'A' }] }, { filters: [{ type: 'B' }] }],
  ])('is missing when it has %s', (_title, is, wanted) => {
    const route = stored(httpRoute(25, inputs(undefined, undefined, is)));
    expect(routeWeight(route, inputs(undefined, undefined, is))).toBe(25);
    expect(routeWeight(route, inputs(undefined, undefined, wanted))).toBe('missing');
  });

  it.each([0, 25])('holds no client at a canary that gets no new ones, and asks for the same: %i %%', (weight) => {
    const asked = inputs(undefined, undefined, {
      timeouts: { request: '1s' },
      sessionPersistence: { sessionName: 'track' },
    });
    const route = httpRoute(weight, asked);
    expect('sessionPersistence' in route.spec.rules[0]!).toBe(weight > 0);
    expect(route.spec.rules[0]?.timeouts).toEqual({ request: '1s' });
    expect(routeWeight(stored(route), asked)).toBe(weight);
  });

  it('is the same when the API server completed what was asked', () => {
    const asked = inputs(undefined, undefined, { sessionPersistence: { sessionName: 'track' } });
    const route = stored(httpRoute(25, asked));
    const [rule] = route.spec.rules;
    const sessionPersistence = { ...rule!.sessionPersistence, type: 'Cookie' };
    const completed = { ...route, spec: { ...route.spec, rules: [{ ...rule!, sessionPersistence }] } };
    expect(routeWeight(completed, asked)).toBe(25);
  });
});
