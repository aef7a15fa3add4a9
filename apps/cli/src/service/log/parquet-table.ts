import { type ColumnSource, fileWriter, ParquetWriter, schemaFromColumnData } from 'hyparquet-writer';
import type { PredictionLine } from '@pawl/shared/predictionlog/prediction-line';
import type { LogColumn } from './log-columns.ts';

/** A Parquet file that grows by row groups; its columns are settled when it begins. */
export class ParquetTable {
  readonly #columns: readonly LogColumn[];
  readonly #writer: ParquetWriter;

  /** @param path of the file, which is replaced. @throws errors of the file system. */
  constructor(path: string, columns: readonly LogColumn[], createdBy: string) {
    this.#columns = columns;
    const schema = schemaFromColumnData({ columnData: this.#data([]) });
    this.#writer = new ParquetWriter({ writer: fileWriter(path), schema, createdBy });
  }

  /** Writes lines as one row group. */
  async write(lines: readonly PredictionLine[]): Promise<void> {
    await this.#writer.write({ columnData: this.#data(lines), rowGroupSize: lines.length });
  }

  /** Writes the end, without which the file is none. */
  async finish(): Promise<void> {
    await this.#writer.finish();
  }

  #data(lines: readonly PredictionLine[]): ColumnSource[] {
    return this.#columns.map((column) => ({
      name: column.name,
      type: column.type,
      data: lines.map((line) => column.valueOf(line)),
      nullable: true,
    }));
  }
}
