import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { confusionMatrix } from '../../charts/confusion-matrix.ts';
import { lossCurves } from '../../charts/loss-curves.ts';
import { mistakesSheet, type Mistake } from '../../charts/mistakes-sheet.ts';
import { reliabilityDiagram } from '../../charts/reliability-diagram.ts';
import { rocCurve } from '../../charts/roc-curve.ts';
import type { Dataset, DatasetItem } from '../../data/dataset.ts';
import { writeError } from '../../../errors/write-error.ts';
import type { EpochRecord, Slice, TrainedHead } from '../../types.ts';
import type { Assessment } from './assess.ts';

/** Photographs on the sheet of mistakes. */
const MISTAKES = 24;

/** What the reports are made of. */
export interface ReportInput {
  readonly dataset: Dataset;
  readonly testItems: readonly DatasetItem[];
  readonly trained: TrainedHead;
  readonly assessment: Assessment;
  readonly figures: Readonly<Record<string, number>>;
}

/**
 * Writes charts (PNG), `metrics.json` (flat, for `dvc metrics`), `epochs.csv`, `predictions.csv` and `slices.csv` (for
 * `dvc plots`) into a folder.
 *
 * @returns absolute paths of what was written.
 * @throws CliError FILE_WRITE_FAILED, DISK_FULL.
 */
export async function writeReports(folder: string, input: ReportInput): Promise<readonly string[]> {
  const { dataset, trained, assessment, figures } = input;
  const { test, uncalibrated, calibration } = assessment;
  const files: Readonly<Record<string, string | Uint8Array>> = {
    'loss_curves.png': await lossCurves(trained.history, trained.bestEpoch),
    'confusion_matrix.png': await confusionMatrix(test.evaluation, dataset.labels),
    'reliability.png': await reliabilityDiagram(
      calibration.temperature === 1 ? undefined : uncalibrated,
      test.evaluation,
    ),
    'roc.png': await rocCurve(test.evaluation),
    'mistakes.png': await mistakesSheet(await mostWrong(input)),
    'metrics.json': `${JSON.stringify(figures, null, 2)}\n`,
    'epochs.csv': epochsCsv(trained.history),
    'predictions.csv': predictionsCsv(input),
    'slices.csv': slicesCsv(assessment.slices),
  };
  try {
    await mkdir(folder, { recursive: true });
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  } catch (cause) {
    throw writeError(folder, cause, { elsewhere: 'give another folder with --reports' });
  }
  return Object.keys(files).map((name) => join(folder, name));
}

/** The test pictures that were answered wrongly, surest first. */
async function mostWrong({ dataset, testItems, assessment }: ReportInput): Promise<readonly Mistake[]> {
  const { answered, confidence } = assessment.test.answers;
  const wrong = testItems
    .flatMap((item, row) => (assessment.right[row] === true ? [] : [{ item, row, confidence: confidence[row] ?? 0 }]))
    .sort((a, b) => b.confidence - a.confidence)
    .slice(0, MISTAKES);
  return await Promise.all(
    wrong.map(async ({ item, row, confidence: sure }) => ({
      png: await dataset.read(item),
      actual: item.label,
      answered: dataset.labels[answered[row] ?? 0] ?? '',
      confidence: sure,
      path: item.source?.path ?? item.path,
    })),
  );
}

/** A header and a line an epoch. */
export function epochsCsv(history: readonly EpochRecord[]): string {
  const columns = ['epoch', 'train_loss', 'train_acc', 'val_loss', 'val_acc', 'lr'] as const;
  return csv([columns, ...history.map((record) => columns.map((column) => record[column]))]);
}

function predictionsCsv({ dataset, testItems, assessment }: ReportInput): string {
  const { answered, confidence } = assessment.test.answers;
  const rows = testItems.map((item, row) => [
    item.label,
    dataset.labels[answered[row] ?? 0] ?? '',
    (confidence[row] ?? 0).toFixed(6),
    item.source?.path ?? item.path,
  ]);
  return csv([['actual', 'predicted', 'confidence', 'path'], ...rows]);
}

function slicesCsv(slices: readonly Slice[]): string {
  return csv([
    // The exact 95 % interval: what a small slice says.
    ['by', 'value', 'count', 'accuracy', 'lower', 'upper'],
    ...slices.map(({ by, value, count, accuracy, interval: { lower, upper } }) => [
      by,
      value,
      count,
      ...[accuracy, lower, upper].map((share) => share.toFixed(6)),
    ]),
  ]);
}

/** RFC 4180, with bare newlines as DVC and spreadsheets read them. */
export function csv(rows: readonly (readonly (string | number)[])[]): string {
  const cell = (value: string | number) => {
    const text = String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map((row) => `${row.map(cell).join(',')}\n`).join('');
}
