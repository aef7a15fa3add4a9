import { shareInterval } from '../statistics/share-interval.ts';
import { accuracyAtRelease } from './accuracy-at-release.ts';

const of = (metrics: Record<string, number>, lineage: Record<string, string> = {}) =>
  accuracyAtRelease({ metrics, lineage }, 0.99);

describe('the accuracy at release', () => {
  it('is uncertain by the number of pictures that it was measured on', () => {
    expect(of({ accuracy: 0.95, test_pictures: 400 })).toEqual({
      accuracy: 0.95,
      pictures: 400,
      interval: shareInterval(380, 400, 0.99),
    });
  });

  it.each([
    ['370 photographs of pets from an independent source', 370],
    ['1,000 photographs by breed', 1000],
    ['12,345,678 pictures', 12_345_678],
    ['photographs, 370 of them', undefined],
    ['0 photographs', undefined],
  ])('reads the number of pictures of "%s" as %p', (text, pictures) => {
    expect(of({ accuracy: 0.5 }, { 'metrics.accuracy': text })?.pictures).toBe(pictures);
  });

  it('takes the wider of two readings of a rounded figure', () => {
    // 365 of 370 are 0.9865, 366 are 0.9892.
    const { interval } = of({ accuracy: 0.987, test_pictures: 370 }) ?? {};
    expect(interval).toEqual({
      lower: shareInterval(365, 370, 0.99).lower,
      upper: shareInterval(366, 370, 0.99).upper,
    });
  });

  it('is not made wider by its six decimals', () => {
    const accuracy = Math.round((2 / 3) * 1e6) / 1e6;
    expect(of({ accuracy, test_pictures: 3_000 })?.interval).toEqual(shareInterval(2_000, 3_000, 0.99));
    expect(of({ accuracy: 1, test_pictures: 3_000 })?.interval).toEqual(shareInterval(3_000, 3_000, 0.99));
    expect(of({ accuracy: 0, test_pictures: 3_000 })?.interval).toEqual(shareInterval(0, 3_000, 0.99));
  });

  it('is taken for exact where nobody says of how many pictures', () => {
    expect(of({ accuracy: 0.9 })).toEqual({
      accuracy: 0.9,
      pictures: undefined,
      interval: { lower: 0.9, upper: 0.9 },
    });
    expect(of({ accuracy: 0.9, test_pictures: 1.5 })?.pictures).toBeUndefined();
  });

  it.each([[{}], [{ accuracy: 98.7 }], [{ accuracy: -1 }], [{ accuracy: NaN }]])('is none of %p', (metrics) => {
    expect(of(metrics as Record<string, number>)).toBeUndefined();
  });
});
