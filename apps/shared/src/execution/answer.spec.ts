import { largest, logSumExp, sigmoid, softmax, toAnswer } from './answer.ts';

const catdog = { labels: ['cat', 'dog'], output: { kind: 'binary-logit', name: 'logit', threshold: 0.5 } } as const;
const spec = { ...catdog, labels: [...catdog.labels] };

describe('toAnswer of a binary logit', () => {
  it('answers the second label from the threshold on', () => {
    expect(toAnswer({ output: [0] }, spec)).toEqual({
      label: 'dog',
      confidence: 0.5,
      probabilities: { cat: 0.5, dog: 0.5 },
    });
  });

  it('answers the first label below it, with that label’s probability as confidence', () => {
    const answer = toAnswer({ output: [-2.5] }, spec)!;
    expect(answer.label).toBe('cat');
    expect(answer.confidence).toBeCloseTo(0.924142, 6);
    expect(answer.probabilities['dog']).toBeCloseTo(1 - 0.924142, 6);
  });

  it('honours another threshold', () => {
    const strict = { ...spec, output: { ...catdog.output, threshold: 0.9 } };
    expect(toAnswer({ output: [2] }, strict)?.label).toBe('cat');
    expect(toAnswer({ output: [3] }, strict)?.label).toBe('dog');
  });

  it.each([[[NaN]], [[]]])('has no answer for %p', (output: number[]) => {
    expect(toAnswer({ output }, spec)).toBeUndefined();
  });

  it.each([-1000, -30, 0, 30, 1000])('stays in [0, 1] for logit %p', (logit) => {
    expect(sigmoid(logit)).toBeGreaterThanOrEqual(0);
    expect(sigmoid(logit)).toBeLessThanOrEqual(1);
  });
});

describe('toAnswer of two stages', () => {
  const abstain = { output: 'known', threshold: -2 };

  it('does not abstain from what the first stage knew by its own scale', () => {
    expect(toAnswer({ output: [5], known: -7, stage: 'first' }, { ...spec, abstain })?.abstained).toBe(false);
    expect(toAnswer({ output: [5], known: -7, stage: 'final' }, { ...spec, abstain })?.abstained).toBe(true);
  });

  it('judges a probability alike, whichever stage gave it', () => {
    const unsure = { ...spec, abstain: { score: 'max-probability', threshold: 0.9 } } as const;
    for (const stage of ['first', 'final'] as const)
      expect(toAnswer({ output: [1], stage }, unsure)?.abstained).toBe(true);
  });

  it('says nothing of abstaining where the model always answers', () => {
    expect(toAnswer({ output: [5], known: 3, stage: 'first' }, spec)).not.toHaveProperty('abstained');
  });
});

describe('toAnswer of one probability', () => {
  const probability = { ...spec, output: { kind: 'binary-probability', name: 'p', threshold: 0.5 } } as const;

  it('is that of the second label, as it is', () => {
    expect(toAnswer({ output: [0.25] }, probability)).toEqual({
      label: 'cat',
      confidence: 0.75,
      probabilities: { cat: 0.75, dog: 0.25 },
    });
    expect(toAnswer({ output: [0.5] }, probability)?.label).toBe('dog');
  });

  it.each([[[NaN]], [[]], [[0.2, 0.8]]])('has no answer for %p', (output: number[]) => {
    expect(toAnswer({ output }, probability)).toBeUndefined();
    expect(toAnswer({ output }, spec)).toBeUndefined();
  });
});

describe('toAnswer of several labels', () => {
  const labels = ['ant', 'bee', 'cow'];

  it('takes the largest softmax', () => {
    const answer = toAnswer({ output: [1, 3, 2] }, { labels, output: { kind: 'softmax-logits', name: 'logits' } })!;
    expect(answer.label).toBe('bee');
    expect(answer.confidence).toBeCloseTo(0.665241, 6);
    expect(Object.values(answer.probabilities).reduce((a, b) => a + b)).toBeCloseTo(1, 12);
  });

  it('takes probabilities as they are', () => {
    const answer = toAnswer({ output: [0.2, 0.1, 0.7] }, { labels, output: { kind: 'probabilities', name: 'p' } });
    expect(answer).toMatchObject({ label: 'cow', confidence: 0.7 });
  });

  it('has no answer when the graph gives another number of values', () => {
    expect(
      toAnswer({ output: [1, 2] }, { labels, output: { kind: 'softmax-logits', name: 'logits' } }),
    ).toBeUndefined();
  });

  it('does not overflow', () => {
    expect(softmax([1000, 1000])).toEqual([0.5, 0.5]);
  });
});

describe('abstaining', () => {
  it('is not spoken of without a threshold', () => {
    expect(toAnswer({ output: [0] }, spec)).not.toHaveProperty('abstained');
  });

  it.each([
    [0, true],
    [1.3, true],
    [1.4, false],
    [-1.4, false],
  ])('by the largest probability: a logit of %p below 0.8: %p', (logit, abstained) => {
    // sigmoid(1.386) = 0.8
    const answer = toAnswer({ output: [logit] }, { ...spec, abstain: { score: 'max-probability', threshold: 0.8 } });
    expect(answer).toMatchObject({ abstained, label: logit >= 0 ? 'dog' : 'cat' });
  });

  it('by energy, which softmax does not see', () => {
    const labels = ['ant', 'bee'];
    const output = { kind: 'softmax-logits', name: 'logits' } as const;
    const abstain = { score: 'energy', threshold: 2 } as const;
    expect(toAnswer({ output: [5, 1] }, { labels, output, abstain })).toMatchObject({ abstained: false });
    expect(toAnswer({ output: [1, -3] }, { labels, output, abstain })).toMatchObject({ abstained: true, label: 'ant' });
  });

  it.each<[number | undefined, boolean]>([
    [-2.1, true],
    [-1.97, false],
    [12, false],
  ])('by an output that knows: %p below -1.97: %p', (known, abstained) => {
    const answer = toAnswer({ output: [9], known }, { ...spec, abstain: { output: 'known', threshold: -1.97 } });
    expect(answer).toMatchObject({ abstained, label: 'dog' });
  });

  it.each([undefined, NaN, Infinity])('is no answer where that output says %p', (known) => {
    expect(toAnswer({ output: [9], known }, { ...spec, abstain: { output: 'known', threshold: 0 } })).toBeUndefined();
  });

  it('logsumexp does not overflow', () => {
    expect(logSumExp([1000, 1000])).toBeCloseTo(1000 + Math.LN2, 10);
  });
});

describe('largest', () => {
  const labels = ['10', 'a', 'b', '2'];
  const probabilities = { '10': 0.1, a: 0.2, b: 0.4, '2': 0.3 };
  const answer = { label: 'b', confidence: 0.4, probabilities };

  it.each([0, 4, 9])("gives all of them in the manifest's order for %i", (count) => {
    expect(largest(answer, labels, count).map(([label]) => label)).toEqual(labels);
  });

  it('gives as many as are wanted, largest first', () => {
    expect(largest(answer, labels, 2)).toEqual([
      ['b', 0.4],
      ['2', 0.3],
    ]);
  });

  it('never leaves the answered label out, which a threshold may have chosen', () => {
    const chosen = { label: 'cat', confidence: 0.3, probabilities: { cat: 0.3, dog: 0.7 } };
    expect(largest(chosen, ['cat', 'dog'], 1)).toEqual([['cat', 0.3]]);
  });
});
