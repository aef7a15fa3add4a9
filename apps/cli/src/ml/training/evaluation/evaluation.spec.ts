import { paramsSchema } from '../../params/params.ts';
import { evaluate } from './evaluate.ts';
import { violationsOf, worstRecall } from './gate.ts';
import { toAnswers, toProbabilities } from './probabilities.ts';
import { rocAuc, computeRocCurve } from './roc.ts';
import { eight, ten } from './test/answers.ts';

const pets = ['cat', 'dog'];

/*
 * Reference values of scikit-learn 1.9:
 *
 *   y = [0,0,1,1,0,1,1,0,1,0]; p = [0.1,0.4,0.35,0.8,0.35,0.9,0.6,0.7,0.8,0.05]; a = p >= 0.5
 *   accuracy_score(y, a); recall_score(y, a, average=None); roc_auc_score(y, p); log_loss(y, p); confusion_matrix(y, a)
 *   roc_curve(y, p)
 *   Y = [0,1,2,2,1,0,2,1]; P = [...]; roc_auc_score(Y, P, multi_class='ovr', average='macro'); ...
 *
 * The calibration error by numpy, over bins (m/15, (m+1)/15] of conf = max(p, 1-p) or P.max(1):
 *
 *   sum(s.mean() * abs(right[s].mean() - conf[s].mean()) for m in range(15) if (s := (conf > m/15) & (conf <= (m+1)/15)).any())
 */
const pairs = (dog: readonly number[]) => dog.flatMap((p) => [1 - p, p]);

describe('accuracy', () => {
  it.each([
    [1, 'perfect', [0.1, 0.2, 0.8, 0.9]],
    [0, 'all-wrong', [0.9, 0.8, 0.2, 0.1]],
    [0.5, 'half-right', [0.1, 0.8, 0.2, 0.9]],
  ])('is %d on %s answers', (expected, _, dog) => {
    expect(evaluate(pairs(dog), [0, 0, 1, 1], pets).accuracy).toBe(expected);
  });
});

describe('against scikit-learn', () => {
  it('two labels', () => {
    const evaluation = evaluate(pairs(ten.dog), ten.classes, pets, 0.5);
    expect(evaluation.count).toBe(10);
    expect(evaluation.accuracy).toBeCloseTo(0.8, 12);
    expect(evaluation.recall).toEqual({ cat: 0.8, dog: 0.8 });
    expect(evaluation.rocAuc).toBeCloseTo(0.86, 12);
    expect(evaluation.logLoss).toBeCloseTo(0.4414530520780672, 12);
    expect(evaluation.ece).toBeCloseTo(0.245, 12);
    expect(evaluation.confusion).toEqual([
      [4, 1],
      [1, 4],
    ]);
    expect(Object.keys(evaluation.roc)).toEqual(['dog']);
    // roc_curve gives one more point, (0, 0.2), on the line from (0, 0) to (0, 0.6).
    expect(evaluation.roc['dog']).toEqual([
      { fpr: 0, tpr: 0 },
      { fpr: 0, tpr: 0.6 },
      { fpr: 0.2, tpr: 0.6 },
      { fpr: 0.2, tpr: 0.8 },
      { fpr: 0.4, tpr: 0.8 },
      { fpr: 0.6, tpr: 1 },
      { fpr: 1, tpr: 1 },
    ]);
  });

  it('three labels', () => {
    const evaluation = evaluate(eight.probabilities.flat(), eight.classes, ['a', 'b', 'c']);
    expect(evaluation.accuracy).toBe(0.75);
    expect(evaluation.recall).toEqual({ a: 0.5, b: 1, c: 2 / 3 });
    expect(evaluation.rocAuc).toBeCloseTo(0.9166666666666666, 12);
    expect(evaluation.rocAucByLabel['a']).toBeCloseTo(0.9166666666666666, 12);
    expect(evaluation.rocAucByLabel['b']).toBeCloseTo(0.9333333333333333, 12);
    expect(evaluation.rocAucByLabel['c']).toBeCloseTo(0.9, 12);
    expect(evaluation.logLoss).toBeCloseTo(0.658329083785193, 12);
    expect(evaluation.ece).toBeCloseTo(0.3875, 12);
    expect(evaluation.confusion).toEqual([
      [1, 1, 0],
      [0, 3, 0],
      [1, 0, 2],
    ]);
  });
});

describe('evaluate', () => {
  it('takes the threshold of the bundle', () => {
    expect(evaluate(pairs([0.55, 0.65]), [0, 1], pets, 0.6).accuracy).toBe(1);
    expect(evaluate(pairs([0.55, 0.65]), [0, 1], pets, 0.5).accuracy).toBe(0.5);
  });

  it('answers the second label at exactly the threshold, and the first of two equal probabilities without one', () => {
    expect([...toAnswers([0.5, 0.5], 2, 0.5).answered]).toEqual([1]);
    expect([...toAnswers([0.5, 0.5], 2).answered]).toEqual([0]);
  });

  it('keeps the loss of a sure mistake finite', () => {
    expect(evaluate([1, 0], [1], pets).logLoss).toBeCloseTo(-Math.log(Number.EPSILON), 12);
  });

  it('has bins that hold every row: confidence 1 in the last, an edge in the lower', () => {
    const { reliability } = evaluate(pairs([1, 0.6]), [1, 1], pets);
    expect(reliability).toHaveLength(15);
    expect(reliability[14]).toEqual({ lower: 14 / 15, upper: 1, count: 1, confidence: 1, accuracy: 1 });
    expect(reliability[8]).toMatchObject({ count: 1, upper: 0.6 });
    expect(reliability.reduce((sum, { count }) => sum + count, 0)).toBe(2);
  });

  it('says NaN of what a label without photographs leaves unmeasured', () => {
    const evaluation = evaluate(pairs([0.2, 0.7]), [0, 0], pets);
    expect(evaluation.recall).toEqual({ cat: 0.5, dog: NaN });
    expect(evaluation.rocAuc).toBeNaN();
    expect(evaluation.roc).toEqual({ dog: [] });
    expect(evaluation.accuracy).toBe(0.5);
  });

  it.each<[string, number[], number[]]>([
    ['no row', [], []],
    ['too few probabilities', [0.5, 0.5, 1], [0, 1]],
    ['NaN', [NaN, 1], [0]],
    ['a logit', [-3, 4], [0]],
    ['a class beyond the labels', [0.5, 0.5], [2]],
  ])('refuses %s', (_, probabilities, classes) => {
    expect(() => evaluate(probabilities, classes, pets)).toThrow(RangeError);
  });
});

describe('probabilities', () => {
  it('are within 0..1, finite, and sum to 1 in each row, for logits of any size', () => {
    const logits = [-900, -40, -1.5, 0, 3, 40, 900];
    for (const values of [toProbabilities(logits, 'binary', 1), toProbabilities([...logits, 7, 7], 'multi-class', 3)]) {
      expect([...values].every((p) => p >= 0 && p <= 1)).toBe(true);
    }
    const three = toProbabilities([1, 2, 3, 1000, 0, -1000], 'multi-class', 3);
    expect(three[0]! + three[1]! + three[2]!).toBeCloseTo(1, 12);
    expect([...three.slice(3)]).toEqual([1, 0, 0]);
  });

  it('of two labels are two columns; the logit speaks for the second', () => {
    expect([...toProbabilities([0, 800], 'binary', 1)]).toEqual([0.5, 0.5, 0, 1]);
    // 1 - sigmoid(40) would be 0.
    expect(toProbabilities([40], 'binary', 1)[0]).toBeCloseTo(4.248354255291589e-18, 24);
  });
});

describe('ROC', () => {
  const positive = (row: number) => row % 2 === 1;

  it.each([
    ['perfect scores', [1, 2, 1, 2], 1],
    ['upside-down scores', [2, 1, 2, 1], 0],
    ['equal scores: all ties', [3, 3, 3, 3], 0.5],
    ['one tie of four pairs', [1, 1, 0, 2], 0.875],
  ])('%s', (_, scores, auc) => {
    expect(rocAuc(scores, positive)).toBe(auc);
  });

  it('is the area under its own curve', () => {
    const scores = Array.from({ length: 200 }, (_, row) => ((row * 7919) % 61) + (row % 2) * 9);
    const points = computeRocCurve(scores, positive);
    const area = points.slice(1).reduce((sum, { fpr, tpr }, at) => {
      const before = points[at]!;
      return sum + ((fpr - before.fpr) * (tpr + before.tpr)) / 2;
    }, 0);
    expect(area).toBeCloseTo(rocAuc(scores, positive), 12);
    expect(points[0]).toEqual({ fpr: 0, tpr: 0 });
    expect(points.at(-1)).toEqual({ fpr: 1, tpr: 1 });
  });
});

describe('the gate', () => {
  const { gate } = paramsSchema.parse({
    gate: { accuracy: 0.9, recall: 0.85, roc_auc: 0.95, log_loss: 0.3, ece: 0.06 },
  });
  const good = { ...evaluate(pairs([0.1, 0.2, 0.8, 0.9]), [0, 0, 1, 1], pets), ece: 0.01 };

  it('lets a good model pass', () => {
    expect(violationsOf(good, gate)).toEqual([]);
  });

  it('passes at exactly the thresholds', () => {
    const edge = { ...good, accuracy: 0.9, recall: { cat: 0.95, dog: 0.85 }, rocAuc: 0.95, logLoss: 0.3, ece: 0.06 };
    expect(violationsOf(edge, gate)).toEqual([]);
  });

  it('says each threshold that is missed, by how much, and for which label', () => {
    const bad = { ...good, accuracy: 0.8, recall: { cat: 0.95, dog: 0.65 }, rocAuc: 0.9, logLoss: 0.5, ece: 0.1 };
    expect(violationsOf(bad, gate).map(({ message }) => message)).toEqual([
      'Accuracy is 0.8000 and must be at least 0.9.',
      'Recall of dog is 0.6500 and must be at least 0.85.',
      'ROC AUC is 0.9000 and must be at least 0.95.',
      'Log loss is 0.5000 and may be at most 0.3.',
      'Expected calibration error is 0.1000 and may be at most 0.06.',
    ]);
  });

  it('never shows a miss as the threshold itself', () => {
    expect(violationsOf({ ...good, accuracy: 0.8999999 }, gate)[0]?.message).toBe(
      'Accuracy is 0.89999990 and must be at least 0.9.',
    );
  });

  it('does not pass what could not be measured', () => {
    const oneClass = evaluate(pairs([0.1, 0.2]), [0, 0], pets);
    expect(violationsOf(oneClass, gate).map(({ measure }) => measure)).toEqual(['recall', 'roc_auc', 'ece']);
    expect(violationsOf(oneClass, gate)[0]?.message).toBe(
      'Recall of dog cannot be measured, because a label has no photograph in this split, and must be at least 0.85.',
    );
  });

  it('asks nothing by default', () => {
    expect(violationsOf(evaluate(pairs([0.9]), [0], pets), paramsSchema.parse({}).gate)).toEqual([]);
  });

  it('knows the worst label', () => {
    expect(worstRecall({ recall: { a: 0.9, b: 0.2, c: 0.4 } })).toEqual(['b', 0.2]);
  });
});
