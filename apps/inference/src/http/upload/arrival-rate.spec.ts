import { ArrivalRate } from './arrival-rate.ts';

describe('ArrivalRate', () => {
  it('is what arrives a second, however the chunks are spaced', () => {
    const rate = new ArrivalRate(0);
    for (let now = 0; now < 5_000; now += 100) rate.add(100, now);
    expect(rate.perSecond(5_000)).toBe(1_000);
  });

  it('forgets a burst within two seconds, and knows the next one at once', () => {
    const rate = new ArrivalRate(0);
    rate.add(9_000_000, 10);
    expect(rate.perSecond(1_500)).toBe(6_000_000);
    expect(rate.perSecond(2_000)).toBe(0);
    rate.add(5_000, 60_000);
    expect(rate.perSecond(60_000)).toBe(5_000);
  });
});
