/* eslint-disable @typescript-eslint/no-unsafe-return, @typescript-eslint/no-unsafe-call --
   Rendered objects are of many kinds; a field that is not there shows as a failed expectation. */
import { rolloutPolicySchema } from '@pawl/shared/modelversion/rollout-policy';
import { environmentOf, type KubeObject } from './helm.ts';
import { aGateway, policyOf } from './releases.ts';
import type { ValueCase } from './value-case.ts';

/** Values of the Service and of the gateway before it. */
export const serviceCases: Readonly<Record<string, ValueCase>> = {
  'service.type': { value: 'LoadBalancer', at: (r) => r.find('Service').spec.type, expected: 'LoadBalancer' },
  'service.port': {
    value: 81,
    at: (r) => [r.find('Service').spec.ports[0].port, environmentOf(r.find('Pod').spec.containers[0])['SERVICE_URL']],
    expected: [81, 'http://pets-pawl:81'],
  },
  'service.nodePort': {
    given: { service: { type: 'NodePort' } },
    value: 30_080,
    at: (r) => r.find('Service').spec.ports[0].nodePort,
    expected: 30_080,
  },
  'service.labels': {
    value: { team: 'x' },
    at: (r) => r.find('Service').metadata.labels['team'],
    expected: 'x',
  },
  'service.annotations': {
    value: { a: 'b' },
    at: (r) => r.find('Service').metadata.annotations,
    expected: { a: 'b' },
  },

  'gateway.enabled': {
    given: { gateway: { parentRefs: [{ name: 'public' }] } },
    value: true,
    at: (r) => [
      r.find('Service', 'pets-pawl-stable')?.spec.selector['pawl.dev/track'],
      r.find('Service', 'pets-pawl-canary')?.spec.selector['pawl.dev/track'],
      policyOf(r).traffic,
      r.find('Role').rules.some((rule: KubeObject) => rule.resources.includes('httproutes')),
    ],
    expected: [
      'stable',
      'canary',
      {
        gateway: {
          parentRefs: [{ name: 'public' }],
          hostnames: [],
          stableService: 'pets-pawl-stable',
          canaryService: 'pets-pawl-canary',
        },
      },
      true,
    ],
  },
  'gateway.parentRefs': {
    given: aGateway,
    value: [{ name: 'other' }],
    at: (r) => policyOf(r).traffic.gateway?.parentRefs,
    expected: [{ name: 'other' }],
  },
  'gateway.hostnames': {
    given: aGateway,
    value: ['a.example'],
    at: (r) => policyOf(r).traffic.gateway?.hostnames,
    expected: ['a.example'],
  },
  ...Object.fromEntries(
    Object.entries({
      pathPrefix: '/pets',
      filters: [{ type: 'RequestHeaderModifier', requestHeaderModifier: { remove: ['x-debug'] } }],
      timeouts: { request: '10s', backendRequest: '5s' },
      sessionPersistence: { sessionName: 'track', absoluteTimeout: '1h', cookieConfig: { lifetimeType: 'Permanent' } },
    }).map(([name, value]): [string, ValueCase] => [
      `gateway.${name}`,
      {
        given: aGateway,
        value,
        at: (r) => rolloutPolicySchema.parse(policyOf(r)).traffic.gateway?.[name as 'timeouts'],
        expected: value,
      },
    ]),
  ),
};
