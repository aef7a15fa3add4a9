import { createRandom } from '@pawl/shared/statistics/random';
import { headLogits, initialParameters } from './linear.ts';
import { binaryCrossEntropy, classWeights, softmaxCrossEntropy, type Loss } from './losses.ts';
import { createAdam, stepLr } from './optimizer.ts';
import { createBatch, dropOut, lossAndGradients } from './train-head.ts';

/*
 * Reference values of PyTorch 1.13 in float64:
 *
 *   X = torch.tensor([[((r*7 + c*3) % 11 - 5) / 4 for c in range(4)] for r in range(6)])
 *   lin = torch.nn.Linear(4, k)
 *   lin.weight[o, i] = 0.1*(o+1) - 0.05*i;  lin.bias[o] = 0.02*(o+1)
 *   opt = torch.optim.Adam(lin.parameters(), lr=0.05, weight_decay=0.01)
 *   sch = torch.optim.lr_scheduler.StepLR(opt, step_size=2, gamma=0.5)
 *   for step in range(5):
 *       opt.zero_grad(); z = lin(X)
 *       loss = F.binary_cross_entropy_with_logits(z[:, 0], y)    # k = 1, y = [0,1,1,0,1,0]
 *       loss = F.cross_entropy(z, y)                             # k = 3, y = [0,1,2,2,1,0]
 *       loss.backward(); print(lin.weight.grad, lin.bias.grad); opt.step(); sch.step()
 *       print(loss, lin.weight, lin.bias)
 */
const WIDTH = 4;
const ROWS = 6;
const references: {
  name: string;
  loss: Loss;
  outputs: number;
  classes: number[];
  weightGradient: number[];
  biasGradient: number[];
  losses: number[];
  weight: number[][];
  bias: number[][];
}[] = [
  {
    name: 'BCEWithLogitsLoss',
    loss: binaryCrossEntropy,
    outputs: 1,
    classes: [0, 1, 1, 0, 1, 0],
    weightGradient: [-0.0673755167, -0.2992423665, 0.136942365, 0.13767674],
    biasGradient: [0.0070898354],
    losses: [0.6633026372, 0.6321838418, 0.6034267694, 0.589873005, 0.5769023894],
    weight: [
      [0.1499999925, 0.0999999983, -0.0499999963, -0.0999999964],
      [0.199423929, 0.1499305152, -0.0998177422, -0.1499357167],
      [0.223588205, 0.1748287782, -0.1245673291, -0.1748396964],
      [0.2472474974, 0.1996633059, -0.1491764469, -0.1996815161],
      [0.2587923585, 0.212044463, -0.1614049246, -0.2120665416],
    ],
    bias: [[-0.0299999314], [-0.0469472485], [-0.044627666], [-0.0388875038], [-0.0367041976]],
  },
  {
    name: 'CrossEntropyLoss',
    loss: softmaxCrossEntropy,
    outputs: 3,
    classes: [0, 1, 2, 2, 1, 0],
    weightGradient: [
      0.2855517727, 0.1486305936, -0.1416420207, -0.0116073284, -0.1532228644, -0.3055963974, 0.3056049119, -5.03281e-5,
      -0.1323289083, 0.1569658038, -0.1639628912, 0.0116576565,
    ],
    biasGradient: [-0.007581794, -0.0008811631, 0.0084629571],
    losses: [1.0554295573, 0.9687216721, 0.8881347095, 0.850527356, 0.8145962746],
    weight: [
      [
        0.0500000017, 3.4e-9, 0.0499999965, -4.13e-8, 0.2499999967, 0.1999999984, 0.0500000016, 1.1119e-6, 0.3499999961,
        0.2000000031, 0.2499999969, 0.100000038,
      ],
      [
        0.0001157831, -0.0497818526, 0.0998252684, 0.035277315, 0.299781921, 0.2498235727, 0.0001209434, 0.0352851401,
        0.3999608932, 0.1501423865, 0.2999109063, 0.0509764564,
      ],
      [
        -0.0247100854, -0.0745052639, 0.1245368227, 0.0454842659, 0.3243995995, 0.2746343336, -0.0246817268,
        0.0478764476, 0.4249269374, 0.1252667338, 0.3247664911, 0.0338341136,
      ],
      [
        -0.0494326904, -0.0990784132, 0.1490644512, 0.0496245834, 0.3487716246, 0.2993566049, -0.0493605462,
        0.0514906714, 0.4498780104, 0.1004364221, 0.3495320983, 0.0253662224,
      ],
      [
        -0.0617380726, -0.1112836679, 0.1612253758, 0.049415806, 0.360828802, 0.3116672365, -0.0616335135, 0.0495266537,
        0.4623411895, 0.0880505722, 0.3618688096, 0.0247159683,
      ],
    ],
    bias: [
      [0.0699999323, 0.0899989609, 0.0100000552],
      [0.0920916486, 0.0538342165, 0.0260081402],
      [0.0849208635, 0.0351769178, 0.0405005243],
      [0.0717416504, 0.017739686, 0.0571265256],
      [0.06398646, 0.0100135159, 0.0654893006],
    ],
  },
];

function setUp(outputs: number, classes: number[]) {
  const batch = createBatch(ROWS, WIDTH, outputs);
  batch.classes.set(classes);
  for (let row = 0; row < ROWS; row++)
    for (let i = 0; i < WIDTH; i++) batch.values[row * WIDTH + i] = (((row * 7 + i * 3) % 11) - 5) / 4;
  const weight = Float64Array.from(
    { length: outputs * WIDTH },
    (_, at) => 0.1 * (Math.floor(at / WIDTH) + 1) - 0.05 * (at % WIDTH),
  );
  const bias = Float64Array.from({ length: outputs }, (_, output) => 0.02 * (output + 1));
  return { batch, parameters: { weight, bias } };
}

/** Largest difference between two lists. */
function difference(actual: ArrayLike<number>, expected: readonly number[]): number {
  expect(actual).toHaveLength(expected.length);
  return Math.max(...expected.map((value, i) => Math.abs(value - (actual[i] ?? NaN))));
}

describe.each(references)('against PyTorch: $name', (reference) => {
  const { loss, outputs, classes } = reference;

  it('has the same gradients', () => {
    const { batch, parameters } = setUp(outputs, classes);
    lossAndGradients(batch, ROWS, WIDTH, parameters, loss);
    expect(difference(batch.weightGradient, reference.weightGradient)).toBeLessThan(1e-9);
    expect(difference(batch.biasGradient, reference.biasGradient)).toBeLessThan(1e-9);
  });

  it('takes the same five Adam steps with L2 and StepLR, to 1e-6', () => {
    const { batch, parameters } = setUp(outputs, classes);
    const adam = createAdam([parameters.weight, parameters.bias], { weightDecay: 0.01 });
    for (let step = 0; step < 5; step++) {
      const answered = lossAndGradients(batch, ROWS, WIDTH, parameters, loss);
      adam.step(stepLr(0.05, step + 1, 2, 0.5), [batch.weightGradient, batch.biasGradient]);
      expect(Math.abs(answered.loss - (reference.losses[step] ?? NaN))).toBeLessThan(1e-6);
      expect(difference(parameters.weight, reference.weight[step] ?? [])).toBeLessThan(1e-6);
      expect(difference(parameters.bias, reference.bias[step] ?? [])).toBeLessThan(1e-6);
    }
  });

  it.each([
    ['alike', undefined],
    ['by class', [0.5, 3, 1.25]],
  ])('has gradients that agree with central finite differences, rows counting %s', (_, weights) => {
    const { batch, parameters } = setUp(outputs, classes);
    lossAndGradients(batch, ROWS, WIDTH, parameters, loss, weights);
    const step = 1e-5;
    for (const [values, gradient] of [
      [parameters.weight, batch.weightGradient.slice()],
      [parameters.bias, batch.biasGradient.slice()],
    ] as const) {
      const slopes = Array.from(values, (value, i) => {
        const at = (moved: number) => {
          values[i] = moved;
          return lossAndGradients(batch, ROWS, WIDTH, parameters, loss, weights).loss;
        };
        const slope = (at(value + step) - at(value - step)) / (2 * step);
        values[i] = value;
        return slope;
      });
      expect(difference(gradient, slopes)).toBeLessThan(1e-9);
    }
  });

  it('counts a row of a class with weight 2 as two rows', () => {
    const { batch, parameters } = setUp(outputs, classes);
    lossAndGradients(batch, ROWS, WIDTH, parameters, loss);
    const rows = classes.flatMap((label, row) => (label === 1 ? [row, row] : [row]));
    const twice = rows.flatMap((row) => [...batch.logits.slice(row * outputs, (row + 1) * outputs)]);
    const repeated = loss(
      Float64Array.from(twice),
      rows.map((row) => classes[row] ?? 0),
      rows.length,
      outputs,
    );
    const weighted = loss(batch.logits, classes, ROWS, outputs, undefined, [1, 2, 1]);
    expect(weighted.loss).toBeCloseTo(repeated.loss, 12);
  });

  it('learns from the filled part of a short batch alone', () => {
    const whole = setUp(outputs, classes);
    const part = setUp(outputs, classes);
    part.batch.values.fill(NaN, 4 * WIDTH);
    const answered = lossAndGradients(part.batch, 4, WIDTH, part.parameters, loss);
    const logits = whole.batch.logits;
    lossAndGradients(whole.batch, ROWS, WIDTH, whole.parameters, loss);
    expect(answered.loss).toBeCloseTo(loss(logits, classes, 4, outputs).loss, 12);
    expect(part.batch.weightGradient.every(Number.isFinite)).toBe(true);
  });
});

describe('balanced classes', () => {
  // sklearn.utils.class_weight.compute_class_weight('balanced', classes=[0, 1, 2], y=[0, 0, 0, 1, 0, 1, 2, 0])
  it('count inversely to how often they are there', () => {
    const weights = classWeights('balanced', [0, 0, 0, 1, 0, 1, 2, 0], 3);
    expect([...weights!].map((weight) => Number(weight.toFixed(8)))).toEqual([0.53333333, 1.33333333, 2.66666667]);
    expect(classWeights('none', [0, 1], 2)).toBeUndefined();
  });
});

describe('binary cross-entropy', () => {
  // F.binary_cross_entropy_with_logits(z, 0.) and (z, 1.) in float64
  it.each([
    [-800, 0, 800],
    [-30, 9.348077867343381e-14, 30.000000000000092],
    [-1.5, 0.20141327798275246, 1.7014132779827524],
    [0, 0.6931471805599453, 0.6931471805599453],
    [2.25, 2.350206558916747, 0.10020655891674712],
    [900, 900, 0],
  ])('of logit %d is PyTorch’s, however large', (logit, zero, one) => {
    const of = (label: number) => binaryCrossEntropy(Float64Array.of(logit), [label], 1, 1).loss;
    expect(of(0)).toBeCloseTo(zero, 12);
    expect(of(1)).toBeCloseTo(one, 12);
  });

  it('answers class 1 from logit 0 on', () => {
    expect(binaryCrossEntropy(Float64Array.of(0, -1e-9, 0), [1, 1, 0], 3, 1).right).toBe(1);
  });
});

describe('softmax cross-entropy', () => {
  // F.cross_entropy(z, class) for each class, in float64
  it.each<[number[], number[]]>([
    [
      [1, 2, 3],
      [2.4076059644443806, 1.4076059644443804, 0.4076059644443804],
    ],
    [
      [1000, 0, -1000],
      [0, 1000, 2000],
    ],
    [
      [-2.5, -2.5, -2.5],
      [1.0986122886681098, 1.0986122886681098, 1.0986122886681098],
    ],
    [
      [0.3, -4, 7.7],
      [7.40061935474054, 11.700619354740539, 0.0006193547405393969],
    ],
  ])('of logits %p is PyTorch’s', (logits, expected) => {
    const losses = expected.map((_, label) => softmaxCrossEntropy(Float64Array.from(logits), [label], 1, 3).loss);
    expect(difference(losses, expected)).toBeLessThan(1e-12);
  });
});

describe('StepLR', () => {
  it('is PyTorch’s over twelve epochs', () => {
    // torch.optim.lr_scheduler.StepLR(SGD(lr=0.001), 5, 0.5)
    const expected = [1e-3, 1e-3, 1e-3, 1e-3, 1e-3, 5e-4, 5e-4, 5e-4, 5e-4, 5e-4, 2.5e-4, 2.5e-4];
    expect(expected.map((_, at) => stepLr(0.001, at + 1, 5, 0.5))).toEqual(expected);
  });
});

describe('initialisation', () => {
  it('fills -1/sqrt(width) .. 1/sqrt(width) evenly, as torch.nn.Linear', () => {
    const { weight, bias } = initialParameters(400, 50, createRandom(7));
    const bound = 1 / 20;
    expect(weight).toHaveLength(20_000);
    expect(bias).toHaveLength(50);
    expect(weight.every((value) => Math.abs(value) <= bound)).toBe(true);
    expect(bias.every((value) => Math.abs(value) <= bound)).toBe(true);
    const mean = weight.reduce((a, b) => a + b) / weight.length;
    const variance = weight.reduce((a, b) => a + (b - mean) ** 2, 0) / weight.length;
    // Variance of a uniform distribution: (2 * bound)^2 / 12.
    expect(variance / (bound ** 2 / 3)).toBeCloseTo(1, 1);
    expect(Math.abs(mean)).toBeLessThan(0.001);
  });
});

describe('dropout', () => {
  it('zeroes a share p and scales the rest by 1 / (1 - p), so that the mean stays', () => {
    const values = new Float64Array(50_000).fill(1);
    dropOut(values, 0.3, createRandom(1));
    expect(values.filter((value) => value === 0).length / values.length).toBeCloseTo(0.3, 1);
    expect(new Set(values)).toEqual(new Set([0, 1 / 0.7]));
    expect(values.reduce((a, b) => a + b) / values.length).toBeCloseTo(1, 1);
  });

  it('changes nothing at 0', () => {
    const values = Float64Array.of(1, 2, 3);
    dropOut(values, 0, createRandom(1));
    expect([...values]).toEqual([1, 2, 3]);
  });
});

describe('the logits of a head', () => {
  it('are [batch, 1] for two labels, and finite', () => {
    const head = {
      kind: 'binary' as const,
      weight: Float32Array.of(1, -2, 0.5, 0.25, 3),
      bias: Float32Array.of(0.5),
      width: 5,
      outputs: 1,
    };
    const logits = headLogits(head, { values: Float32Array.of(1, 1, 1, 1, 1, 0, 0, 0, 0, 2), rows: 2, width: 5 });
    expect([...logits]).toEqual([3.25, 6.5]);
  });

  it('refuse features of another width', () => {
    const head = {
      kind: 'binary' as const,
      weight: new Float32Array(4),
      bias: new Float32Array(1),
      width: 4,
      outputs: 1,
    };
    expect(() => headLogits(head, { values: new Float32Array(5), rows: 1, width: 5 })).toThrow('takes 4 features');
  });
});
