import { canaryReplicas, granularity, weightsByDigest } from './weights.ts';

describe('canary pods for a weight', () => {
  it.each([
    [1, 3, 1],
    [10, 3, 1],
    [25, 3, 1],
    [50, 3, 3],
    [50, 1, 1],
    [75, 3, 9],
    [20, 20, 5],
    [50, 0, 1],
    [99, 10, 10],
  ])('%i %% beside %i stable pods are %i', (weight, stable, expected) => {
    expect(canaryReplicas(weight, stable, 10)).toBe(expected);
  });
});

describe('the real share', () => {
  it('is told', () => {
    expect(granularity(1, 3)).toBe('1 of 4 pods that get requests; one pod is 25 %');
    expect(granularity(0, 0)).toBe('no pod gets requests');
  });
});

const pod = (digest: string, isReady = true, isInService = true) => ({ digest, isReady, isInService });

describe('the weight of a version', () => {
  it('is its share of the ready pods in service', () => {
    const weights = weightsByDigest(
      [pod('a'), pod('a'), pod('a', false)],
      [pod('b'), pod('b', true, false)],
      undefined,
    );
    expect([...weights]).toEqual([
      ['a', 67],
      ['b', 33],
    ]);
  });

  it('is what the route says, where there is one', () => {
    const weights = weightsByDigest([pod('a'), pod('a')], [pod('b', true, false)], 7);
    expect([...weights]).toEqual([
      ['b', 7],
      ['a', 93],
    ]);
  });
});
