import { type CommonHeader, upright } from './common.ts';
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
  const largestPixels = pictures.reduce((largest, item) => Math.max(largest, pixelsOf(item)), 0);
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

/**
 * Pixels that the decoder goes over to make a picture, tiles counted as often as they are referred to.
 * @param known of pictures that were looked at already: each once, or a few that refer to each other were endless work.
 */
function codedPixels(item: Item, items: ReadonlyMap<number, Item>, known = new Map<number, number>()): number {
  const before = known.get(item.id);
  if (before !== undefined) return before;
  // What comes back here while it is looked at is made of itself.
  known.set(item.id, Infinity);
  let sum = 0;
  for (const { type, to } of item.references)
    if (type === MADE_OF)
      for (const id of to) {
        const part = items.get(id);
        if (part !== undefined) sum += codedPixels(part, items, known);
      }
  const pixels = Math.max(sum, pixelsOf(item));
  known.set(item.id, pixels);
  return pixels;
}
