import { compareBuild } from 'semver';
import { isPrerelease, isSemanticVersion } from './semantic-version.ts';

const MOST = Number.MAX_SAFE_INTEGER;

describe('a semantic version', () => {
  it.each([
    '0.0.0',
    '1.4.0',
    '1.4.0-rc.1',
    '1.4.0-0',
    '1.4.0-0a1',
    '1.4.0--1',
    '1.4.0-01a.-',
    '1.4.0-rc.1+001.sha-5',
    '1.4.0+0481516',
    '1.4.0-00000000000000000000x',
    `${MOST}.${MOST}.${MOST}`,
    `1.0.0-${MOST}`,
    `1.0.0-a-${MOST}0`,
  ])('%s is one, and can be compared', (version) => {
    expect(isSemanticVersion(version)).toBe(true);
    expect(compareBuild(version, version)).toBe(0);
  });

  it.each([
    '',
    '1.4',
    'v1.4.0',
    '1.04.0',
    '1.9.0-01',
    '1.4.0-0481516',
    '1.4.0-rc.01',
    '1.4.0-',
    '1.4.0-rc..1',
    '1.4.0+',
    '1.4.0+a+b',
    '1.4.0 ',
    '1.4.0\n',
    '99999999999999999999.0.0',
    `${MOST}0.0.0`,
    '9007199254740992.0.0',
    '1.0.0-9007199254740992',
    `1.0.0-${'a'.repeat(60)}`,
  ])('%j is none', (version) => {
    expect(isSemanticVersion(version)).toBe(false);
  });

  it('is a prerelease by what is before its build metadata', () => {
    expect(['1.4.0', '1.4.0+a-b', '1.4.0-rc.1', '1.4.0-1+a'].map(isPrerelease)).toEqual([false, false, true, true]);
  });
});
