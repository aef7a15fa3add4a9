import type { MeasuredPicture } from '../../bundles/diff/measured-on.ts';

/** The three parts of a data set. Training sees `train`, choices are made on `val`, figures come from `test`. */
export const splits = ['train', 'val', 'test'] as const;
export type Split = (typeof splits)[number];

/** What `pawl data prepare` knows of the file that a prepared picture was made of. */
export interface SourceFacts {
  /** Path under the raw folder, such as `cat/abyssinian/1.jpg`. */
  readonly path: string;
  /** sha256 of the raw file, `sha256:<hex>`. */
  readonly digest: string;
  /** By content: jpeg, png, webp, gif, avif. */
  readonly format: string;
  /** Pixels as looked at, after EXIF orientation. */
  readonly width: number;
  readonly height: number;
  /** Bytes of the raw file. */
  readonly bytes: number;
  /** Mean luma of the prepared picture, 0..255. */
  readonly brightness: number;
}

/** One prepared picture. */
export interface DatasetItem {
  /** Path in the data set: `train/cat/000017.png`. */
  readonly path: string;
  readonly split: Split;
  readonly label: string;
  /** sha256 of the prepared file, `sha256:<hex>`. */
  readonly digest: string;
  /** Absent when the data set was not made by `pawl data prepare`. */
  readonly source?: SourceFacts | undefined;
}

/** Items as what a model is measured on: a photograph is the same at whatever size it was prepared. */
export const measuredPictures = (items: readonly DatasetItem[]): readonly MeasuredPicture[] =>
  items.map(({ label, digest, source }) => ({ label, digest: source?.digest ?? digest }));

/** A prepared data set, in a folder or in a tar archive. */
export interface Dataset {
  /** Sorted; index is the class. */
  readonly labels: readonly string[];
  /** Sorted by path. */
  readonly items: readonly DatasetItem[];
  /** `sha256:<hex>` over the sorted lines `<digest>  <path>`: the same pictures in the same splits, the same hash. */
  readonly hash: string;
  /** The bytes of a prepared picture (PNG of image_size x image_size). */
  read(item: DatasetItem): Promise<Uint8Array<ArrayBuffer>>;
  close(): Promise<void>;
}
