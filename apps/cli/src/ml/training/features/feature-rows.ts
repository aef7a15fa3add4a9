import { splits, type DatasetItem, type Split } from '../../data/dataset.ts';
import type { FeatureTable, TrainingTable } from '../../types.ts';

/** The tables of a data set while they fill, row by row, in any order. */
export class FeatureRows {
  readonly #labels: readonly string[];
  readonly #items: Readonly<Record<Split, readonly DatasetItem[]>>;
  readonly #width: number;
  /** By split, then by variant; only `train` has more than the originals. */
  readonly #values: Readonly<Record<Split, readonly Float32Array[]>>;
  readonly #has: Readonly<Record<Split, readonly Uint8Array[]>>;
  readonly statistics: Readonly<Record<Split, Float32Array[]>> = { train: [], val: [], test: [] };
  /** The same picture may lie in a data set twice. */
  readonly #places = new Map<string, { readonly split: Split; readonly row: number }[]>();
  /** Rows that are there. */
  filled = 0;

  constructor(
    labels: readonly string[],
    items: Readonly<Record<Split, readonly DatasetItem[]>>,
    width: number,
    variants: number,
  ) {
    this.#labels = labels;
    this.#items = items;
    this.#width = width;
    const perVariant = <Table>(split: Split, make: (rows: number) => Table) =>
      Array.from({ length: split === 'train' ? variants + 1 : 1 }, () => make(items[split].length));
    const perSplit = <Table>(make: (rows: number) => Table) => ({
      train: perVariant('train', make),
      val: perVariant('val', make),
      test: perVariant('test', make),
    });
    this.#values = perSplit((rows) => new Float32Array(rows * width));
    this.#has = perSplit((rows) => new Uint8Array(rows));
    for (const split of splits)
      for (const [row, { digest }] of items[split].entries()) {
        const places = this.#places.get(digest) ?? [];
        places.push({ split, row });
        this.#places.set(digest, places);
      }
  }

  /**
   * Puts a row where its picture is; rows that nobody wants, or that are there, are left out.
   * @param values features; for variant 0, the original, followed by the statistics of its pixels.
   */
  fill(digest: string, variant: number, values: Float32Array): void {
    for (const { split, row } of this.#places.get(digest) ?? []) {
      const has = this.#has[split][variant];
      if (has === undefined || has[row] === 1) continue;
      this.#values[split][variant]?.set(values.subarray(0, this.#width), row * this.#width);
      if (variant === 0) this.statistics[split][row] = values.slice(this.#width);
      has[row] = 1;
      this.filled += 1;
    }
  }

  /** What is still to be computed, a picture only once. */
  missing(): readonly { readonly item: DatasetItem; readonly variants: readonly number[] }[] {
    const seen = new Set<string>();
    return splits.flatMap((split) =>
      this.#items[split].flatMap((item, row) => {
        const variants = this.#has[split].flatMap((has, variant) => (has[row] === 1 ? [] : [variant]));
        const key = `${item.digest} ${variants.join()}`;
        if (variants.length === 0 || seen.has(key)) return [];
        seen.add(key);
        return [{ item, variants }];
      }),
    );
  }

  /** The tables; call it when nothing is missing. */
  tables(): { readonly train: TrainingTable; readonly val: FeatureTable; readonly test: FeatureTable } {
    const table = (split: Split, variant: number): FeatureTable => ({
      values: this.#values[split][variant] ?? new Float32Array(),
      width: this.#width,
      rows: this.#items[split].length,
      classes: Uint16Array.from(this.#items[split], ({ label }) => this.#labels.indexOf(label)),
    });
    return {
      train: { tables: this.#values.train.map((_, variant) => table('train', variant)) },
      val: table('val', 0),
      test: table('test', 0),
    };
  }
}
