import { compareAnswers, type AnswerPair } from './compare-answers.ts';

const answer = (cat: number) => ({
  label: cat > 0.5 ? 'cat' : 'dog',
  confidence: Math.max(cat, 1 - cat),
  probabilities: { cat, dog: 1 - cat },
});
const pair = (path: string, label: string, before: number, after: number): AnswerPair => ({
  path,
  label,
  before: answer(before),
  after: answer(after),
});

describe('answers of two versions', () => {
  const comparison = compareAnswers([
    pair('fixed.png', 'cat', 0.25, 0.75),
    pair('broken.png', 'cat', 0.75, 0.25),
    pair('also-broken.png', 'dog', 0.25, 1),
    pair('same.png', 'dog', 0.25, 0.25),
    pair('still-wrong.png', 'dog', 0.75, 1),
  ]);

  it('counts what was fixed and what was broken', () => {
    expect(comparison).toMatchObject({
      count: 5,
      changed: 3,
      fixed: 1,
      broken: 2,
      accuracyBefore: 0.6,
      accuracyAfter: 0.4,
    });
    expect(comparison.moves).toEqual([
      { before: 'dog', after: 'cat', count: 2 },
      { before: 'cat', after: 'dog', count: 1 },
    ]);
  });

  it('measures how far the right label moved', () => {
    // +0.5, -0.5, -0.75, 0, -0.25
    expect(comparison.meanShift).toBeCloseTo(0.4, 12);
    expect(comparison.meanGain).toBeCloseTo(-0.2, 12);
  });

  it('lists what lost most, worst first, also where the label stayed', () => {
    expect(comparison.worst.map(({ path }) => path)).toEqual(['also-broken.png', 'broken.png', 'still-wrong.png']);
    expect(comparison.worst[0]).toMatchObject({
      probabilityBefore: 0.75,
      probabilityAfter: 0,
      before: 'dog',
      after: 'cat',
    });
  });

  it('counts a label that a version does not know as never answered', () => {
    const { accuracyBefore, worst } = compareAnswers([pair('x.png', 'fox', 0.9, 0.9)]);
    expect({ accuracyBefore, worst }).toEqual({ accuracyBefore: 0, worst: [] });
  });
});
