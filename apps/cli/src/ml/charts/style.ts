/** The family that `dejavu-fonts-ttf` brings. */
export const FONT = 'DejaVu Sans';

/** Colours that people who see few colours tell apart (Okabe and Ito 2008), darkest contrast first. */
export const PALETTE = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9'] as const;
export const FIRST = PALETTE[0];
export const SECOND = PALETTE[1];
/** Text. */
export const INK = '#1f2328';
/** What stands behind: subtitles, axes, chance. */
export const QUIET = '#656d76';
/** Grid. */
export const LINE = '#e3e6ea';

/** Advance widths of DejaVu Sans by kind of character, as shares of the size of the letters. */
const widths: readonly (readonly [RegExp, number])[] = [
  [/[ijlItfr.,:;'|!() -]/u, 0.36],
  [/[mwMW@%]/u, 0.95],
  [/\p{Lu}/u, 0.69],
  [/[\u2e80-\uffff]/u, 1],
];

/** Pixels that a line of text takes, within a tenth. */
export function pixelWidthOf(text: string, fontSize: number): number {
  const ems = charactersOf(text).map((character) => widths.find(([kind]) => kind.test(character))?.[1] ?? 0.62);
  return fontSize * ems.reduce((sum, em) => sum + em, 0);
}

/** `0.9412`; `n/a` where there is nothing to measure. */
export function figureLabel(value: number, digits = 4): string {
  return Number.isFinite(value) ? value.toFixed(digits) : 'n/a';
}

/** `94.1 %`. */
export function percentLabel(share: number): string {
  return Number.isFinite(share) ? `${(share * 100).toFixed(1)} %` : 'n/a';
}

/** Text of `length` characters at most; the middle gives way, because names differ at their ends. */
export function shorten(text: string, length: number): string {
  const characters = charactersOf(text);
  if (characters.length <= length) return text;
  const head = Math.ceil((length - 1) / 2);
  const tail = length - 1 - head;
  return `${characters.slice(0, head).join('')}…${tail === 0 ? '' : characters.slice(-tail).join('')}`;
}

function charactersOf(text: string): string[] {
  return Array.from(new Intl.Segmenter('en').segment(text), ({ segment }) => segment);
}
