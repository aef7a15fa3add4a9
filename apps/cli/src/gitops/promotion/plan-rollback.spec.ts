import type { ChangedFile, Commit } from '../git/history.ts';
import type { ReleasedVersion } from '../environments/environment.ts';
import { aReleased } from '../test/builders.ts';
import { planRollback, type RollbackInput } from './plan-rollback.ts';

const FOLDER = 'k8s/environments/prod/models';

/** A commit that adds (`+1.0.0`), removes (`-1.0.0`) or changes (`~1.0.0`) versions of catdog. */
function aCommit(short: string, changes: string, trailer?: string): Commit {
  const statuses: Readonly<Record<string, ChangedFile['status']>> = { '+': 'A', '-': 'D', '~': 'M' };
  return {
    hash: short.padEnd(40, '0'),
    short,
    author: 'Ann',
    at: '2026-11-22T12:00:00Z',
    subject: `Commit ${short}`,
    trailers: trailer === undefined ? [] : [['Pawl-Rollback', trailer]],
    files: changes.split(' ').map((change) => ({
      status: statuses[change[0] ?? ''] ?? 'M',
      path: `${FOLDER}/${change.includes('/') ? change.slice(2) : `catdog-${change.slice(1)}.yaml`}`,
    })),
  };
}

const input = (present: string, history: readonly Commit[], changes: Partial<RollbackInput> = {}): RollbackInput => ({
  model: 'catdog',
  environment: 'prod',
  versions: [...present.split(' ').map((version) => aReleased(version)), aReleased('9.0.0', undefined, 'birds')],
  history,
  boundaries: new Set(),
  ...changes,
});

/** Every file is what its name says. */
const textBefore = (_: Commit, path: string): Promise<string> =>
  Promise.resolve(aReleased(/catdog-(.+)\.yaml$/.exec(path)?.[1] ?? '').text);

const numbers = (versions: readonly ReleasedVersion[]): string => versions.map(({ spec }) => spec.version).join(' ');

/** In one line: where it goes, what it takes back, what comes and goes. */
async function planned(it: RollbackInput): Promise<string> {
  const plan = await planRollback(it, textBefore);
  if (plan.kind === 'already') return `already ${plan.version}${plan.by === undefined ? '' : ` by ${plan.by.short}`}`;
  const { from, to, commits, removed, restored } = plan;
  return `${from} -> ${to}: ${commits.map(({ short }) => short).join(' ')}; -${numbers(removed)} +${numbers(restored)}`;
}

/** Four versions of which two stay at a time. */
const KEEP_TWO = [
  aCommit('d', '+1.3.0 -1.1.0'),
  aCommit('c', '+1.2.0 -1.0.0'),
  aCommit('b', '+1.1.0'),
  aCommit('a', '+1.0.0'),
];
const back = (from: string, to: string) => `catdog ${from} -> ${to} in prod`;

describe('the plan of a rollback', () => {
  it.each<[string, RollbackInput, string]>([
    [
      'takes the last one back',
      input('1.0.0 1.1.0', [aCommit('b', '+1.1.0'), aCommit('a', '+1.0.0')]),
      '1.1.0 -> 1.0.0: b; -1.1.0 +',
    ],
    ['restores what that removed', input('1.2.0 1.3.0', KEEP_TWO), '1.3.0 -> 1.2.0: d; -1.3.0 +1.1.0'],
    [
      'goes further back through what was removed',
      input('1.2.0 1.3.0', KEEP_TWO, { to: '1.0.0' }),
      '1.3.0 -> 1.0.0: d c b; -1.3.0 1.2.0 +1.0.0',
    ],
    ['stays where it is', input('1.2.0 1.3.0', KEEP_TWO, { to: '1.3.0' }), 'already 1.3.0'],
    [
      'goes back once',
      input('1.0.0', [aCommit('r', '-1.1.0', back('1.1.0', '1.0.0')), aCommit('b', '+1.1.0'), aCommit('a', '+1.0.0')]),
      'already 1.0.0 by r',
    ],
    [
      'goes back again after another promotion',
      input('1.0.0 1.2.0', [
        aCommit('n', '+1.2.0'),
        aCommit('r', '-1.1.0', back('1.1.0', '1.0.0')),
        aCommit('b', '+1.1.0'),
        aCommit('a', '+1.0.0'),
      ]),
      '1.2.0 -> 1.0.0: n; -1.2.0 +',
    ],
    [
      'brings nothing back that a rollback took away',
      input(
        '1.0.0 1.1.0',
        [
          aCommit('r', '+1.1.0 -1.2.0', back('1.2.0', '1.1.0')),
          aCommit('c', '+1.2.0 -1.1.0'),
          aCommit('b', '+1.1.0'),
          aCommit('a', '+1.0.0'),
        ],
        { to: '1.0.0' },
      ),
      '1.1.0 -> 1.0.0: r; -1.1.0 +',
    ],
    [
      'leaves lower versions that came with it',
      input('1.0.0 1.1.0', [aCommit('a', '+1.0.0 +1.1.0')]),
      '1.1.0 -> 1.0.0: a; -1.1.0 +',
    ],
    [
      'undoes the commit that brought a file, not one that changed it later',
      input('1.0.0 1.1.0', [aCommit('s', '~1.1.0'), aCommit('b', '+1.1.0'), aCommit('a', '+1.0.0')]),
      '1.1.0 -> 1.0.0: b; -1.1.0 +',
    ],
    [
      'does without the commit where history does not show it',
      input('1.0.0 1.1.0', [aCommit('a', '+1.0.0')]),
      '1.1.0 -> 1.0.0: ; -1.1.0 +',
    ],
    [
      'orders by semver, prereleases too',
      input('1.9.0 1.10.0 1.10.0-rc.1', [
        aCommit('c', '+1.10.0'),
        aCommit('b', '+1.10.0-rc.1'),
        aCommit('a', '+1.9.0'),
      ]),
      '1.10.0 -> 1.10.0-rc.1: c; -1.10.0 +',
    ],
    [
      'says that others did the same first',
      input('1.0.0', [aCommit('r', '-1.1.0', back('1.1.0', '1.0.0'))], { decided: { from: '1.1.0', to: '1.0.0' } }),
      'already 1.0.0 by r',
    ],
  ])('%s', async (_, it, expected) => {
    expect(await planned(it)).toBe(expected);
  });

  const boundary = aCommit('b', '+1.1.0 +1.0.0');
  it.each<[string, string, RollbackInput]>([
    ['there is no version of the model', 'NOT_RELEASED', { ...input('1.0.0', []), versions: [] }],
    ['there never was another', 'ROLLBACK_NOTHING', input('1.0.0', [aCommit('a', '+1.0.0')])],
    ['a version is higher than all', 'ROLLBACK_REFUSED', input('1.0.0', [], { to: '1.1.0' })],
    ['there never was that version', 'VERSION_NOT_FOUND', input('1.2.0 1.3.0', KEEP_TWO, { to: '1.1.1' })],
    ['it is older than all', 'VERSION_NOT_FOUND', input('1.2.0 1.3.0', KEEP_TWO, { to: '0.1.0' })],
    [
      'others promoted meanwhile',
      'ROLLBACK_OVERTAKEN',
      input('1.2.0 1.3.0', KEEP_TWO, { decided: { from: '1.2.0', to: '1.1.0' } }),
    ],
    ['history ends', 'HISTORY_SHALLOW', input('1.0.0 1.1.0', [boundary], { boundaries: new Set([boundary.hash]) })],
    [
      'history ends, and the version is named',
      'HISTORY_SHALLOW',
      input('1.0.0 1.1.0', [boundary], { boundaries: new Set([boundary.hash]), to: '1.0.0' }),
    ],
    ['history ends before all of it', 'HISTORY_SHALLOW', input('1.0.0 1.1.0', [], { boundaries: new Set(['x']) })],
  ])('is none when %s: %s', async (_, code, it) => {
    await expect(planned(it)).rejects.toMatchObject({ code });
  });
});
