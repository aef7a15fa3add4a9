import { createRandom } from '@pawl/shared/statistics/random';
import { headLogits } from '../head/linear.ts';
import { binaryCrossEntropy } from '../head/losses.ts';
import { chooseTemperature, fitTemperature, scaleHead } from './calibration.ts';
import { evaluate } from './evaluate.ts';
import { toProbabilities } from './probabilities.ts';
import { eight, ten } from './test/answers.ts';

/*
 * Reference values by scipy's minimize_scalar(method='bounded') of the mean negative log-likelihood:
 *
 *   z = log(p / (1 - p)) of the probabilities of `ten`; nll = lambda t: mean(logaddexp(0, z/t) - y*z/t)
 *   Z = 2.5 * log(P)     of the rows of `eight`;         nll = lambda t: mean(logsumexp(Z/t) - Z[y]/t)
 */
const binary = {
  classes: ten.classes,
  logits: ten.dog.map((p) => Math.log(p / (1 - p))),
};
const multi = {
  classes: eight.classes,
  logits: eight.probabilities.flat().map((p) => 2.5 * Math.log(p)),
};

describe('temperature scaling', () => {
  it('finds the temperature that scipy finds for one logit', () => {
    const fitted = fitTemperature(binary.logits, 'binary', 1, binary.classes);
    expect(fitted.outcome).toBe('fitted');
    expect(fitted.temperature).toBeCloseTo(0.7217524357423156, 7);
    expect(fitted.before).toBeCloseTo(0.4414530520780672, 12);
    expect(fitted.after).toBeCloseTo(0.42938056235764205, 12);
  });

  it('finds the temperature that scipy finds for three', () => {
    const fitted = fitTemperature(multi.logits, 'multi-class', 3, multi.classes);
    expect(fitted.outcome).toBe('fitted');
    expect(fitted.temperature).toBeCloseTo(1.2421943031769032, 7);
    expect(fitted.before).toBeCloseTo(0.579174819112044, 12);
    expect(fitted.after).toBeCloseTo(0.5672080883669588, 12);
  });

  it('undoes a model that is three times too sure', () => {
    const random = createRandom(3);
    const logits = Float64Array.from({ length: 20_000 }, () => random.normal() * 2);
    const classes = Array.from(logits, (z) => Number(random.next() < 1 / (1 + Math.exp(-z))));
    const sure = logits.map((z) => z * 3);
    const { temperature } = fitTemperature(sure, 'binary', 1, classes);
    expect(temperature / 3).toBeCloseTo(1, 1);
    const eceOf = (values: Float64Array) => evaluate(toProbabilities(values, 'binary', 1), classes, ['a', 'b']).ece;
    expect(eceOf(sure)).toBeGreaterThan(0.05);
    expect(eceOf(sure.map((z) => z / temperature))).toBeLessThan(0.02);
  });

  it('says nothing of a split in which all is right: the loss falls without end', () => {
    const fitted = fitTemperature([-3, -0.1, 2, 5], 'binary', 1, [0, 0, 1, 1]);
    expect(fitted).toMatchObject({ outcome: 'separable', temperature: 1 });
    expect(fitted.after).toBe(fitted.before);
  });

  it.each<[string, number[], number[], number]>([
    ['answers that are all wrong', [-3, 3], [1, 0], 20],
    ['logits far too small', [-1e-3, 1e-3, 1e-3, 1e-3, 1e-3, 1e-3], [0, 1, 1, 1, 1, 0], 0.05],
  ])('stops at its bounds: %s', (_, logits, classes, temperature) => {
    const fitted = fitTemperature(logits, 'binary', 1, classes);
    expect(fitted.outcome).toBe('bound');
    expect(fitted.temperature).toBeCloseTo(temperature, 12);
  });

  it('copes with logits that no exponential can hold', () => {
    const fitted = fitTemperature([900, -900, 1000, 800], 'binary', 1, [1, 0, 1, 0]);
    expect(fitted.temperature).toBe(20);
    expect(Number.isFinite(fitted.after)).toBe(true);
  });
});

describe('a scaled head', () => {
  const head = {
    kind: 'binary' as const,
    weight: Float32Array.of(1, -2, 0.5),
    bias: Float32Array.of(0.25),
    width: 3,
    outputs: 1,
  };
  const table = { values: Float32Array.of(1, 2, 3, -4, 0, 1), rows: 2, width: 3 };

  it('has logits divided by the temperature, and is a new one', () => {
    const scaled = headLogits(scaleHead(head, 2.5), table);
    headLogits(head, table).forEach((z, row) => {
      expect(scaled[row]).toBeCloseTo(z / 2.5, 6);
    });
    expect(head.weight[0]).toBe(1);
  });

  it('has the loss that was promised', () => {
    const logits = headLogits(head, table);
    const { temperature, after } = fitTemperature(logits, 'binary', 1, [1, 0]);
    const scaled = headLogits(scaleHead(head, temperature), table);
    expect(binaryCrossEntropy(scaled, [1, 0], 2, 1).loss).toBeCloseTo(after, 6);
  });

  it.each([0, -1, NaN, Infinity])('refuses temperature %d', (temperature) => {
    expect(() => scaleHead(head, temperature)).toThrow(RangeError);
  });
});

describe('a temperature for which there is evidence', () => {
  /** Answers of a model that is right about its own certainty, times `sureness`. */
  const answers = (rows: number, deviation: number, sureness: number, seed: number) => {
    const random = createRandom(seed);
    const honest = Array.from({ length: rows }, () => random.normal() * deviation);
    const classes = honest.map((z) => Number(random.next() < 1 / (1 + Math.exp(-z))));
    return { classes, logits: honest.map((z) => z * sureness) };
  };

  it('is the fitted one where the model is much too sure', () => {
    const { classes, logits } = answers(500, 2, 3, 5);
    const chosen = chooseTemperature(logits, 'binary', 1, classes);
    expect(chosen).toEqual(fitTemperature(logits, 'binary', 1, classes));
    expect(chosen.temperature).toBeGreaterThan(2);
  });

  it('is 1 where 150 rows have a single wrong one, that happens to be an unsure one', () => {
    const logits = Array.from(
      { length: 150 },
      (_, index) => (index % 2 === 0 ? -1 : 1) * (index === 149 ? -0.2 : 4 + (index % 5)),
    );
    const classes = Array.from({ length: 150 }, (_, index) => index % 2);
    expect(fitTemperature(logits, 'binary', 1, classes).temperature).toBeLessThan(0.9);
    expect(chooseTemperature(logits, 'binary', 1, classes)).toMatchObject({ temperature: 1, outcome: 'unproven' });
  });

  it('is wrong about a calibrated model one time in twenty, as a test at 5 % is', () => {
    const models = Array.from({ length: 400 }, (_, seed) => answers(200, 2, 1, seed));
    const changed = models.filter(
      ({ classes, logits }) => chooseTemperature(logits, 'binary', 1, classes).outcome !== 'unproven',
    );
    // 20 are expected; binomially, 6 to 36 but once in a thousand.
    expect(changed.length).toBeGreaterThan(5);
    expect(changed.length).toBeLessThan(37);
  });
});
