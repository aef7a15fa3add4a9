import { logEvidenceOfDrift, sampleRadius } from './drift-evidence.ts';
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
const divergence = (of: readonly number[], from: readonly number[]) =>
  of.reduce((sum, share, kind) => (share === 0 ? sum : sum + share * Math.log(share / (from[kind] ?? 0))), 0);

describe('evidence of drift', () => {
  const reference = [50, 30, 20];
  const shares = [0.5, 0.3, 0.2];

  it.each([
    ['the reference itself', shares],
    ['a mix at the edge of the radius', [0.4185, 0.33, 0.2515]],
    ['another one', [0.58, 0.22, 0.2]],
  ])('is at most 1 on average under %s', (_, mix) => {
    const radius = 0.0205;
    expect(divergence(shares, mix)).toBeLessThanOrEqual(radius);
    for (const events of [1, 4, 12]) {
      let mean = 0;
      for (const counts of outcomes(events, 3))
        mean += chance(counts, mix) * Math.exp(logEvidenceOfDrift(counts, reference, radius));
      expect(mean).toBeLessThanOrEqual(1);
      expect(mean).toBeGreaterThan(0.3);
    }
  });

  it('grows with events of another mix, and falls with those of the reference', () => {
    const of = (...counts: number[]) => logEvidenceOfDrift(counts, reference, 0.05);
    expect(of(0, 0, 0)).toBe(0);
    expect(of(4, 6, 30)).toBeGreaterThan(3);
    expect(of(20, 30, 150)).toBeGreaterThan(of(4, 6, 30) + 30);
    expect(of(500, 300, 200)).toBeLessThan(-1);
  });

  it('takes what the reference lacks for chance as far as the radius goes', () => {
    const lacking = [60, 0, 40];
    // exp(-0.05) of the mass are left for what was seen.
    expect(logEvidenceOfDrift([570, 30, 380], lacking, 0.06)).toBeLessThan(0);
    expect(logEvidenceOfDrift([300, 400, 200], lacking, 0.06)).toBeGreaterThan(50);
  });

  it('is a number for a million events, however unlike the reference they are', () => {
    const extreme = logEvidenceOfDrift([0, 0, 1_000_000], reference, 0.02);
    expect(Number.isFinite(extreme) && extreme > 10_000).toBe(true);
    expect(Number.isFinite(logEvidenceOfDrift([500_001, 300_000, 199_999], reference, 0.02))).toBe(true);
  });
});

describe('the radius of a sample', () => {
  it('holds the true shares but for one sample in a thousand', () => {
    const random = createRandom(11);
    const truth = [0.5, 0.2, 0.2, 0.1];
    const radius = sampleRadius(200, truth.length);
    let outside = 0;
    for (let sample = 0; sample < 5_000; sample++) {
      const counts = [0, 0, 0, 0];
      for (let event = 0; event < 200; event++) {
        let rest = random.next();
        const kind = truth.findIndex((share) => (rest -= share) < 0);
        counts[kind] = (counts[kind] ?? 0) + 1;
      }
      if (
        divergence(
          counts.map((count) => count / 200),
          truth,
        ) > radius
      )
        outside += 1;
    }
    expect(outside).toBeLessThanOrEqual(5);
  });

  it('shrinks as a sample grows, and is 0 where there is one kind only', () => {
    expect(sampleRadius(1500, 10)).toBeCloseTo(0.01677, 4);
    expect(sampleRadius(15_000, 10)).toBeCloseTo(0.001677, 5);
    expect(sampleRadius(10, 1)).toBe(0);
  });
});
