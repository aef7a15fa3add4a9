import { type CommonHeader, upright, viewOf } from './common.ts';
import { readBoxes, readItems, type Item } from './avif-boxes.ts';

/** What the boxes of an AVIF say of the picture. */
export interface AvifHeader extends CommonHeader<'avif'> {
  /** Pixels of the largest picture in the file: what one run of the AV1 decoder may have to hold. */
  readonly largestPixels: number;
  /** Pixels that are decoded in all: of every tile as often as it is used. Infinity where pictures refer in a circle. */
  readonly codedPixels: number;
  /** All pictures store colour at half the resolution (4:2:0), or none. */
  readonly isSubsampled: boolean;
}

/** Items that are pictures (ISO/IEC 23008-12, 6.6; AVIF, 2.1). */
const pictureTypes = ['av01', 'grid', 'iovl', 'iden'];
/** References from a derived picture to those that it is made of. */
const MADE_OF = 'dimg';

/** Reads the `meta` box of an AVIF; undefined when no primary picture with a size is found. */
export function readAvifHeader(bytes: Uint8Array): AvifHeader | undefined {
  const meta = readBoxes(bytes, 0, bytes.length).find(({ type }) => type === 'meta');
  if (meta === undefined) return undefined;
  const { items, primary } = readItems(bytes, meta);
  const size = primary?.crop ?? primary?.size;
  if (primary === undefined || size === undefined) return undefined;
  const pictures = [...items.values()].filter(({ type }) => pictureTypes.includes(type));
  const coded = pictures.flatMap(({ coding }) => coding ?? []);
  const turned = primary.isTurned ? 5 : 1;
  // Not only those that the primary refers to: reading fewer sizes than the decoder is the one mistake that costs.
  const largestPixels = Math.max(...pictures.map((item) => pixelsOf(item)));
  const isAlpha = (item: Item) => item.references.some(({ type, to }) => type === 'auxl' && to.includes(primary.id));
  const hidden = new Set(pictures.flatMap((item) => (item.isHidden || isSecondary(item) ? [item.id] : [])));
  const hasAlpha = pictures.some(isAlpha);
  return {
    format: 'avif',
    ...upright(size.width, size.height, turned),
    frames: Math.max(1, pictures.length - hidden.size),
    channels: hasAlpha ? 4 : 3,
    bitDepth: coded.some(({ isDeep }) => isDeep) ? 16 : 8,
    ...(primary.profile && { profile: primary.profile }),
    metadataBytes: meta.end - meta.start,
    largestPixels,
    codedPixels: codedPixels(primary, items) + (hasAlpha ? pixelsOf(primary) : 0),
    isSubsampled: coded.length > 0 && coded.every(({ isSubsampled }) => isSubsampled),
  };
}

const pixelsOf = ({ size }: Item): number => (size === undefined ? 0 : size.width * size.height);

/** Thumbnails, alpha and depth are pictures for another one. */
const isSecondary = ({ references }: Item): boolean =>
  references.some(({ type }) => type === 'thmb' || type === 'auxl');

/** Pixels that the decoder goes over to make a picture, tiles counted as often as they are referred to. */
function codedPixels(item: Item, items: ReadonlyMap<number, Item>, above: readonly number[] = []): number {
  // libheif refuses circles too; deeper than this nothing real goes.
  if (above.includes(item.id) || above.length > 4) return Infinity;
  const parts = item.references.filter(({ type }) => type === MADE_OF).flatMap(({ to }) => to);
  if (parts.length === 0) return pixelsOf(item);
  // Each distinct part is followed once, so that a few items cannot multiply into endless work here.
  const times = new Map<number, number>();
  for (const part of parts) times.set(part, (times.get(part) ?? 0) + 1);
  let sum = 0;
  for (const [id, count] of times) {
    const part = items.get(id);
    if (part !== undefined) sum += count * codedPixels(part, items, [...above, item.id]);
  }
  return Math.max(sum, pixelsOf(item));
}
