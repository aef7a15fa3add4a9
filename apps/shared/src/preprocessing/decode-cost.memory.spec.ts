import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { costlyPictures } from '@pawl/test-kit/costly-pictures';
import { measureDecode } from '@pawl/test-kit/decode-peak';
import { decodeCost } from './decode-cost.ts';
import { sniffImageFormat } from './image-format.ts';
import { readPictureHeader } from './picture-header/picture-header.ts';

/** Enough that what a picture takes stands out from what a process takes, and small enough to be made in a second. */
const PIXELS = 4_000_000;

describe('the memory that libvips takes is at most what the header said', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pawl-decode-cost-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it.each(Object.entries(costlyPictures(PIXELS)))(
    '%s',
    async (_, picture) => {
      const bytes = await picture().toBuffer();
      const file = join(folder, 'picture');
      writeFileSync(file, bytes);
      const { memoryBytes } = decodeCost(readPictureHeader(bytes, sniffImageFormat(bytes)!)!, bytes.length);
      const measured = await measureDecode(file);
      expect(measured.outcome).toBe('decoded');
      expect(measured.memoryBytes).toBeLessThanOrEqual(memoryBytes);
    },
    120_000,
  );
});
