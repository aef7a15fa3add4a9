/**
 * What decoding takes, by format, against the estimate from the header: peak resident memory and CPU time, each picture in
 * a fresh process.
 *
 *   npm run bench:decode-cost -- [MEGAPIXELS, 12 by default]
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeCost } from '@pawl/shared/preprocessing/decode-cost';
import { sniffImageFormat } from '@pawl/shared/preprocessing/image-format';
import { readPictureHeader } from '@pawl/shared/preprocessing/picture-header/picture-header';
import { costlyPictures } from '@pawl/test-kit/costly-pictures';
import { measureDecode } from '@pawl/test-kit/decode-peak';

const megapixels = Number(process.argv[2] ?? '12');
const mb = (bytes: number): string => (bytes / 1e6).toFixed(1);
const folder = mkdtempSync(join(tmpdir(), 'pawl-bench-decode-'));
try {
  console.log(`${megapixels} megapixels`);
  console.log('| picture | file, MB | memory, MB | estimate, MB | CPU, ms | estimate of a slow core, ms |');
  console.log('| --- | --- | --- | --- | --- | --- |');
  for (const [name, picture] of Object.entries(costlyPictures(megapixels * 1e6))) {
    const bytes = await picture().toBuffer();
    const file = join(folder, 'picture');
    writeFileSync(file, bytes);
    const format = sniffImageFormat(bytes);
    const header = format && readPictureHeader(bytes, format);
    if (header === undefined) throw new Error(`${name}: no header was found`);
    const estimate = decodeCost(header, bytes.length);
    const { memoryBytes, cpuMs, outcome } = await measureDecode(file);
    const cells = [
      name,
      mb(bytes.length),
      mb(memoryBytes),
      mb(estimate.memoryBytes),
      cpuMs.toFixed(0),
      estimate.cpuMs.toFixed(0),
    ];
    console.log(`| ${cells.join(' | ')} |${outcome === 'decoded' ? '' : ` ${outcome}`}`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
