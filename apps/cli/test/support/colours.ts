import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import sharp from 'sharp';

/** Labels of {@link aColour}, and the mean colour that pictures of each have. */
const colours = { red: [200, 60, 60], green: [60, 200, 60], blue: [60, 60, 200] } as const;
export type Colour = keyof typeof colours;

/** A picture of a colour, with noise of its own for every number. */
function aColour(colour: Colour, number: number, size = 16, spread = 120): Promise<Buffer> {
  // A linear congruential generator (Numerical Recipes).
  let state = Math.imul(number * 3 + Object.keys(colours).indexOf(colour) + 1, 2_654_435_761) >>> 0;
  const noise = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return ((state >>> 16) / 65_535 - 0.5) * spread;
  };
  const tint = noise();
  const pixels = Buffer.from(
    Array.from({ length: size * size }, () =>
      colours[colour].map((mean) => Math.max(0, Math.min(255, Math.round(mean + noise() + tint / 2)))),
    ).flat(),
  );
  return sharp(pixels, { raw: { width: size, height: size, channels: 3 } })
    .png()
    .toBuffer();
}

export interface ColourSet {
  readonly labels: readonly Colour[];
  /** Pictures of each label in train, val and test. */
  readonly counts?: readonly [train: number, val: number, test: number];
  readonly spread?: number;
}

/** A prepared data set of colours in a folder. */
export async function aColourSet(folder: string, { labels, counts = [12, 6, 6], spread }: ColourSet): Promise<void> {
  let number = 0;
  for (const [index, split] of (['train', 'val', 'test'] as const).entries())
    for (const label of labels)
      for (let i = 0; i < (counts[index] ?? 0); i++) {
        const path = join(folder, split, label, `${String(i).padStart(4, '0')}.png`);
        mkdirSync(dirname(path), { recursive: true });
        await sharp(await aColour(label, number++, 16, spread)).toFile(path);
      }
}

/** Photographs of colours, `folder/label/0.png`. */
export async function colourPhotos(folder: string, labels: readonly Colour[], count: number): Promise<void> {
  for (const label of labels)
    for (let i = 0; i < count; i++) {
      mkdirSync(join(folder, label), { recursive: true });
      await sharp(await aColour(label, 10_000 + i)).toFile(join(folder, label, `${i}.png`));
    }
}
