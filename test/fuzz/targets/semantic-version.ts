import { isPrerelease, isSemanticVersion } from '@pawl/shared/bundle/semantic-version';
import { SemVer } from 'semver';
import { ensure, textSeeds, type FuzzTarget } from '../engine/target.ts';

/** Versions, by whoever writes them: one that is taken must be one that the library of the controller can compare. */
export const target: FuzzTarget = {
  kind: 'text',
  codes: [],
  iterations: 2000,
  words: [
    '.',
    '-',
    '+',
    '0',
    '01',
    '9007199254740991',
    '9007199254740992',
    '9'.repeat(40),
    'rc.1',
    '-0',
    ' ',
    'v',
    '\n',
    '٣',
  ],
  seeds: () =>
    Promise.resolve(textSeeds('1.0.0', '1.4.0-rc.1', '1.4.0-rc.1+build.5', '10.20.30-alpha.beta.1', '0.0.0+0')),
  run: (input) => {
    const text = Buffer.from(input).toString('utf8');
    if (!isSemanticVersion(text)) return;
    ensure(isPrerelease(text) === new SemVer(text).prerelease.length > 0, `${text} is a prerelease or not, for both`);
  },
};
