import { renderTable, type Cell } from '../../terminal/table.ts';
import { age } from '../../terminal/text.ts';
import type { Theme, Tone } from '../../terminal/theme.ts';
import type { RunSummary } from './run-events.ts';

/** A run as `pawl runs list` and `pawl runs show` know it. */
export interface RunRow extends Pick<
  RunSummary,
  'name' | 'experiment' | 'status' | 'startTime' | 'endTime' | 'params' | 'tags'
> {
  readonly runId: string;
  /** The process that wrote it was killed. */
  readonly wasCutOff: boolean;
  /** Lines of the record that cannot be read. */
  readonly damaged: number;
  /** Last value by metric. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Validation loss of the head that was kept; while it trains, the lowest so far. Undefined before the first epoch. */
  readonly bestValLoss: number | undefined;
  /** Paths. */
  readonly artifacts: readonly string[];
  /** Registered versions, such as `catdog 3 as @candidate`. */
  readonly models: readonly string[];
  /** Page on the server, or the local folder. */
  readonly location: string;
  /** Undefined where no server is set. */
  readonly pushed: 'yes' | 'partly' | 'no' | undefined;
}

const tones: Readonly<Record<RunRow['status'], Tone>> = {
  RUNNING: 'warn',
  FINISHED: 'good',
  FAILED: 'bad',
  KILLED: 'bad',
};

/** Runs as a table, newest first. Pure. */
export function renderRuns(rows: readonly RunRow[], theme: Theme, now: Date): string {
  const withServer = rows.some(({ pushed }) => pushed !== undefined);
  const header = ['NAME', 'EXPERIMENT', 'AGE', 'STATUS', 'TEST_ACC', 'BEST_VAL_LOSS'];
  return `${renderTable(
    {
      header: [...header, ...(withServer ? ['PUSHED'] : []), 'WHERE'],
      rows: rows.map((row): readonly Cell[] => [
        row.name,
        row.experiment,
        age(new Date(row.startTime).toISOString(), now),
        statusCell(row),
        figure(row.metrics['test_acc']),
        figure(row.bestValLoss),
        ...(withServer ? [pushedCell(row.pushed ?? 'no')] : []),
        row.location,
      ]),
    },
    theme,
  ).join('\n')}\n`;
}

/** One run: what it is, then its parameters, figures, tags and artifacts. Pure. */
export function renderRun(row: RunRow, theme: Theme, now: Date): string {
  const section = (title: string, values: Readonly<Record<string, string>>): readonly string[] =>
    Object.keys(values).length === 0
      ? []
      : ['', theme.paint('dim', title), ...renderTable({ rows: Object.entries(values).sort(byName) }, theme, '  ')];
  const facts: readonly (readonly Cell[])[] = [
    ['run', row.runId],
    ['experiment', row.experiment],
    ['started', `${new Date(row.startTime).toISOString()} (${age(new Date(row.startTime).toISOString(), now)} ago)`],
    ['status', statusCell(row)],
    ...row.models.map((model) => ['registered', model]),
    ['where', row.location],
  ];
  const figures = Object.entries(row.metrics).map(([name, value]) => [name, String(value)] as const);
  return `${[
    theme.paint('strong', row.name),
    ...renderTable({ rows: facts }, theme, '  '),
    ...section('Parameters', row.params),
    ...section('Last figures', Object.fromEntries(figures)),
    ...section('Tags', row.tags),
    ...(row.artifacts.length === 0 ? [] : ['', theme.paint('dim', 'Artifacts'), ...row.artifacts.map(indented)]),
  ].join('\n')}\n`;
}

const indented = (line: string): string => `  ${line}`;
const byName = ([a]: readonly [string, string], [b]: readonly [string, string]): number => (a < b ? -1 : 1);

const statusCell = ({ status, wasCutOff }: RunRow): Cell =>
  wasCutOff ? { text: 'CUT OFF', tone: 'bad' } : { text: status, tone: tones[status] };

const figure = (value: number | undefined): string => (value === undefined ? '-' : value.toFixed(4));

const pushedCell = (pushed: 'yes' | 'partly' | 'no'): Cell => ({
  text: pushed,
  tone: pushed === 'yes' ? 'good' : 'warn',
});
