import { ApiError } from '@pawl/shared/kubernetes/api-error';
import type { Action } from './decision.ts';
import { Refusals } from './refusals.ts';

const KEY = 'ns/m';
const toCanary: Action = { kind: 'set-route-weight', weight: 10, canary: 'c' };

/** What is remembered of a failed action. */
function noted(error: unknown): string | undefined {
  const refusals = new Refusals();
  refusals.note(KEY, toCanary, error);
  return refusals.of(KEY).get('set-route-weight');
}

describe('a failed action', () => {
  it.each<[string, number, string]>([
    ['an admission rule', 403, 'denied the request'],
    ['a validation rule', 422, 'spec.rules[0].timeouts: Invalid value'],
    [
      'a field that the schema of the standard Gateway API does not have',
      500,
      'failed to create typed patch object (ns/web; gateway.networking.k8s.io/v1, Kind=HTTPRoute): .spec.rules[0].sessionPersistence: field not declared in schema',
    ],
  ])('is a refusal for %s, in the words of the API server', (_, status, message) => {
    expect(noted(new ApiError(status, '', message))).toBe(`The API server refuses the HTTPRoute: ${message}`);
  });

  it.each<[string, unknown]>([
    ['a stale write', new ApiError(409, 'Conflict', 'the object has been modified')],
    ['a rate limit', new ApiError(429, 'TooManyRequests', 'slow down')],
    ['a fault of the API server', new ApiError(500, 'InternalError', 'etcdserver: request timed out')],
    ['a broken connection', new Error('ECONNRESET')],
  ])('is none for %s, which may pass', (_, error) => {
    expect(noted(error)).toBeUndefined();
  });
});
