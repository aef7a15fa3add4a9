import { renderTable, type Cell } from '../../terminal/table.ts';
import { age } from '../../terminal/text.ts';
import type { Theme, Tone } from '../../terminal/theme.ts';
import type { RunInfo } from './local-run.ts';

/** A run as `pawl runs list` shows it. */
export interface RunRow {
  readonly info: RunInfo;
  readonly experiment: string;
  /** The process that wrote it was killed. */
  readonly wasCutOff: boolean;
  /** Last value by metric. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Page on the server, or the local folder. */
  readonly location: string;
  /** Undefined where no server is set. */
  readonly pushed: 'yes' | 'partly' | 'no' | undefined;
}

const tones: Readonly<Record<RunInfo['status'], Tone>> = {
  RUNNING: 'warn',
  FINISHED: 'good',
  FAILED: 'bad',
  KILLED: 'bad',
};

/** Runs as a table, newest first. Pure. */
export function renderRuns(rows: readonly RunRow[], theme: Theme, now: Date): string {
  const withServer = rows.some(({ pushed }) => pushed !== undefined);
  const header = ['NAME', 'EXPERIMENT', 'AGE', 'STATUS', 'TEST_ACC', 'VAL_LOSS'];
  return `${renderTable(
    {
      header: [...header, ...(withServer ? ['PUSHED'] : []), 'WHERE'],
      rows: rows.map((row): readonly Cell[] => [
        row.info.runName,
        row.experiment,
        age(new Date(row.info.startTime).toISOString(), now),
        row.wasCutOff ? { text: 'CUT OFF', tone: 'bad' } : { text: row.info.status, tone: tones[row.info.status] },
        figure(row.metrics['test_acc']),
        figure(row.metrics['val_loss']),
        ...(withServer ? [pushedCell(row.pushed ?? 'no')] : []),
        row.location,
      ]),
    },
    theme,
  ).join('\n')}\n`;
}

const figure = (value: number | undefined): string => (value === undefined ? '-' : value.toFixed(4));

const pushedCell = (pushed: 'yes' | 'partly' | 'no'): Cell => ({
  text: pushed,
  tone: pushed === 'yes' ? 'good' : 'warn',
});
