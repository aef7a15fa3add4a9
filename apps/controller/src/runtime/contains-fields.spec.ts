import { containsFields } from './contains-fields.ts';

describe('containsFields', () => {
  const cases: Record<string, { current: unknown; desired: unknown; equal: boolean }> = {
    'fields of others and defaults do not matter': {
      current: { spec: { replicas: 1, strategy: 'x' }, status: {} },
      desired: { spec: { replicas: 1 } },
      equal: true,
    },
    'another value is a difference': { current: { a: { b: 1 } }, desired: { a: { b: 2 } }, equal: false },
    'a missing field is a difference': { current: { a: {} }, desired: { a: { b: 2 } }, equal: false },
    'undefined fields are not applied': { current: { a: 1 }, desired: { a: 1, b: undefined }, equal: true },
    'null is a value': { current: { a: 1 }, desired: { a: null }, equal: false },
    'an empty object must be there': { current: {}, desired: { emptyDir: {} }, equal: false },
    'a number is not its string': { current: { a: 1 }, desired: { a: '1' }, equal: false },
    'an object is not a list': { current: { a: [] }, desired: { a: {} }, equal: false },
    'containers are found by name, in any order, among others': {
      current: { containers: [{ name: 'sidecar' }, { name: 'main', image: 'x', policy: 'default' }] },
      desired: { containers: [{ name: 'main', image: 'x' }] },
      equal: true,
    },
    'a container that differs is a difference': {
      current: { containers: [{ name: 'main', image: 'x' }] },
      desired: { containers: [{ name: 'main', image: 'y' }] },
      equal: false,
    },
    'a container that is missing is a difference': {
      current: { containers: [{ name: 'sidecar' }] },
      desired: { containers: [{ name: 'main' }] },
      equal: false,
    },
    'volume mounts are found by their path': {
      current: {
        volumeMounts: [
          { mountPath: '/a', name: 'v' },
          { mountPath: '/b', name: 'v' },
        ],
      },
      desired: { volumeMounts: [{ mountPath: '/b', name: 'v' }] },
      equal: true,
    },
    'conditions are found by type': {
      current: { conditions: [{ type: 'Ready', status: 'True' }, { type: 'Other' }] },
      desired: { conditions: [{ type: 'Ready', status: 'True' }] },
      equal: true,
    },
    'a list that belongs to one manager must have the same length, or a weight of a stranger would stay': {
      current: {
        backendRefs: [
          { name: 'a', weight: 90 },
          { name: 'b', weight: 10 },
        ],
      },
      desired: { backendRefs: [{ name: 'a', weight: 90 }] },
      equal: false,
    },
    'items of such a list may have defaults': {
      current: { backendRefs: [{ name: 'a', weight: 90, kind: 'Service' }] },
      desired: { backendRefs: [{ name: 'a', weight: 90 }] },
      equal: true,
    },
    'the order of such a list matters': { current: { args: ['a', 'b'] }, desired: { args: ['b', 'a'] }, equal: false },
    'an emptied list is a difference': { current: { args: ['a'] }, desired: { args: [] }, equal: false },
    'two empty lists are equal': { current: { args: [] }, desired: { args: [] }, equal: true },
    'a shared list without keys counts as one manager’s': {
      current: { ports: [{ protocol: 'TCP' }, { protocol: 'UDP' }] },
      desired: { ports: [{ protocol: 'TCP' }] },
      equal: false,
    },
    'finalizers are a set': { current: { finalizers: ['b', 'a'] }, desired: { finalizers: ['a'] }, equal: true },
    'a missing finalizer is a difference': {
      current: { finalizers: ['b'] },
      desired: { finalizers: ['a'] },
      equal: false,
    },
  };
  it.each(Object.entries(cases))('%s', (_title, { current, desired, equal }) => {
    expect(containsFields(current, desired)).toBe(equal);
  });
});
