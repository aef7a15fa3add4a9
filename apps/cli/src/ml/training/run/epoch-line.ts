import type { EpochRecord } from '../../types.ts';

const columns = ['train_loss', 'train_acc', 'val_loss', 'val_acc', 'lr'] as const;
const WIDTH = 12;

/** One line an epoch, figures below their names; without a record, the names. */
export function epochLine(record?: EpochRecord): string {
  if (record === undefined) return ['epoch', ...columns.map((name) => name.padStart(WIDTH))].join('');
  const figures = columns.map((name) =>
    (name === 'lr' ? String(Number(record[name].toPrecision(3))) : record[name].toFixed(4)).padStart(WIDTH),
  );
  return [String(record.epoch).padStart('epoch'.length), ...figures].join('');
}
