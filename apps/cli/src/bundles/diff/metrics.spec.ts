import { themeFor } from '../../terminal/theme.ts';
import { betterDirection, compareMetrics, figure, verdictCell } from './metrics.ts';

const theme = themeFor({ write: () => undefined }, { LANG: 'C.UTF-8' });

describe('metrics of two versions', () => {
  it.each([
    ['accuracy', 'larger'],
    ['recall_cat', 'larger'],
    ['rocAuc', 'larger'],
    ['roc_auc', 'larger'],
    ['test_acc', 'larger'],
    ['logLoss', 'smaller'],
    ['test_loss', 'smaller'],
    ['ece', 'smaller'],
    ['latency_ms', 'smaller'],
    ['error_rate', 'smaller'],
    ['epochs', undefined],
    // No word of its own: `ece` is in it, and means nothing.
    ['received', undefined],
  ])('%s is better %s', (name, expected) => {
    expect(betterDirection(name)).toBe(expected);
  });

  const on = (pictures: string | undefined, metrics: Record<string, number>) => ({
    metrics,
    lineage: pictures === undefined ? {} : { measured_on: pictures },
  });

  it('says which way each went, and which have no counterpart', () => {
    const changes = compareMetrics(
      on('a', { accuracy: 0.9, ece: 0.1, epochs: 3, gone: 1, same: 2 }),
      on('a', { accuracy: 0.95, ece: 0.2, epochs: 4, new: 1, same: 2 }),
    );
    expect(changes.map(({ name, verdict }) => [name, verdict])).toEqual([
      ['accuracy', 'better'],
      ['ece', 'worse'],
      ['epochs', 'changed'],
      ['same', 'same'],
      ['gone', 'removed'],
      ['new', 'added'],
    ]);
  });

  it.each([
    ['accuracy', 0.954, 0.981, '▲ +0.027 better', 'good'],
    ['accuracy', 0.981, 0.954, '▼ -0.027 worse', 'bad'],
    ['log_loss', 0.2, 0.1, '▼ -0.1 better', 'good'],
    ['epochs', 3, 10, '▲ +7', 'plain'],
  ])('%s from %d to %d reads %s', (name, before, after, text, tone) => {
    const [change] = compareMetrics(on('a', { [name]: before }), on('a', { [name]: after }));
    if (change === undefined) throw new Error('no change');
    expect(verdictCell(change, theme)).toEqual({ text, tone });
  });

  it.each([
    ['other pictures', 'b', 'other-pictures', 'measured on other pictures'],
    ['pictures that nobody noted', undefined, 'unknown-pictures', 'pictures not on record'],
  ])('nothing is better on %s', (_, pictures, verdict, text) => {
    for (const accuracy of [0.9, 0.95, 0.8]) {
      const [change] = compareMetrics(on('a', { accuracy: 0.9 }), on(pictures, { accuracy }));
      expect(change).toMatchObject({ before: 0.9, after: accuracy, verdict });
      expect(verdictCell(change!, theme)).toEqual({ text, tone: 'dim' });
    }
  });

  it.each([
    [undefined, '-'],
    [1, '1'],
    [0.95412, '0.9541'],
    [0.9, '0.9'],
    [0.0000123, '0.0000123'],
  ])('%s is written %s', (value, text) => {
    expect(figure(value)).toBe(text);
  });
});
