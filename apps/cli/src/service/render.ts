import { padEnd, plain, shortDigest, count } from '../terminal/text.ts';
import { renderTable, type Cell } from '../terminal/table.ts';
import type { Theme } from '../terminal/theme.ts';
import type { RequestRecord, SimulationReport, Tally } from './report.ts';

const ms = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
/** A share with one decimal: the difference between two models is often below a percent. */
const share = (value: number | null): string => (value === null ? '-' : `${(value * 100).toFixed(1)} %`);

/** Widths of the columns of the lines, known before the first answer so that lines can be written as they come. */
export interface LineLayout {
  readonly total: number;
  readonly labelWidth: number;
}

/** A line a request: index/total, true and predicted label, confidence, latency, right or wrong; pure. */
export function renderRecord(record: RequestRecord, { total, labelWidth }: LineLayout, theme: Theme): string {
  const { index, true_label, predicted_label, confidence, latency_ms, correct, abstained, error, attempts } = record;
  const digits = String(total).length;
  const verdict = error !== undefined ? 'error' : correct ? 'right' : 'WRONG';
  const notes = [
    abstained === true ? 'abstained' : '',
    attempts > 1 ? `sent ${attempts} times` : '',
    error === undefined ? '' : `${error.code}: ${plain(error.message)}`,
    correct ? '' : plain(record.file),
  ].filter((note) => note !== '');
  return [
    `${String(index).padStart(digits)}/${total}`,
    padEnd(plain(true_label), labelWidth),
    padEnd(plain(predicted_label ?? '-'), labelWidth),
    (confidence === null ? '-' : share(confidence)).padStart(10),
    ms(latency_ms).padStart(8),
    padEnd(theme.paint(error !== undefined ? 'warn' : correct ? 'good' : 'bad', verdict), 5),
    theme.paint('dim', notes.join(', ')),
  ]
    .join('  ')
    .trimEnd();
}

/** The heading of the lines; pure. */
export function renderHeading({ total, labelWidth }: LineLayout, theme: Theme): string {
  const first = 2 * String(total).length + 1;
  const columns = [
    '#'.padStart(first),
    padEnd('TRUE', labelWidth),
    padEnd('SAID', labelWidth),
    'CONFIDENCE',
    ' LATENCY',
    'VERDICT',
  ];
  return theme.paint('dim', columns.join('  '));
}

/** What it comes to, under the lines; pure. */
export function renderSummary(report: SimulationReport, theme: Theme): readonly string[] {
  const { answered, errors, total_requests, throttled, abstained, models } = report;
  const of = ({ answered: all, correct, accuracy }: Tally): readonly Cell[] => [
    share(accuracy),
    `${correct} of ${all} right`,
  ];
  const rows: (readonly Cell[])[] = [
    [{ text: 'accuracy', tone: 'strong' }, ...of(report)],
    ...Object.entries(report.accuracy_by_label).map(([label, tally]) => [plain(label), ...of(tally)]),
    ['mean confidence', share(report.mean_confidence)],
    ['latency, mean', report.mean_latency_ms === null ? '-' : ms(report.mean_latency_ms)],
    ['latency, p95', report.p95_latency_ms === null ? '-' : ms(report.p95_latency_ms)],
    ...(abstained === undefined
      ? []
      : [['abstained', String(abstained), `of ${answered}: probably none of the labels`]]),
    ...models.map((model, index) => [
      index === 0 ? 'model' : '',
      plain(model.version),
      `${shortDigest(plain(model.digest))}${models.length > 1 ? `, ${count(model.answered, 'answer')}, ${share(model.accuracy)}` : ''}`,
    ]),
    ...(throttled === 0 ? [] : [['waited', String(throttled), 'times, because the service asked for it']]),
    ...(errors === 0
      ? []
      : [[{ text: 'no answer', tone: 'bad' } as const, String(errors), `of ${total_requests}: ${byCode(report)}`]]),
  ];
  return renderTable({ rows }, theme);
}

const byCode = ({ errors_by_code }: SimulationReport): string =>
  Object.entries(errors_by_code)
    .map(([code, times]) => `${times} ${code}`)
    .join(', ');
