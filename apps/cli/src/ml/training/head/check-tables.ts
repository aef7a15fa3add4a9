import { CliError } from '../../../errors/cli-error.ts';
import type { FeatureTable, TrainingTable } from '../../types.ts';

/**
 * Refuses what a head cannot be learned from.
 *
 * @throws CliError DATA_ONE_CLASS, DATA_SPLIT_EMPTY (no row, or a label without one in the training split),
 *   BACKBONE_INVALID (a feature that is not a finite number).
 * @throws RangeError tables that do not fit each other or the labels: a mistake of the caller.
 */
export function checkTables(labels: readonly string[], train: TrainingTable, val: FeatureTable): void {
  if (labels.length < 2) {
    throw new CliError(
      'DATA_ONE_CLASS',
      `A classifier needs two labels or more, and the data has ${labels.length === 0 ? 'none' : `only "${String(labels[0])}"`}.`,
      'Add a folder of photographs for each label and run pawl data prepare again.',
    );
  }
  const originals = train.tables[0];
  if (originals === undefined) throw new RangeError('The training table is empty.');
  for (const table of [...train.tables, val]) checkShape(table, labels.length, originals.width);
  for (const copies of train.tables) {
    if (copies.rows !== originals.rows || copies.classes.some((label, row) => label !== originals.classes[row]))
      throw new RangeError('The altered copies do not correspond to the originals, row by row.');
  }
  checkRows(labels, originals.classes, val.rows);
  train.tables.forEach((table, which) => {
    checkFinite(table, which === 0 ? 'the training split' : `copy ${which} of the training split`);
  });
  checkFinite(val, 'the validation split');
}

function checkShape({ values, rows, width, classes }: FeatureTable, labels: number, expected: number): void {
  if (width !== expected || values.length !== rows * width || classes.length !== rows)
    throw new RangeError(`A feature table of ${rows} rows has ${values.length} values and ${classes.length} classes.`);
  const stray = classes.find((label) => label >= labels);
  if (stray !== undefined) throw new RangeError(`Class ${stray} of ${labels} labels.`);
}

function checkRows(labels: readonly string[], classes: Uint16Array, valRows: number): void {
  const present = new Set(classes);
  const missing = labels.filter((_, index) => !present.has(index));
  const what =
    missing.length > 0 ? `training split has no photograph of ${missing.join(', ')}` : 'validation split is empty';
  if (missing.length === 0 && valRows > 0) return;
  throw new CliError(
    'DATA_SPLIT_EMPTY',
    `The ${what}, and the head learns from the one and is chosen by the other.`,
    'Add photographs, or raise that part of preprocess.split_ratios, and run pawl data prepare again.',
  );
}

function checkFinite({ values, width }: FeatureTable, where: string): void {
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at === -1) return;
  throw new CliError(
    'BACKBONE_INVALID',
    `Feature ${at % width} of row ${Math.floor(at / width)} of ${where} is ${String(values[at])}, not a finite number.`,
    'Check the input of train.backbone (mean, std, dtype) and that train.features names its pooled output.',
  );
}
