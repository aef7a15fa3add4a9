import { logDirichletMultinomial, logEvidenceAgainstMix, logEvidenceOfShift } from './mix-evidence.ts';
import { createRandom } from './random.ts';

/** Every way in which `events` fall into `kinds`. */
function* outcomes(events: number, kinds: number): Iterable<readonly number[]> {
  if (kinds === 1) {
    yield [events];
    return;
  }
  for (let first = 0; first <= events; first++)
    for (const rest of outcomes(events - first, kinds - 1)) yield [first, ...rest];
}
const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
const chance = (counts: readonly number[], shares: readonly number[]) =>
  counts.reduce(
    (product, count, kind) => (product * (shares[kind] ?? 0) ** count) / factorial(count),
    factorial(counts.reduce((sum, count) => sum + count, 0)),
  );
/** Mean of an e-value over every outcome. */
const mean = (events: number, shares: readonly number[], e: (counts: readonly number[]) => number) => {
  let sum = 0;
  for (const counts of outcomes(events, shares.length)) sum += chance(counts, shares) * e(counts);
  return sum;
};

describe('the Dirichlet-multinomial distribution', () => {
  it('of one event is the prior', () => {
    expect(Math.exp(logDirichletMultinomial([0, 1, 0], [1, 2, 3]))).toBeCloseTo(2 / 6, 12);
  });

  it('adds up to 1 over all orders', () => {
    const orders = (counts: readonly number[]) =>
      factorial(7) / counts.reduce((product, count) => product * factorial(count), 1);
    let sum = 0;
    for (const counts of outcomes(7, 3)) sum += orders(counts) * Math.exp(logDirichletMultinomial(counts, [0.5, 1, 4]));
    expect(sum).toBeCloseTo(1, 10);
  });
});

describe('evidence that a mix is not the expected one', () => {
  it('is 1 on average where it is', () => {
    const expected = [0.1, 0.2, 0.7];
    expect(mean(9, expected, (counts) => Math.exp(logEvidenceAgainstMix(counts, expected, 20)))).toBeCloseTo(1, 9);
  });

  it('grows where it is not', () => {
    expect(logEvidenceAgainstMix([40, 30, 30], [0.2, 0.4, 0.4], 100)).toBeGreaterThan(4);
    expect(logEvidenceAgainstMix([200, 400, 400], [0.2, 0.4, 0.4], 100)).toBeLessThan(0);
  });

  it('is a proof when something happens that cannot', () => {
    expect(logEvidenceAgainstMix([1, 9], [0, 1], 10)).toBe(Infinity);
    expect(logEvidenceAgainstMix([0, 9], [0, 1], 10)).toBe(0);
  });
});

describe('evidence that two mixes are further apart than a limit', () => {
  it.each<[string, readonly number[], readonly number[], number]>([
    ['two labels, apart by the limit', [0.65, 0.35], [0.5, 0.5], 0.15],
    ['two labels, the same', [0.5, 0.5], [0.5, 0.5], 0.15],
    ['three labels, apart by the limit', [0.5, 0.3, 0.2], [0.35, 0.45, 0.2], 0.15],
    ['three labels, one of them new', [0.15, 0.5, 0.35], [0, 0.5, 0.5], 0.15],
    ['three labels, no limit', [0.2, 0.3, 0.5], [0.2, 0.3, 0.5], 0],
  ])('is 1 at most on average: %s', (_, ours, theirs, limit) => {
    const expected = mean(5, ours, (a) => mean(5, theirs, (b) => Math.exp(logEvidenceOfShift(a, b, limit))));
    expect(expected).toBeLessThanOrEqual(1 + 1e-9);
    expect(expected).toBeGreaterThan(0.001);
  });

  it.each<[string, readonly number[], readonly number[]]>([
    ['up', [180, 20], [300, 300]],
    ['down', [20, 180], [300, 300]],
    ['to another label', [0, 100, 100], [150, 0, 150]],
    ['over many labels', [40, 40, 40, 40, 0, 0, 0, 0], [40, 40, 40, 40, 40, 40, 40, 40]],
  ])('grows when one shifts: %s', (_, ours, theirs) => {
    expect(logEvidenceOfShift(ours, theirs, 0.15)).toBeGreaterThan(Math.log(1000));
  });

  it('of many looks at two equal mixes stays small', () => {
    const random = createRandom(1);
    let wrong = 0;
    for (let run = 0; run < 100; run++) {
      const [a, b] = [
        [0, 0, 0],
        [0, 0, 0],
      ];
      let most = 0;
      for (let look = 0; look < 20; look++) {
        for (let event = 0; event < 10; event++) for (const counts of [a, b]) counts[random.below(3)]! += 1;
        most = Math.max(most, logEvidenceOfShift(a, b, 0.02));
      }
      if (most >= Math.log(20)) wrong++;
    }
    // Of 100 runs 5 at most are expected to be, and of mixes this close fewer.
    expect(wrong).toBeLessThanOrEqual(5);
  });

  it('is none while one track has answered nothing', () => {
    expect(logEvidenceOfShift([5, 0], [0, 0], 0.1)).toBe(-Infinity);
  });
});
