import { toPng } from './render.ts';
import { FONT, INK, LINE, percentLabel, QUIET, SECOND, shorten } from './style.ts';

/** A test photograph that was answered wrongly. */
export interface Mistake {
  /** The prepared picture. */
  readonly png: Uint8Array;
  readonly actual: string;
  readonly answered: string;
  /** Probability of the answered label, 0..1. */
  readonly confidence: number;
  /** Where it comes from, such as `cat/abyssinian/1.jpg`. */
  readonly path: string;
}

/** Prepared pictures have 224 pixels: here they keep about as many. */
const ZOOM = 1.2;
const COLUMNS = 6;
const TILE = 190;
const GAP = 16;
const CAPTION = 58;
const MARGIN = 24;
const HEADER = 64;
/** Characters of a caption that fit below a tile, by size of the letters. */
const WIDE = 24;
const SMALL = 34;

/** The most wrong test photographs in a grid, with what they are, what was answered and how surely. PNG. */
export async function mistakesSheet(pictures: readonly Mistake[]): Promise<Uint8Array> {
  return toPng(mistakesSheetSvg(pictures), ZOOM);
}

/** Pure part of {@link mistakesSheet}. */
export function mistakesSheetSvg(pictures: readonly Mistake[]): string {
  const columns = Math.min(Math.max(pictures.length, 3), COLUMNS);
  const rows = Math.ceil(pictures.length / COLUMNS);
  const width = 2 * MARGIN + columns * TILE + (columns - 1) * GAP;
  const height = MARGIN + HEADER + rows * (TILE + CAPTION + GAP) + (rows === 0 ? MARGIN : 0);
  const subtitle =
    pictures.length === 0
      ? 'None: every photograph of the test split is answered rightly'
      : 'Wrong answers on the test split, the surest first';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${width}" height="${height}" font-family="${FONT}">`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    text(MARGIN, MARGIN + 14, 16, INK, 'Most wrong', 'bold'),
    text(MARGIN, MARGIN + 36, 12, QUIET, subtitle),
    ...pictures.map((picture, index) =>
      tile(
        picture,
        MARGIN + (index % COLUMNS) * (TILE + GAP),
        MARGIN + HEADER - 8 + Math.floor(index / COLUMNS) * (TILE + CAPTION + GAP),
      ),
    ),
    '</svg>',
  ].join('\n');
}

function tile({ png, actual, answered, confidence, path }: Mistake, x: number, y: number): string {
  const image = Buffer.from(png.buffer, png.byteOffset, png.byteLength).toString('base64');
  return [
    `<image x="${x}" y="${y}" width="${TILE}" height="${TILE}" preserveAspectRatio="xMidYMid meet" xlink:href="data:image/png;base64,${image}"/>`,
    `<rect x="${x}" y="${y}" width="${TILE}" height="${TILE}" fill="none" stroke="${LINE}"/>`,
    text(x, y + TILE + 17, 12, SECOND, `${percentLabel(confidence)} ${shorten(answered, WIDE - 8)}`, 'bold'),
    text(x, y + TILE + 33, 12, INK, `is ${shorten(actual, WIDE)}`),
    text(x, y + TILE + 48, 9, QUIET, shorten(path, SMALL)),
  ].join('\n');
}

function text(x: number, y: number, size: number, color: string, content: string, weight = 'normal'): string {
  return `<text x="${x}" y="${y}" font-size="${size}" font-weight="${weight}" fill="${color}">${escape(content)}</text>`;
}

/** For the text of an element; control characters have no place in XML. */
function escape(content: string): string {
  return content
    .replaceAll(/\p{Cc}|\p{Cs}/gu, '�')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
