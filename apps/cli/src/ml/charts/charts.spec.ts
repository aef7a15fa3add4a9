import { createRandom } from '@pawl/shared/statistics/random';
import { evaluate } from '../training/evaluation/evaluate.ts';
import { toProbabilities } from '../training/evaluation/probabilities.ts';
import type { EpochRecord, Evaluation } from '../types.ts';
import { confusionMatrix, confusionMatrixSpec } from './confusion-matrix.ts';
import { lossCurves, lossCurvesSpec } from './loss-curves.ts';
import { mistakesSheet, mistakesSheetSvg, type Mistake } from './mistakes-sheet.ts';
import { reliabilityDiagram, reliabilityDiagramSpec } from './reliability-diagram.ts';
import { toPng, toSvg } from './render.ts';
import { rocCurve, rocCurveSpec } from './roc-curve.ts';
import { shorten, pixelWidthOf } from './style.ts';

const pets = ['cat', 'dog'];
const numbered = (count: number) => Array.from({ length: count }, (_, index) => `label ${index}`);

function history(epochs: number, change: Partial<EpochRecord> = {}): EpochRecord[] {
  return Array.from({ length: epochs }, (_, index) => ({
    epoch: index + 1,
    train_loss: 0.6 / (index + 1),
    train_acc: 1 - 0.4 / (index + 1),
    val_loss: 0.5 / (index + 1) + 0.01 * index,
    val_acc: 1 - 0.3 / (index + 1),
    lr: 0.001,
    ...change,
  }));
}

function anEvaluation(labels: readonly string[], rows = 200, strength = 2): Evaluation {
  const random = createRandom(11);
  const classes = Array.from({ length: rows }, (_, row) => row % labels.length);
  const logits = classes.flatMap((actual) =>
    labels.map((_, label) => random.normal() + (label === actual ? strength : 0)),
  );
  return evaluate(toProbabilities(logits, 'multi-class', labels.length), classes, labels);
}

/** Width and height from the header of a PNG. */
function sizeOf(png: Uint8Array): readonly [number, number] {
  const bytes = Buffer.from(png);
  expect(bytes.subarray(0, 8)).toEqual(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]));
  expect(bytes.subarray(-8, -4).toString('latin1')).toBe('IEND');
  return [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
}

/** The letters of an SVG, one line each. */
function textOf(svg: string): string {
  return [...svg.matchAll(/<t(?:ext|span)[^>]*>([^<]+)</g)].map(([, text]) => text).join('\n');
}

const perfect = anEvaluation(pets, 100, 60);
const oneClass = evaluate([0.6, 0.4], [0], pets);
const long = ['a label with an uncommonly long name that never ends', 'another <such> label & that never ends'];

describe.each<[string, () => Promise<Uint8Array>]>([
  ['loss curves', () => lossCurves(history(10), 10)],
  ['loss curves of one epoch', () => lossCurves(history(1), 1)],
  ['loss curves of 100 epochs', () => lossCurves(history(100), 7)],
  ['loss curves of nothing but zero', () => lossCurves(history(3, { train_loss: 0, val_loss: 0, val_acc: 1 }), 1)],
  ['a confusion matrix', () => confusionMatrix(anEvaluation(pets), pets)],
  ['a confusion matrix of 37 labels', () => confusionMatrix(anEvaluation(numbered(37)), numbered(37))],
  ['a confusion matrix with long labels', () => confusionMatrix(anEvaluation(long), long)],
  ['a confusion matrix with an absent label', () => confusionMatrix(oneClass, pets)],
  ['a reliability diagram', () => reliabilityDiagram(anEvaluation(pets), anEvaluation(pets, 200, 3))],
  ['a reliability diagram of a perfect model', () => reliabilityDiagram(perfect, perfect)],
  ['a reliability diagram of one curve', () => reliabilityDiagram(undefined, anEvaluation(numbered(5)))],
  ['a ROC curve', () => rocCurve(anEvaluation(pets))],
  ['ROC curves of 37 labels', () => rocCurve(anEvaluation(numbered(37)))],
  ['a perfect ROC curve', () => rocCurve(perfect)],
  ['a ROC curve that cannot be measured', () => rocCurve(oneClass)],
])('%s', (_, drawn) => {
  it('is a PNG that fits on a page', async () => {
    const png = await drawn();
    const [width, height] = sizeOf(png);
    expect(width).toBeGreaterThan(600);
    expect(width).toBeLessThan(3600);
    expect(height).toBeGreaterThan(400);
    expect(height).toBeLessThan(3200);
  });
});

it('the same chart has the same bytes each time', async () => {
  const evaluation = anEvaluation(pets);
  const all = async () => [
    await lossCurves(history(10), 7),
    await confusionMatrix(evaluation, pets),
    await reliabilityDiagram(perfect, evaluation),
    await rocCurve(evaluation),
  ];
  expect(await all()).toEqual(await all());
});

describe('loss curves', () => {
  it('say what is measured, and which epoch was kept', async () => {
    const text = textOf(await toSvg(lossCurvesSpec(history(10), 7)));
    for (const expected of ['Epoch', 'Loss (nats)', 'Accuracy', 'training', 'validation', 'best: 7'])
      expect(text).toContain(expected);
    expect(text).toContain('Best epoch 7 of 10: validation loss 0.1314, accuracy 95.7 %');
  });

  it('have both curves in both panels', async () => {
    const svg = await toSvg(lossCurvesSpec(history(10), 7));
    expect(svg.match(/aria-roledescription="line mark"/g)).toHaveLength(4);
  });
});

describe('a confusion matrix', () => {
  it('shows each count and its share of the true label', async () => {
    const confusion = [
      [70, 5],
      [1, 74],
    ];
    const text = textOf(await toSvg(confusionMatrixSpec({ confusion, accuracy: 0.96, count: 150 }, pets)));
    for (const expected of ['70', '5', '1', '74', '93.3%', '6.7%', '1.3%', '98.7%', 'cat', 'dog']) {
      expect(text.split('\n')).toContain(expected);
    }
    expect(text).toContain('150 photographs, accuracy 96.0 %');
    expect(text).toContain('True label');
    expect(text).toContain('Answered label');
  });

  it('names all 37 labels on both axes', async () => {
    const labels = numbered(37);
    const lines = textOf(await toSvg(confusionMatrixSpec(anEvaluation(labels), labels))).split('\n');
    for (const label of labels) expect(lines.filter((line) => line === label)).toHaveLength(2);
  });

  it('keeps labels apart that are equal when shortened', async () => {
    const twins = ['x'.repeat(40) + 'a' + 'y'.repeat(40), 'x'.repeat(40) + 'b' + 'y'.repeat(40)];
    const confusion = [
      [10, 2],
      [3, 20],
    ];
    const lines = textOf(await toSvg(confusionMatrixSpec({ confusion, accuracy: 0.86, count: 35 }, twins))).split('\n');
    for (const expected of ['10', '2', '3', '20']) expect(lines).toContain(expected);
  });
});

describe('a reliability diagram', () => {
  it('says the calibration error before and after, and how many photographs', async () => {
    const [before, after] = [anEvaluation(pets), anEvaluation(pets, 300, 3)];
    const text = textOf(await toSvg(reliabilityDiagramSpec(before, after)));
    expect(text).toContain(`${before.ece.toFixed(4)} before calibration, ${after.ece.toFixed(4)} after calibration`);
    expect(text).toContain('(300 photographs)');
    expect(text).toContain('Photographs');
  });
});

describe('the line of a reliability diagram', () => {
  const bin = (lower: number, count: number) => ({
    lower,
    upper: lower + 0.1,
    count,
    confidence: lower + 0.05,
    accuracy: 0.9,
  });
  const lines = async (counts: readonly number[]) => {
    const reliability = counts.map((count, i) => bin(0.5 + i / 10, count));
    const svg = await toSvg(reliabilityDiagramSpec(undefined, { reliability, ece: 0.1, count: 100 }));
    return [svg, (svg.match(/aria-roledescription="line mark"/g) ?? []).length] as const;
  };

  it('does not run over bins of fewer than five photographs, which are hollow', async () => {
    // The diagonal is a line too.
    const [whole, one] = await lines([20, 20, 20, 20, 20]);
    const [broken, two] = await lines([20, 20, 4, 20, 20]);
    expect([one, two]).toEqual([2, 3]);
    expect([textOf(whole).includes('Hollow'), textOf(broken).includes('Hollow')]).toEqual([false, true]);
  });
});

describe('a ROC curve', () => {
  it.each([
    ['shows its corner where it lies in it', 6, true],
    ['has no corner where it does not', 1, false],
  ])('%s', async (_, strength, expected) => {
    const text = textOf(await toSvg(rocCurveSpec(anEvaluation(pets, 200, strength))));
    expect(text.includes('The corner, 90 to 100 % and 0 to 10 %')).toBe(expected);
    expect(text.split('\n').includes('92%')).toBe(expected);
  });

  it('says its area', async () => {
    const evaluation = anEvaluation(pets);
    expect(textOf(await toSvg(rocCurveSpec(evaluation)))).toContain(
      `Area under the curve ${evaluation.rocAuc.toFixed(4)}`,
    );
  });

  it('names the six worst of many labels', async () => {
    const labels = numbered(37);
    const evaluation = anEvaluation(labels, 370);
    const text = textOf(await toSvg(rocCurveSpec(evaluation)));
    const ranked = Object.entries(evaluation.rocAucByLabel).sort((a, b) => a[1] - b[1]);
    for (const [label, auc] of ranked.slice(0, 6)) expect(text).toContain(`${label}: ${auc.toFixed(4)}`);
    expect(text).toContain('31 other labels');
  });

  it('says why there is none', async () => {
    expect(textOf(await toSvg(rocCurveSpec(oneClass)))).toContain('a label has no photograph in this split');
  });
});

describe('the sheet of mistakes', () => {
  const picture = (png: Uint8Array): Mistake => ({
    png,
    actual: 'cat',
    answered: 'dog',
    confidence: 0.987,
    path: 'cat/abyssinian/1.jpg',
  });
  const red = () =>
    toPng(
      '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8" fill="red"/></svg>',
      1,
    );

  it.each([
    [0, 780, 134],
    [1, 780, 422],
    [7, 1522, 739],
    [24, 1522, 1373],
  ])('of %d pictures is a PNG of %d x %d', async (count, width, height) => {
    const pictures = Array.from({ length: count }, () => picture(Buffer.alloc(0)));
    const png = await red();
    const sheet = await mistakesSheet(pictures.map((one) => ({ ...one, png })));
    expect(sizeOf(sheet)).toEqual([width, height]);
  });

  it('shows the picture itself', async () => {
    const [with_, without] = [
      await mistakesSheet([picture(await red())]),
      await mistakesSheet([picture(new Uint8Array())]),
    ];
    expect(Buffer.from(with_).equals(without)).toBe(false);
  });

  it('says what it is, what was answered, how surely, and where it comes from', () => {
    const text = textOf(mistakesSheetSvg([picture(new Uint8Array())]));
    for (const expected of ['98.7 % dog', 'is cat', 'cat/abyssinian/1.jpg'])
      expect(text.split('\n')).toContain(expected);
    expect(textOf(mistakesSheetSvg([]))).toContain('None: every photograph of the test split is answered rightly');
  });

  it('copes with names that mean something in XML', async () => {
    const hostile = { ...picture(new Uint8Array()), actual: long[1]!, answered: '</text>&\u0000', path: '"<&>\'.jpg' };
    expect(mistakesSheetSvg([hostile])).not.toContain('<such>');
    expect(sizeOf(await mistakesSheet([hostile]))).toEqual([780, 422]);
  });
});

describe('letters', () => {
  it('are cut in the middle, never through a character', () => {
    expect(shorten('short', 5)).toBe('short');
    expect(shorten('American Pit Bull Terrier', 11)).toBe('Ameri…rrier');
    expect(shorten('👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧', 3)).toBe('👩‍👩‍👧…👩‍👩‍👧');
    expect(shorten('abc', 1)).toBe('…');
  });

  it('are measured nearer than by their number', () => {
    expect(pixelWidthOf('iiii', 10)).toBeLessThan(pixelWidthOf('mmmm', 10) / 2);
    expect(pixelWidthOf('abcd', 20)).toBe(2 * pixelWidthOf('abcd', 10));
  });
});
