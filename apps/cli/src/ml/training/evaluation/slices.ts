import type { DatasetItem, SourceFacts } from '../../data/dataset.ts';
import { shareInterval } from '@pawl/shared/statistics/share-interval';
import type { Slice } from '../../types.ts';

/** Shorter side of the source photograph in pixels: upper bounds of all buckets but the last. */
const SIZES = [128, 256, 512, 1024] as const;
/** A picture counts as square when its sides differ by no more than this share. */
const SQUARE = 0.05;

/**
 * Accuracy by what pictures have in common: size, brightness, aspect and format of the source, and the folder below the
 * label where there is one (a breed, a camera). What all pictures share is left out. Worst accuracy first in each group.
 *
 * @param right whether the answer to each item is right; as long as `items`.
 */
export function sliceTable(items: readonly DatasetItem[], right: readonly boolean[]): Slice[] {
  const quartile = brightnessQuartile(items);
  const groups: Readonly<Record<string, (source: SourceFacts, item: DatasetItem) => string | undefined>> = {
    size: sizeOf,
    brightness: quartile,
    aspect: aspectOf,
    format: ({ format }) => format,
    folder: ({ path }, { label }) => folderOf(path, label),
  };
  return Object.entries(groups).flatMap(([by, valueOf]) => {
    const counts = new Map<string, { count: number; right: number }>();
    items.forEach((item, row) => {
      const value = item.source === undefined ? undefined : valueOf(item.source, item);
      if (value === undefined) return;
      const entry = counts.get(value) ?? { count: 0, right: 0 };
      counts.set(value, { count: entry.count + 1, right: entry.right + (right[row] === true ? 1 : 0) });
    });
    if (counts.size < 2) return [];
    return [...counts]
      .map(([value, { count, right: hits }]) => ({
        by,
        value,
        count,
        accuracy: hits / count,
        interval: shareInterval(hits, count),
      }))
      .sort((a, b) => a.accuracy - b.accuracy || compare(a.value, b.value));
  });
}

function sizeOf({ width, height }: SourceFacts): string {
  const side = Math.min(width, height);
  const above = SIZES.findIndex((bound) => side < bound);
  if (above === 0) return `below ${SIZES[0]} px`;
  if (above === -1) return `${SIZES.at(-1)} px or more`;
  return `${SIZES[above - 1]}-${(SIZES[above] ?? 0) - 1} px`;
}

function aspectOf({ width, height }: SourceFacts): string {
  if (Math.abs(width - height) <= SQUARE * Math.max(width, height)) return 'square';
  return width > height ? 'landscape' : 'portrait';
}

/** Quartiles of these very items, so that each holds as many. */
function brightnessQuartile(items: readonly DatasetItem[]): (source: SourceFacts) => string {
  const sorted = items.flatMap(({ source }) => (source === undefined ? [] : [source.brightness])).sort((a, b) => a - b);
  const edges = [0.25, 0.5, 0.75].map((share) => sorted[Math.floor(share * sorted.length)] ?? 0);
  const names = ['darkest quarter', 'darker quarter', 'brighter quarter', 'brightest quarter'];
  return ({ brightness }) => names[edges.filter((edge) => brightness >= edge).length] ?? '';
}

/** `cat/abyssinian/1.jpg` of label cat: `abyssinian`. Undefined for a file right in the label's folder. */
function folderOf(path: string, label: string): string | undefined {
  const folders = path.split('/').slice(0, -1);
  return folders[folders.indexOf(label) + 1];
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
