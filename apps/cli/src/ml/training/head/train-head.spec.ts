import { CliError } from '../../../errors/cli-error.ts';
import { createRandom } from '@pawl/shared/statistics/random';
import type { EpochRecord, FeatureTable } from '../../types.ts';
import { headLogits } from './linear.ts';
import { trainHead, type TrainHeadOptions } from './train-head.ts';

const optionsFor = (labels: string[], changes: Partial<TrainHeadOptions> = {}): TrainHeadOptions => ({
  epochs: 10,
  batch_size: 32,
  lr: 0.01,
  weight_decay: 1e-4,
  seed: 42,
  dropout: 0.3,
  step_size: 5,
  gamma: 0.5,
  patience: 0,
  class_weights: 'none',
  labels,
  ...changes,
});
const pets = ['cat', 'dog'];
const many = ['a', 'b', 'c', 'd'];
const never = new AbortController().signal;
const ignore = () => undefined;

/** Rows around one centre a class, `distance` deviations apart; classes in turn unless they are given. */
function clouds(
  rows: number,
  classes: number,
  distance: number,
  seed: number,
  given?: Uint16Array,
  every = classes,
): FeatureTable {
  const random = createRandom(seed);
  const width = 24;
  // Of two classes the second may be one row in `every`.
  const labels =
    given ??
    Uint16Array.from({ length: rows }, (_, row) => (every === classes ? row % classes : Number(row % every === 0)));
  const values = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < width; i++)
      values[row * width + i] =
        random.normal() + (i % classes === (given === undefined ? (labels[row] ?? 0) : row % classes) ? distance : 0);
  return { values, width, rows, classes: labels };
}

describe.each([pets, many])('features of separable classes', (...labels: string[]) => {
  const train = { tables: [clouds(200, labels.length, 4, 1), clouds(200, labels.length, 4, 2)] };
  const val = clouds(60, labels.length, 4, 3);

  it(`are learned to accuracy 1 (${labels.length} labels)`, async () => {
    const { head, history, bestEpoch } = await trainHead(optionsFor(labels), train, val, ignore, never);
    expect(history).toHaveLength(10);
    expect(history[bestEpoch - 1]?.val_acc).toBe(1);
    expect(head.kind).toBe(labels.length === 2 ? 'binary' : 'multi-class');
    expect(head.outputs).toBe(labels.length === 2 ? 1 : labels.length);
    expect(head.weight).toHaveLength(head.outputs * 24);
    expect(headLogits(head, val).every(Number.isFinite)).toBe(true);
  });

  it(`teach nothing when labels are shuffled (${labels.length} labels)`, async () => {
    const random = createRandom(5);
    const classes = Uint16Array.from({ length: 600 }, () => random.below(labels.length));
    const shuffled = { tables: [clouds(600, labels.length, 4, 1, classes)] };
    const unseen = clouds(600, labels.length, 4, 3);
    const { history } = await trainHead(optionsFor(labels, { epochs: 3 }), shuffled, unseen, ignore, never);
    expect(Math.abs((history.at(-1)?.val_acc ?? NaN) - 1 / labels.length)).toBeLessThan(0.5 / labels.length + 0.1);
    expect(history.at(-1)?.train_acc).toBeLessThan(1 / labels.length + 0.15);
  });
});

describe('repeating a run', () => {
  const train = { tables: [clouds(101, 2, 1, 1), clouds(101, 2, 1, 2), clouds(101, 2, 1, 3)] };
  const val = clouds(40, 2, 1, 4);
  const run = (changes: Partial<TrainHeadOptions> = {}) =>
    trainHead(optionsFor(pets, changes), train, val, ignore, never);

  it('gives the same bits for the same seed', async () => {
    const [first, second] = [await run(), await run()];
    expect(Buffer.from(first.head.weight.buffer).equals(Buffer.from(second.head.weight.buffer))).toBe(true);
    expect(second).toEqual(first);
  });

  it('gives others for another seed', async () => {
    expect((await run({ seed: 43 })).head.weight).not.toEqual((await run()).head.weight);
  });

  it('gives others without the copies: every epoch draws from all tables', async () => {
    const alone = await trainHead(optionsFor(pets), { tables: train.tables.slice(0, 1) }, val, ignore, never);
    expect(alone.history).not.toEqual((await run()).history);
  });

  it('drops features out in training, and only there', async () => {
    const [without, with_] = [await run({ dropout: 0, epochs: 1 }), await run({ dropout: 0.9, epochs: 1 })];
    const [untrained, dropped] = [
      await run({ dropout: 0, epochs: 1, lr: 1e-9 }),
      await run({ dropout: 0.9, epochs: 1, lr: 1e-9 }),
    ];
    expect(without.history[0]?.val_loss).toBeLessThan(untrained.history[0]?.val_loss ?? NaN);
    // Learned from other features, and yet measured with all of them.
    expect(with_.head.weight).not.toEqual(without.head.weight);
    for (const measure of ['train_loss', 'val_loss'] as const)
      expect(dropped.history[0]?.[measure]).toBeCloseTo(untrained.history[0]?.[measure] ?? NaN, 6);
  });

  it('measures training and validation alike: the same rows have the same loss', async () => {
    const originals = train.tables[0]!;
    const { history } = await trainHead(optionsFor(pets), train, originals, ignore, never);
    for (const { train_loss, val_loss, train_acc, val_acc } of history)
      expect([train_loss, train_acc]).toEqual([val_loss, val_acc]);
  });

  it('finds a rare label as often as the common one when labels are balanced', async () => {
    const rare = (seed: number) => clouds(400, 2, 0.5, seed, undefined, 20);
    const test = clouds(2000, 2, 0.5, 9);
    const recall = async (class_weights: 'none' | 'balanced') => {
      const options = optionsFor(pets, { class_weights, epochs: 40 });
      const { head } = await trainHead(options, { tables: [rare(1)] }, rare(2), ignore, never);
      const logits = headLogits(head, test);
      const found = (label: number) =>
        logits.filter((z, row) => test.classes[row] === label && Number(z >= 0) === label).length / 1000;
      return [found(0), found(1)] as const;
    };
    const [[, rareAlone], [common, rareBalanced]] = [await recall('none'), await recall('balanced')];
    expect(rareAlone).toBeLessThan(0.6);
    expect(rareBalanced).toBeGreaterThan(rareAlone + 0.15);
    expect(Math.abs(common - rareBalanced)).toBeLessThan(0.2);
  });

  it('does not change what it was given', async () => {
    const before = train.tables.map(({ values }) => values.slice());
    await run();
    expect(train.tables.map(({ values }) => values)).toEqual(before);
  });
});

describe('epochs', () => {
  const train = { tables: [clouds(50, 2, 1, 1)] };
  const val = clouds(30, 2, 1, 2);

  it('are told one by one, with the learning rate of each', async () => {
    const told: EpochRecord[] = [];
    const { history } = await trainHead(optionsFor(pets), train, val, (record) => void told.push(record), never);
    expect(told).toEqual(history);
    expect(told.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(told.map(({ lr }) => lr)).toEqual([...Array<number>(5).fill(0.01), ...Array<number>(5).fill(0.005)]);
  });

  it('end when patience is over, and the best one by validation loss is kept', async () => {
    // A rate at which a small training set is soon learned by heart.
    const options = optionsFor(pets, { epochs: 200, lr: 0.5, patience: 3, dropout: 0 });
    const { head, history, bestEpoch } = await trainHead(options, train, val, ignore, never);
    const losses = history.map(({ val_loss }) => val_loss);
    expect(bestEpoch).toBe(losses.indexOf(Math.min(...losses)) + 1);
    expect(history).toHaveLength(bestEpoch + 3);
    const right = headLogits(head, val).filter((z, row) => Number(z >= 0) === val.classes[row]).length;
    expect(right / val.rows).toBe(history[bestEpoch - 1]?.val_acc);
  });

  it('work with more rows in a batch than there are', async () => {
    const { history } = await trainHead(optionsFor(pets, { batch_size: 4096 }), train, val, ignore, never);
    expect(history).toHaveLength(10);
  });

  it('keep a finite loss at the largest rate and with huge features', async () => {
    const huge = { ...train.tables[0]!, values: train.tables[0]!.values.map((value) => value * 1e37) };
    const { history } = await trainHead(optionsFor(pets, { lr: 10 }), { tables: [huge] }, val, ignore, never);
    expect(history.every(({ train_loss, val_loss }) => Number.isFinite(train_loss + val_loss))).toBe(true);
  });

  it('stop in the middle when the signal says so', async () => {
    const stop = new AbortController();
    const running = trainHead(optionsFor(pets, { epochs: 10_000 }), train, val, ignore, stop.signal);
    setImmediate(() => {
      stop.abort();
    });
    await expect(running).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });
});

describe('what cannot be learned from is refused', () => {
  const good = clouds(20, 2, 1, 1);
  const spoiled = (at: number, value: number) => {
    const table = clouds(20, 2, 1, 1);
    table.values[at] = value;
    return table;
  };
  const onlyCats = clouds(20, 2, 1, 1, new Uint16Array(20));
  const none = { values: new Float32Array(), width: 24, rows: 0, classes: new Uint16Array() };

  it.each<[string, string[], FeatureTable[], FeatureTable, string, string]>([
    ['one label', ['cat'], [onlyCats], onlyCats, 'DATA_ONE_CLASS', 'only "cat"'],
    ['no label', [], [none], none, 'DATA_ONE_CLASS', 'none'],
    ['a label without a row', pets, [onlyCats], good, 'DATA_SPLIT_EMPTY', 'no photograph of dog'],
    ['no row to validate on', pets, [good], none, 'DATA_SPLIT_EMPTY', 'validation split is empty'],
    ['NaN', pets, [spoiled(30, NaN)], good, 'BACKBONE_INVALID', 'Feature 6 of row 1 of the training split is NaN'],
    [
      'infinity in a copy',
      pets,
      [good, spoiled(0, -Infinity)],
      good,
      'BACKBONE_INVALID',
      'copy 1 of the training split',
    ],
    ['infinity to validate on', pets, [good], spoiled(479, Infinity), 'BACKBONE_INVALID', 'the validation split'],
  ])('%s', async (_, labels, tables, val, code, message) => {
    const error: unknown = await trainHead(optionsFor(labels), { tables }, val, ignore, never).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(CliError);
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) as string });
    expect((error as CliError).hint).not.toBe('');
  });

  it.each<[string, FeatureTable[], FeatureTable]>([
    ['copies of other rows', [good, clouds(21, 2, 1, 1)], good],
    ['a class beyond the labels', [clouds(20, 3, 1, 1)], good],
    ['features of another width', [good], { ...good, width: 12, rows: 40, classes: new Uint16Array(40) }],
    ['no table', [], good],
  ])('a mistake of the caller: %s', async (_, tables, val) => {
    await expect(trainHead(optionsFor(pets), { tables }, val, ignore, never)).rejects.toThrow(RangeError);
  });
});
