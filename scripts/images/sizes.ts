import type { ArchivedImage } from './image-archive.ts';

/** Target of the Dockerfile -> most bytes of its image without a model, compressed. */
export type Budgets = Readonly<Record<string, number>>;

/** What was found, and whether it may be. */
export interface SizeReport {
  /** Lines for people. */
  readonly lines: readonly string[];
  /** One for each image that is too large. */
  readonly problems: readonly string[];
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(2)} MB`.padStart(10);
const sum = (image: ArchivedImage): number => image.layers.reduce((all, { bytes }) => all + bytes, 0);

/** Compares the images of a target, one for each platform, with its budget; MB are 10^6 bytes. */
export function reportSizes(target: string, images: readonly ArchivedImage[], budgets: Budgets): SizeReport {
  const budget = budgets[target];
  const lines: string[] = [];
  const problems: string[] = [];
  if (images.length === 0) problems.push(`${target}: the archive holds no image. Build it again.`);
  for (const image of images) {
    const name = [target, image.platform].filter(Boolean).join(' ');
    const bytes = sum(image);
    lines.push(
      `${name}: ${megabytes(bytes).trim()} compressed, ${budget === undefined ? 'no budget' : `budget ${megabytes(budget).trim()}`}`,
    );
    for (const layer of image.layers) lines.push(`${megabytes(layer.bytes)}  ${shortStep(layer.madeBy)}`);
    if (budget !== undefined && bytes > budget)
      problems.push(
        `${name} has ${bytes} bytes compressed; expected ${budget} at most. Take something out of it, or raise its row in ` +
          'images/budgets.json and say why.',
      );
  }
  return { lines, problems };
}

/** A step without the noise of builders: `/bin/sh -c #(nop) COPY dir:0123... in /app` is `COPY /app`. */
const shortStep = (step: string): string =>
  step
    .replace(/^\/bin\/sh -c (#\(nop\) )?/, '')
    .replace(/(dir|file|multi):[0-9a-f]+ in /, '')
    .replace(/\s+# buildkit$/, '')
    .trim()
    .slice(0, 90);
