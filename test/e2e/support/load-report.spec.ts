import type { LoadRecord } from '../load/generator.ts';
import { labelShare, perSecond, samplesOf, shareOf, summarize } from './load-report.ts';

const names = {
  outcomes: ['ok', 'busy', 'own', 'reset', 'status', 'stalled'] as const,
  digests: ['sha256:aaaaaaaa', 'sha256:bbbbbbbb'],
  labels: ['cat', 'dog'],
};
const records: LoadRecord[] = [
  [0, 10, 0, 0, 0],
  [100, 20, 0, 0, 1],
  [200, 30, 0, 1, 1],
  [300, 5, 1, -1, -1],
  [400, 5, 2, -1, -1],
  [1500, 5, 3, -1, -1],
  [1600, 5, 4, -1, -1],
  [1700, 40, 0, 0, 0],
  [3000, 40, 5, -1, -1],
];
const samples = samplesOf(names, records);

describe('a report of load', () => {
  it('counts as lost what had no whole answer, and neither what was told to come again nor its own faults', () => {
    expect(summarize(samples, [])).toMatchObject({
      sent: 9,
      ok: 4,
      busy: 1,
      stalled: 1,
      own: 1,
      lost: 2,
      lostBy: { reset: 1, status: 1 },
    });
  });

  it('knows what each bundle answered and when', () => {
    const report = summarize(samples, []);
    expect(report.byDigest['sha256:aaaaaaaa']).toMatchObject({
      requests: 3,
      labels: { cat: 2, dog: 1 },
      p50Ms: 20,
      first: 0,
      last: 1700,
    });
    expect(shareOf(report, 'sha256:bbbbbbbb')).toBe(0.25);
    expect(shareOf(report, 'sha256:cccccccc')).toBe(0);
    expect(labelShare(report, 'sha256:aaaaaaaa', 'dog')).toBeCloseTo(1 / 3);
  });

  it('takes a request by the time it was sent', () => {
    const failure = { at: 1500, outcome: 'reset', reason: '', reused: false } as const;
    expect(summarize(samples, [failure], 0, 1500)).toMatchObject({ sent: 5, lost: 0, failures: [] });
    expect(summarize(samples, [failure], 1500)).toMatchObject({ sent: 4, lost: 2, failures: [failure] });
  });

  it('is empty when nothing was sent', () => {
    expect(summarize([], [])).toMatchObject({ sent: 0, lost: 0, p50Ms: 0, p95Ms: 0, byDigest: {} });
  });

  it('can be told by the second', () => {
    expect(perSecond(samples)).toEqual([
      '0 s: aaaaaa 2, bbbbbb 1, busy 1, own 1',
      '1 s: reset 1, status 1, aaaaaa 1',
      '3 s: stalled 1',
    ]);
  });
});
