import { join } from 'node:path';
import { canonicalJson } from '@pawl/shared/bundle/canonical-json';
import { encodeThumbnail } from '@pawl/shared/preprocessing/encode-image';
import { createDisk, type WriteBytes } from './disk.ts';
import { renderReportPage, shownPhotographs } from './report-page.ts';
import type { DataReport, ReportedPhotograph } from './report.ts';

/** Pixels of the longer side of a thumbnail. */
const THUMBNAIL = 160;

/**
 * Writes `report.json` and `report.html`, with thumbnails inside.
 *
 * @param read the prepared picture of a photograph, by the digest of its raw file.
 * @throws CliError DISK_FULL, FILE_WRITE_FAILED.
 */
export async function writeReport(
  folder: string,
  report: DataReport,
  read: (digest: string) => Promise<Uint8Array>,
  write?: WriteBytes,
): Promise<void> {
  const thumbnails = new Map<string, string>();
  for (const photograph of shownPhotographs(report))
    if (!thumbnails.has(photograph.digest))
      thumbnails.set(photograph.digest, await thumbnailOf(photograph, await read(photograph.digest)));
  const disk = createDisk(undefined, write);
  await disk.write(join(folder, 'report.json'), canonicalJson(report));
  await disk.write(join(folder, 'report.html'), renderReportPage(report, thumbnails));
}

/** A data: address. The prepared picture is square; the thumbnail has the photograph's own proportions again. */
async function thumbnailOf({ width, height }: ReportedPhotograph, png: Uint8Array): Promise<string> {
  const scale = THUMBNAIL / Math.max(width, height);
  const side = (pixels: number) => Math.max(8, Math.round(pixels * scale));
  const bytes = await encodeThumbnail(png, side(width), side(height));
  return `data:image/webp;base64,${Buffer.from(bytes).toString('base64')}`;
}
