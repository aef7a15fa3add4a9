import { stripVTControlCharacters } from 'node:util';
import sliceAnsi from 'slice-ansi';
import stringWidth from 'string-width';
import wrapAnsi from 'wrap-ansi';

/**
 * Text from a cluster, a store or a file name on one line, without control and format characters (bidi overrides, zero-width
 * ones): what a pod wrote before it died must not move the cursor of whoever reads it, nor look like something else.
 */
export const plain = (text: string): string => plainLine(text.replace(/\s+/g, ' ')).trim();

/** {@link plain} of a line whose spaces mean something. */
export const plainLine = (line: string): string => stripVTControlCharacters(line).replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '');

/** Columns that a painted text takes; a character of Chinese, Japanese or Korean takes two. */
export const widthOf = (text: string): number => stringWidth(text);

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

/** At most `width` columns of a text. */
export function truncate(text: string, width: number, ellipsis: string): string {
  if (widthOf(text) <= width) return text;
  return sliceAnsi(text, 0, Math.max(0, width - widthOf(ellipsis))).trimEnd() + ellipsis;
}

/** An unpainted text in lines of at most `width` columns, broken between words. */
export const wrap = (text: string, width: number): readonly string[] => wrapAnsi(plain(text), width).split('\n');

/** A span as people say it: `42s`, `5m`, `3h12m`, `2d`. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`;
  if (minutes < 120) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`;
  if (hours < 48) return `${hours}h`;
  return `${Math.floor(hours / 24)}d`;
}

/** {@link span} since a time; `-` when there is none. */
export function age(since: string | null | undefined, now: Date): string {
  const time = since === undefined || since === null ? NaN : Date.parse(since);
  return Number.isNaN(time) ? '-' : span(now.getTime() - time);
}

/** A share 0 to 1 in percent. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(share !== 0 && share < 0.1 ? 1 : 0)} %`;
}

export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  if (count < 1e6) return `${(count / 1e3).toFixed(1)} kB`;
  if (count < 1e9) return `${(count / 1e6).toFixed(1)} MB`;
  return `${(count / 1e9).toFixed(1)} GB`;
}

/** `1 pod`, `2 pods`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function list(items: readonly string[]): string {
  return items.length < 2 ? (items[0] ?? '') : `${items.slice(0, -1).join(', ')} and ${items.at(-1) ?? ''}`;
}

/** Enough of a digest to tell it from others. */
export function shortDigest(digest: string): string {
  return digest.slice(0, 'sha256:'.length + 12);
}
