import type { PredictionLine } from '@pawl/shared/predictionlog/prediction-line';

/** Types of columns, by the names of hyparquet-writer. */
type ColumnType = 'TIMESTAMP' | 'STRING' | 'DOUBLE' | 'INT32' | 'BOOLEAN';

/** A value of a cell; undefined where the line has none. */
type Cell = string | number | boolean | Date | undefined;

/** A column of the table: what it is called, and what it takes of a line. */
export interface LogColumn {
  readonly name: string;
  readonly type: ColumnType;
  valueOf(line: PredictionLine): Cell;
}

const column = (name: string, type: ColumnType, valueOf: LogColumn['valueOf']): LogColumn => ({ name, type, valueOf });

/** The columns that every line has a place in. */
const ownColumns: readonly LogColumn[] = [
  column('time', 'TIMESTAMP', ({ time }) => new Date(time)),
  column('prediction_id', 'STRING', (line) => line.prediction_id),
  column('request_id', 'STRING', (line) => line.request_id),
  column('model', 'STRING', (line) => line.model),
  column('version', 'STRING', (line) => line.version),
  column('digest', 'STRING', (line) => line.digest),
  column('label', 'STRING', (line) => line.label),
  column('confidence', 'DOUBLE', (line) => line.confidence),
  column('abstained', 'BOOLEAN', (line) => line.abstained),
  column('known', 'DOUBLE', (line) => line.known),
  column('stage', 'STRING', (line) => line.stage),
  column('format', 'STRING', (line) => line.format),
  column('width', 'INT32', (line) => line.width),
  column('height', 'INT32', (line) => line.height),
  column('frames', 'INT32', (line) => line.frames),
  column('bytes', 'INT32', (line) => line.bytes),
  column('queue_ms', 'DOUBLE', (line) => line.timings.queue_ms),
  column('decode_ms', 'DOUBLE', (line) => line.timings.decode_ms),
  column('infer_ms', 'DOUBLE', (line) => line.timings.infer_ms),
];
const ownNames = new Set(ownColumns.map(({ name }) => name));

/** The statistics and labels that lines were seen with: each is a column. */
export class SeenColumns {
  readonly #statistics = new Set<string>();
  readonly #labels = new Set<string>();

  /** Notes what a line has. @returns whether any of it is new. */
  add({ statistics, probabilities }: PredictionLine): boolean {
    const before = this.#statistics.size + this.#labels.size;
    for (const name of Object.keys(statistics)) this.#statistics.add(name);
    for (const label of Object.keys(probabilities)) this.#labels.add(label);
    return this.#statistics.size + this.#labels.size > before;
  }

  /** The columns of the table, the same whatever the order of the lines: own ones, statistics, `probability_<label>`. */
  get columns(): readonly LogColumn[] {
    return [
      ...ownColumns,
      ...[...this.#statistics].sort().map((name) =>
        // No service writes such a name; a line of another origin must not make two columns of one name.
        column(ownNames.has(name) ? `statistic_${name}` : name, 'DOUBLE', (line) => line.statistics[name]),
      ),
      ...[...this.#labels]
        .sort()
        .map((label) => column(`probability_${label}`, 'DOUBLE', (line) => line.probabilities[label])),
    ];
  }
}
