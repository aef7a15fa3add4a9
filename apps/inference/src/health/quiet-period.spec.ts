import { type DrainMoments, msToListen } from './quiet-period.ts';

const limits = { quietMs: 5, maxMs: 60 };

describe('msToListen', () => {
  it.each<[string, DrainMoments, number]>([
    ['the whole quiet time at first', { startedAt: 100, lastRequestAt: -Infinity, now: 100 }, 5],
    ['nothing of what came before the signal', { startedAt: 100, lastRequestAt: 99, now: 103 }, 2],
    ['the whole quiet time again after every request', { startedAt: 100, lastRequestAt: 104, now: 106 }, 3],
    ['no more once it was quiet', { startedAt: 100, lastRequestAt: 104, now: 109 }, 0],
    ['never a negative time', { startedAt: 100, lastRequestAt: 104, now: 500 }, 0],
    ['not beyond the limit, even if requests still come', { startedAt: 100, lastRequestAt: 158, now: 159 }, 1],
    ['no more at the limit', { startedAt: 100, lastRequestAt: 160, now: 160 }, 0],
  ])('%s', (_, moments, left) => {
    expect(msToListen(moments, limits)).toBe(left);
  });

  it('does not listen at all without a quiet time', () => {
    expect(msToListen({ startedAt: 100, lastRequestAt: 100, now: 100 }, { quietMs: 0, maxMs: 60 })).toBe(0);
  });

  it('takes a limit below the quiet time for the quiet time', () => {
    expect(msToListen({ startedAt: 100, lastRequestAt: -1, now: 100 }, { quietMs: 5, maxMs: 0 })).toBe(5);
  });
});
