import { renderTable, type Cell } from '../../terminal/table.ts';
import { bytes, count, percent } from '../../terminal/text.ts';
import type { Theme, Tone } from '../../terminal/theme.ts';
import { splits } from './dataset.ts';
import type { DataReport } from './report.ts';

/** What was written, as it was named. */
export interface WrittenPaths {
  readonly out: string;
  readonly report: string;
  readonly archive?: { readonly path: string; readonly bytes: number } | undefined;
}

/** A data set in a few lines: how many of each label where, what was left out, what deserves a look. Pure. */
export function renderPreparation(report: DataReport, paths: WrittenPaths, theme: Theme): string {
  const { files, labels, nearDuplicates, labelCheck } = report;
  const rows = Object.entries(labels).map(
    ([label, counts]) => [label, ...splits.map((split) => counts[split])] as const,
  );
  const totals = splits.map((_, column) => rows.reduce((sum, row) => sum + Number(row[column + 1]), 0));
  const cells = ([name, ...numbers]: readonly (string | number)[]): Cell[] => [
    String(name),
    ...[...numbers, numbers.reduce<number>((sum, number) => sum + Number(number), 0)].map((number) => String(number)),
  ];
  const table = renderTable(
    {
      header: ['LABEL', ...[...splits, 'all'].map((split) => split.toUpperCase())],
      rows: [...rows.map(cells), cells(['all', ...totals])],
    },
    theme,
  );
  const grouped = nearDuplicates.reduce((sum, { members }) => sum + members.length, 0);
  const torn = nearDuplicates.filter(({ members }) => new Set(members.map(({ split }) => split)).size > 1).length;
  const mixed = nearDuplicates.filter((group) => group.mixed).length;
  const facts: readonly (readonly [number, Tone, string])[] = [
    [files.unreadable, 'bad', 'unreadable'],
    [files.conflicting, 'bad', 'left out: the same picture under two labels'],
    [files.tiny, 'warn', `left out: a side below ${report.parameters.min_side} pixels`],
    [files.duplicate, 'plain', 'left out: the same picture is kept already'],
    [files.ignored, 'plain', 'ignored; the report says why'],
    [
      grouped,
      'plain',
      `near-duplicates in ${count(nearDuplicates.length, 'group')}${torn === 0 ? ', each in one split' : ''}`,
    ],
    [torn, 'warn', 'of these groups lie in more than one split'],
    [mixed, 'warn', 'of these groups have different labels'],
    ['suspects' in labelCheck ? labelCheck.suspects.length : 0, 'warn', 'look mislabelled'],
  ];
  const lines = facts
    .filter(([number]) => number > 0)
    .map(([number, tone, text]) => `${theme.paint(tone, String(number).padStart(5))}  ${text}`);
  const skipped =
    'skipped' in labelCheck && report.parameters.check_labels !== ''
      ? [theme.paint('warn', `labels not checked: ${labelCheck.skipped}`)]
      : [];
  const share = files.total === 0 ? 0 : files.kept / files.total;
  return [
    ...table,
    '',
    `${String(files.kept).padStart(5)}  of ${count(files.total, 'file')} in the data set (${percent(share)})`,
    ...lines,
    ...skipped,
    ...report.concerns.flatMap((concern) => ['', theme.paint('warn', concern)]),
    '',
    `data set  ${paths.out}  ${theme.paint('dim', report.hash)}`,
    ...(paths.archive === undefined ? [] : [`archive   ${paths.archive.path}  ${bytes(paths.archive.bytes)}`]),
    `report    ${paths.report}/report.html`,
    '',
  ].join('\n');
}
