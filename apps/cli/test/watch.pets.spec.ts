import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { decilesOf, distributionOf, type Reference } from '@pawl/shared/bundle/reference';
import { forEachLimited } from '@pawl/shared/concurrency/for-each-limited';
import { observationOf, type Observation } from '@pawl/shared/drift/observation';
import { watchedStatistics } from '@pawl/shared/drift/watched-statistic';
import { measureImage } from '@pawl/shared/preprocessing/image-statistics';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { analyseDrift } from '../src/watch/drift/analyse-drift.ts';
import { binPictures } from '../src/watch/drift/binned-pictures.ts';
import { periodBefore } from '../src/watch/prometheus/period.ts';

/** Photographs of the reference, and as many again that arrive later. */
const PICTURES = 150;
/** Pixels of the model's input. */
const SIDE = 260;
const period = periodBefore(new Date('2026-11-30T12:00:00Z'), 3600);

const jpeg = (picture: Sharp) => picture.jpeg({ quality: 90 });

/** How pictures may change before they arrive, and what the report should say then. */
const alterations: readonly (readonly [name: string, alter: (picture: Sharp) => Sharp, says: RegExp | undefined])[] = [
  ['nothing', jpeg, undefined],
  ['JPEG of quality 10', (picture) => picture.jpeg({ quality: 10 }), /compressed more strongly/],
  ['PNG', (picture) => picture.png({ compressionLevel: 1 }), /compressed less/],
  ['blur', (picture) => jpeg(picture.blur(2)), /less detail/],
  ['darkness', (picture) => jpeg(picture.linear(0.5, 0)), /darker/],
  ['haze', (picture) => jpeg(picture.linear(0.5, 120)), /bright and flat/],
  ['no colour', (picture) => jpeg(picture.grayscale()), /paler, or grey/],
  ['thumbnails', (picture) => jpeg(picture.resize({ width: 120 })), /smaller/],
  ['upright crops', (picture) => jpeg(picture.resize({ width: 360, height: 640, fit: 'cover' })), /upright/],
  ['sharpening', (picture) => jpeg(picture.sharpen({ sigma: 2 })), /more fine detail/],
];

describeWhenSet('PAWL_TEST_PETS', 'what altered photographs do, and what is said of it', (pets) => {
  let kept: string[];
  let reference: Reference;

  /** As they are served: decoded to the model's input and measured, without a model. */
  async function observe(paths: readonly string[], alter: (picture: Sharp) => Sharp): Promise<Observation[]> {
    const found: Observation[] = [];
    await forEachLimited(paths, 2, async (path) => {
      // Read here: where the formats of the service are set, the reading of files is not among them.
      const bytes = await alter(
        sharp(await readFile(path))
          .removeAlpha()
          .toColourspace('srgb'),
      ).toBuffer();
      const { width, height } = await sharp(bytes).metadata();
      const pixels = await sharp(bytes).toColourspace('srgb').resize(SIDE, SIDE, { fit: 'fill' }).raw().toBuffer();
      const statistics = measureImage(new Uint8Array(pixels), SIDE);
      const answer = { projections: [], label: 'cat', confidence: NaN, known: undefined };
      found.push(observationOf({ statistics, width, height, bytes: bytes.length, ...answer }));
    });
    return found;
  }

  beforeAll(async () => {
    const folders = await Promise.all(
      ['cat', 'dog'].map(async (label) => [label, await readdir(join(pets, label))] as const),
    );
    const all = folders.flatMap(([label, names]) => names.slice(0, PICTURES).map((name) => join(pets, label, name)));
    kept = all.filter((_, index) => index % 2 === 1);
    const seen = await observe(
      all.filter((_, index) => index % 2 === 0),
      jpeg,
    );
    const names = Object.keys(seen[0]?.numbers ?? {}).filter((name) => Number.isFinite(seen[0]?.numbers[name]));
    reference = {
      schemaVersion: 1,
      count: seen.length,
      inputs: Object.fromEntries(
        names.map((name) => {
          const values = seen.map(({ numbers }) => numbers[name] ?? 0);
          return [name, distributionOf(values, decilesOf(values))];
        }),
      ),
      answers: { count: 1, labels: {}, confidence: {} },
    };
  });

  it.each(alterations)('%s', async (_, alter, says) => {
    const statistics = watchedStatistics(reference);
    const seen = await observe(kept, alter);
    const at = (index: number) => (period.start + (3600 * (index + 0.5)) / seen.length) * 1000;
    const pictures = seen.map((observation, index) => ({ at: at(index), digest: 'd', observation }));
    const watched = { model: 'catdog', version: '1.0.0', digest: 'd', statistics };
    const report = analyseDrift(watched, await binPictures(pictures, watched, period));
    expect(report.alarm).toBe(says !== undefined);
    expect(report.meaning.map((meaning) => meaning.says)).toEqual(
      says === undefined ? [] : [expect.stringMatching(says)],
    );
  });
});
