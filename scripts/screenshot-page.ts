/**
 * Takes the picture of the page that the README shows: `node scripts/screenshot-page.ts URL OUT.png`, with the path of a
 * Chromium in PAWL_TEST_CHROMIUM. The service at URL is a real one, so the picture shows real answers.
 */
import { writeFile } from 'node:fs/promises';
import { chromium } from 'playwright-core';
import sharp from 'sharp';

/** Examples to ask about, as positions in the strip; the last one is the answer that the picture shows. */
const ASKED = [7, 6, 3, 1, 0];

/** A page in a README is read on a slow line too. */
const MAX_BYTES = 250_000;

const [url, out] = process.argv.slice(2);
const executablePath = process.env['PAWL_TEST_CHROMIUM'];
if (url === undefined || out === undefined || executablePath === undefined) {
  throw new Error('Usage: PAWL_TEST_CHROMIUM=/path/to/chromium node scripts/screenshot-page.ts URL OUT.png');
}

const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
try {
  const page = await browser.newPage({
    viewport: { width: 1200, height: 820 },
    colorScheme: 'light',
    // The picture is of the page at rest: no ratchet halfway round.
    reducedMotion: 'reduce',
  });
  await page.goto(url);
  const examples = page.locator('#example-list button');
  await examples.first().waitFor();
  for (const [count, index] of ASKED.entries()) {
    await examples.nth(index).click();
    await page.locator('#history .tile[data-state=done]').nth(count).waitFor();
  }
  await page.mouse.move(0, 0);
  const picture = await page.screenshot({ fullPage: true });
  const small = await sharp(picture).png({ palette: true, colours: 256, dither: 0.3, effort: 10 }).toBuffer();
  if (small.length > MAX_BYTES) throw new Error(`The picture has ${small.length} bytes, more than ${MAX_BYTES}.`);
  await writeFile(out, small);
} finally {
  await browser.close();
}
