import { covers } from './objects.ts';

describe('whether an object has everything that is wanted', () => {
  const wanted = { versions: [{ name: 'v1', served: true }], scope: 'Namespaced' };

  it.each<[string, unknown, boolean]>([
    ['the same', wanted, true],
    ['more, added by the server', { ...wanted, versions: [{ ...wanted.versions[0], storage: true }], extra: 1 }, true],
    ['another value deep inside', { ...wanted, versions: [{ name: 'v1', served: false }] }, false],
    ['a field less', { versions: wanted.versions }, false],
    ['a longer list', { ...wanted, versions: [...wanted.versions, { name: 'v2' }] }, false],
    ['nothing', undefined, false],
  ])('%s', (_what, there, expected) => {
    expect(covers(there, wanted)).toBe(expected);
  });
});
