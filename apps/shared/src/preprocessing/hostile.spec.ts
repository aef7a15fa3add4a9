import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import sharp from 'sharp';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { PawlError } from '../errors/pawl-error.ts';
import { createImageDecoder } from './decode-image.ts';
import { defaultImageLimits } from './limits.ts';
import { anInputSpec } from '@pawl/test-kit/input-spec';

/** Of which none comes near the limit: what hangs is told from what a busy machine delays. */
const limits = { ...defaultImageLimits, timeoutMs: 60_000 };
/** On top of the decoder's own limit, for a busy machine. */
const marginMs = 30_000;

/** What became of one file. */
interface DecodeOutcome {
  readonly file: string;
  /** `decoded`, a code of Pawl, or what was thrown instead of one. */
  readonly code: string;
  readonly isAllowed: boolean;
  readonly milliseconds: number;
}

describeWhenSet('PAWL_TEST_HOSTILE', 'images that break image services', (folder) => {
  const decoder = createImageDecoder(anInputSpec(), limits);
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

  async function outcomeOf(path: string): Promise<DecodeOutcome> {
    const file = relative(folder, path);
    const bytes = readFileSync(path);
    const begin = performance.now();
    const since = () => performance.now() - begin;
    try {
      const { pixels, width, height } = await decoder.decode(bytes);
      const milliseconds = since();
      const shown = (await sharp(bytes, { limitInputPixels: false, failOn: 'none' }).metadata()).autoOrient;
      const isAllowed = pixels.length === 224 * 224 * 3 && width === shown.width && height === shown.height;
      return { file, code: 'decoded', isAllowed, milliseconds };
    } catch (error) {
      const isAllowed = error instanceof PawlError && error.status >= 400 && error.status < 500;
      return { file, code: isAllowed ? error.code : String(error), isAllowed, milliseconds: since() };
    }
  }

  it('each ends as pixels of the right size or as a 4xx, within the time limit', async () => {
    const outcomes: DecodeOutcome[] = [];
    for (const path of files) outcomes.push(await outcomeOf(path));
    const counts: Record<string, number> = {};
    for (const { code } of outcomes) counts[code] = (counts[code] ?? 0) + 1;
    const slowest = Math.max(...outcomes.map(({ milliseconds }) => milliseconds));
    console.info(`${outcomes.length} files tried, the slowest took ${slowest.toFixed(0)} ms`, counts);

    expect(outcomes.length).toBeGreaterThan(0);
    expect(outcomes.filter(({ isAllowed }) => !isAllowed)).toEqual([]);
    expect(slowest).toBeLessThan(limits.timeoutMs + marginMs);
  }, 600_000);

  it('the same in parallel: files do not change each other’s outcome', async () => {
    const alone = [];
    for (const path of files) alone.push(await outcomeOf(path));
    const together: DecodeOutcome[] = [];
    for (let at = 0; at < files.length; at += 8)
      together.push(...(await Promise.all(files.slice(at, at + 8).map(outcomeOf))));
    const codes = (outcomes: readonly DecodeOutcome[]) => outcomes.map(({ file, code }) => `${file}: ${code}`);
    expect(codes(together)).toEqual(codes(alone));
  }, 600_000);
});
