import { parseLog, trailersOf } from './history.ts';

const text = [
  '\u0001abc\u0002ab\u0002Ann\u00022026-11-22T12:00:00Z\u0002Promote: a "thing"\u0002Pawl-Promotion: one -> two\nCo-authored-by: Bob <b@example.org>\n\u0003',
  '',
  'A\tk8s/a b.yaml',
  'D\tk8s/b.yaml',
  'T\tk8s/c.yaml',
  '',
  '\u0001def\u0002de\u0002Bob\u00022026-11-21T12:00:00Z\u0002Merge\u0002\u0003',
  '',
].join('\n');

describe('what git log says', () => {
  it('is read commit by commit', () => {
    expect(parseLog(text)).toEqual([
      {
        hash: 'abc',
        short: 'ab',
        author: 'Ann',
        at: '2026-11-22T12:00:00Z',
        subject: 'Promote: a "thing"',
        trailers: [
          ['Pawl-Promotion', 'one -> two'],
          ['Co-authored-by', 'Bob <b@example.org>'],
        ],
        files: [
          { status: 'A', path: 'k8s/a b.yaml' },
          { status: 'D', path: 'k8s/b.yaml' },
          { status: 'M', path: 'k8s/c.yaml' },
        ],
      },
      {
        hash: 'def',
        short: 'de',
        author: 'Bob',
        at: '2026-11-21T12:00:00Z',
        subject: 'Merge',
        trailers: [],
        files: [],
      },
    ]);
    expect(parseLog('')).toEqual([]);
  });

  it('has trailers, by any case', () => {
    const [commit] = parseLog(text);
    expect(commit && trailersOf(commit, 'pawl-promotion')).toEqual(['one -> two']);
    expect(commit && trailersOf(commit, 'Pawl-Rollback')).toEqual([]);
  });
});
