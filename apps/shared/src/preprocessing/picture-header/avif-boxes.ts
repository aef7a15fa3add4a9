import { nameAt, viewOf } from './common.ts';

/** A box of an ISO media file (ISO/IEC 14496-12, 4.2): its content, without its header. */
export interface Box {
  readonly type: string;
  /** Offset of the content. */
  readonly start: number;
  /** Offset behind the content, at most the end of the file. */
  readonly end: number;
}

/** How one picture is coded, by its `av1C`. */
interface Coding {
  /** More than 8 bits a sample. */
  readonly isDeep: boolean;
  /** 4:2:0, or grey. */
  readonly isSubsampled: boolean;
}

/** Pixels across and down. */
interface Size {
  readonly width: number;
  readonly height: number;
}

/** One item of a `meta` box, with the properties that say what decoding it costs. */
export interface Item {
  readonly id: number;
  /** `av01` for a coded picture, `grid` for one made of tiles … */
  type: string;
  isHidden: boolean;
  /** The largest of its `ispe` properties. */
  size?: Size;
  /** What `clap` leaves of it, of what is looked at. */
  crop?: Size;
  coding?: Coding;
  /** Turned by a quarter, by `irot`. */
  isTurned: boolean;
  /** An unrestricted ICC profile, by `colr`. */
  profile?: Uint8Array;
  references: { readonly type: string; readonly to: readonly number[] }[];
}

/** Most boxes, references and properties of each kind; libheif refuses more tiles than 65,536, and so much else. */
const MAX_ENTRIES = 100_000;

/** @throws RangeError for a file with more, which is no photograph; reading only a part would take it for a small one. */
function assertFew(count: number): void {
  if (count > MAX_ENTRIES) throw new RangeError('too many entries');
}

/** The boxes between two offsets. */
export function readBoxes(bytes: Uint8Array, from: number, to: number): Box[] {
  const view = viewOf(bytes);
  const boxes: Box[] = [];
  let at = from;
  while (at + 8 <= to) {
    assertFew(boxes.length);
    const small = view.getUint32(at);
    const isLarge = small === 1 && at + 16 <= to;
    // Size 0 is a box to the end of the file.
    const size = small === 0 ? to - at : isLarge ? Number(view.getBigUint64(at + 8)) : small;
    const start = at + (isLarge ? 16 : 8);
    if (size < start - at) break;
    boxes.push({ type: nameAt(view, at + 4), start, end: Math.min(at + size, to) });
    at += size;
  }
  return boxes;
}

/** The items of a `meta` box and which of them is the picture. */
export function readItems(bytes: Uint8Array, meta: Box): { items: ReadonlyMap<number, Item>; primary?: Item } {
  const items = new Map<number, Item>();
  const itemOf = (id: number): Item => {
    const item = items.get(id) ?? { id, type: '', isHidden: false, isTurned: false, references: [] };
    items.set(id, item);
    return item;
  };
  let primaryId: number | undefined;
  // Version and flags come before the boxes in it.
  for (const box of readBoxes(bytes, meta.start + 4, meta.end)) {
    const reader = new Reader(bytes, box);
    if (box.type === 'pitm') primaryId = reader.uint(reader.version === 0 ? 2 : 4);
    else if (box.type === 'iinf') readInfo(bytes, reader, itemOf);
    else if (box.type === 'iref') readReferences(bytes, reader, itemOf);
    else if (box.type === 'iprp') readProperties(bytes, box, itemOf);
  }
  const primary = primaryId === undefined ? undefined : items.get(primaryId);
  return { items, ...(primary && { primary }) };
}

/** Reads numbers one after another from a full box. */
class Reader {
  readonly version: number;
  readonly flags: number;
  at: number;
  readonly end: number;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, { start, end }: Box) {
    this.#view = viewOf(bytes);
    this.end = end;
    const word = this.#view.getUint32(start);
    this.version = word >>> 24;
    this.flags = word & 0xff_ffff;
    this.at = start + 4;
  }

  /** @throws RangeError past the end of the file. */
  uint(size: 1 | 2 | 4): number {
    const at = this.at;
    this.at += size;
    if (size === 1) return this.#view.getUint8(at);
    return size === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }

  /** The name at the reader's place, which stays. @throws RangeError past the end of the file. */
  name(): string {
    return nameAt(this.#view, this.at);
  }
}

type ItemOf = (id: number) => Item;

function readInfo(bytes: Uint8Array, reader: Reader, itemOf: ItemOf): void {
  reader.uint(reader.version === 0 ? 2 : 4);
  for (const box of readBoxes(bytes, reader.at, reader.end)) {
    const entry = new Reader(bytes, box);
    if (box.type !== 'infe' || entry.version < 2) continue;
    const item = itemOf(entry.uint(entry.version === 2 ? 2 : 4));
    entry.uint(2);
    item.type = entry.name();
    item.isHidden = (entry.flags & 1) !== 0;
  }
}

function readReferences(bytes: Uint8Array, reader: Reader, itemOf: ItemOf): void {
  const idBytes = reader.version === 0 ? 2 : 4;
  let total = 0;
  for (const { type, start, end } of readBoxes(bytes, reader.at, reader.end)) {
    // Not a full box: its content begins where the reader expects version and flags.
    const entry = new Reader(bytes, { type, start: start - 4, end });
    const from = itemOf(entry.uint(idBytes));
    const count = entry.uint(2);
    assertFew((total += count));
    const to: number[] = [];
    while (to.length < count && entry.at + idBytes <= end) to.push(entry.uint(idBytes));
    from.references.push({ type, to });
  }
}

function readProperties(bytes: Uint8Array, box: Box, itemOf: ItemOf): void {
  const parts = readBoxes(bytes, box.start, box.end);
  const container = parts.find(({ type }) => type === 'ipco');
  if (container === undefined) return;
  const properties = readBoxes(bytes, container.start, container.end);
  for (const part of parts.filter(({ type }) => type === 'ipma')) {
    const reader = new Reader(bytes, part);
    const isWide = (reader.flags & 1) !== 0;
    const entries = reader.uint(4);
    assertFew(entries);
    for (let entry = 0; entry < entries && reader.at < part.end; entry++) {
      const item = itemOf(reader.uint(reader.version < 1 ? 2 : 4));
      const count = reader.uint(1);
      for (let index = 0; index < count; index++) {
        // The first bit says that the property is essential; numbers count from 1.
        const number = isWide ? reader.uint(2) & 0x7fff : reader.uint(1) & 0x7f;
        const property = properties[number - 1];
        if (property !== undefined) apply(bytes, property, item);
      }
    }
  }
}

function apply(bytes: Uint8Array, { type, start, end }: Box, item: Item): void {
  const view = viewOf(bytes);
  if (type === 'ispe') {
    const size = { width: view.getUint32(start + 4), height: view.getUint32(start + 8) };
    if (item.size === undefined || size.width * size.height > item.size.width * item.size.height) item.size = size;
  } else if (type === 'av1C') {
    // high_bitdepth, twelve_bit, monochrome, chroma_subsampling_x, chroma_subsampling_y (AV1-ISOBMFF, 2.3.3).
    const flags = view.getUint8(start + 2);
    item.coding = { isDeep: (flags & 0x40) !== 0, isSubsampled: (flags & 0x0c) === 0x0c || (flags & 0x10) !== 0 };
  } else if (type === 'clap') {
    // Clean aperture: width and height as fractions (ISO/IEC 14496-12, 12.1.4).
    const [width, height] = [start, start + 8].map((at) => Math.round(view.getUint32(at) / view.getUint32(at + 4)));
    if (width !== undefined && height !== undefined && width > 0 && height > 0) item.crop = { width, height };
  } else if (type === 'irot') item.isTurned = (view.getUint8(start) & 1) === 1;
  else if (type === 'colr' && ['prof', 'rICC'].includes(nameAt(view, start)))
    item.profile ??= bytes.subarray(start + 4, end);
}
