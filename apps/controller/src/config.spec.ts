import { parseConfig, watchedNamespaces } from './config.ts';

describe('the watched namespaces', () => {
  const watched = (names?: string) =>
    watchedNamespaces(parseConfig({ NAMESPACE: 'own', ...(names !== undefined && { WATCH_NAMESPACES: names }) }));

  it.each<[string, string | undefined, readonly string[]]>([
    ['the own one by default', undefined, ['own']],
    ['the own one where none is named', '', ['own']],
    ['those that are named, and then not the own one', 'a,b-2', ['a', 'b-2']],
    ['each of them once', 'a,b,a', ['a', 'b']],
  ])('are %s', (_, names, expected) => {
    expect(watched(names)).toEqual(expected);
  });

  it.each(['A', 'a b', 'a/b', '*'])('cannot be %s', (names) => {
    expect(() => watched(names)).toThrow(/WATCH_NAMESPACES.*expected names of namespaces, separated by commas/s);
  });
});
