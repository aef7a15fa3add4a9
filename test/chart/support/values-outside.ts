/* eslint-disable @typescript-eslint/no-unsafe-return, @typescript-eslint/no-unsafe-call --
   Rendered objects are of many kinds; a field that is not there shows as a failed expectation. */
import type { KubeObject, Rendered, Values } from './helm.ts';
import type { ValueCase } from './value-case.ts';

const ingress: Values = { ingress: { enabled: true } };
const route: Values = { httpRoute: { enabled: true, parentRefs: [{ name: 'public' }] } };
const rule = (r: Rendered): KubeObject => r.find('HTTPRoute')?.spec.rules[0];
/** What is reachable: metrics, probes and the API's description are not. */
const inside = ['/metrics', '/docs', '/readyz', '/livez'];

/** Values by which the service is reached from outside the cluster. */
export const outsideCases: Readonly<Record<string, ValueCase>> = {
  'ingress.enabled': {
    value: true,
    at: (r) => {
      const found = r.find('Ingress');
      const paths = found?.spec.rules[0].http.paths as KubeObject[] | undefined;
      return [
        paths?.map(({ path, pathType }) => [path, pathType] as unknown),
        paths?.some(({ path }) => inside.includes(path as string)),
        paths?.[0].backend.service,
        found?.spec.ingressClassName,
        found?.spec.rules[0].host,
      ];
    },
    expected: [
      [
        ['/', 'Exact'],
        ['/assets', 'Prefix'],
        ['/predict', 'Prefix'],
        ['/health', 'Exact'],
      ],
      false,
      { name: 'pets-pawl', port: { name: 'http' } },
      undefined,
      undefined,
    ],
  },
  'ingress.className': {
    given: ingress,
    value: 'nginx',
    at: (r) => r.find('Ingress').spec.ingressClassName,
    expected: 'nginx',
  },
  'ingress.annotations': {
    given: ingress,
    value: { a: 'b' },
    at: (r) => r.find('Ingress').metadata.annotations,
    expected: { a: 'b' },
  },
  'ingress.hosts': {
    given: ingress,
    value: ['pets.example', '*.zoo.example'],
    at: (r) => r.find('Ingress').spec.rules.map(({ host }: KubeObject) => host as unknown),
    expected: ['pets.example', '*.zoo.example'],
  },
  'ingress.paths': {
    given: ingress,
    value: [{ path: '/predict', pathType: 'Exact' }],
    at: (r) => r.find('Ingress').spec.rules[0].http.paths.map(({ path }: KubeObject) => path as unknown),
    expected: ['/predict'],
  },
  'ingress.tls': {
    given: ingress,
    value: [{ secretName: 'cert', hosts: ['pets.example'] }],
    at: (r) => r.find('Ingress').spec.tls,
    expected: [{ secretName: 'cert', hosts: ['pets.example'] }],
  },

  'httpRoute.enabled': {
    given: { httpRoute: { parentRefs: [{ name: 'public' }] } },
    value: true,
    at: (r) => [
      r.find('HTTPRoute')?.metadata.name,
      rule(r)?.matches.map(({ path }: KubeObject) => path as unknown),
      rule(r)?.backendRefs,
    ],
    expected: [
      'pets-pawl-public',
      [
        { type: 'Exact', value: '/' },
        { type: 'PathPrefix', value: '/assets' },
        { type: 'PathPrefix', value: '/predict' },
        { type: 'Exact', value: '/health' },
      ],
      [{ name: 'pets-pawl', port: 80 }],
    ],
  },
  'httpRoute.annotations': {
    given: route,
    value: { a: 'b' },
    at: (r) => r.find('HTTPRoute').metadata.annotations,
    expected: { a: 'b' },
  },
  'httpRoute.parentRefs': {
    given: route,
    value: [{ name: 'other', namespace: 'ingress', sectionName: 'web' }],
    at: (r) => r.find('HTTPRoute').spec.parentRefs,
    expected: [{ name: 'other', namespace: 'ingress', sectionName: 'web' }],
  },
  'httpRoute.hostnames': {
    given: route,
    value: ['pets.example'],
    at: (r) => r.find('HTTPRoute').spec.hostnames,
    expected: ['pets.example'],
  },
  'httpRoute.paths': {
    given: route,
    value: [{ path: '/predict', pathType: 'Exact' }],
    at: (r) => rule(r).matches,
    expected: [{ path: { type: 'Exact', value: '/predict' } }],
  },
  'httpRoute.filters': {
    given: route,
    value: [{ type: 'RequestHeaderModifier', requestHeaderModifier: { remove: ['x-debug'] } }],
    at: (r) => rule(r).filters,
    expected: [{ type: 'RequestHeaderModifier', requestHeaderModifier: { remove: ['x-debug'] } }],
  },
  'httpRoute.timeouts': {
    given: route,
    value: { request: '10s' },
    at: (r) => rule(r).timeouts,
    expected: { request: '10s' },
  },
};
