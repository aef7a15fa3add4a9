import { styleText } from 'node:util';
import type { Context, Output } from './context.ts';

/** What a piece of text means; the theme knows how that looks. */
export type Tone = 'plain' | 'strong' | 'dim' | 'good' | 'warn' | 'bad';

const styles = { plain: 'none', strong: 'bold', dim: 'dim', good: 'green', warn: 'yellow', bad: 'red' } as const;

/** Characters that a terminal without Unicode lacks, and what stands for them. */
const unicodeSymbols = {
  full: '█',
  empty: '░',
  done: '●',
  todo: '○',
  ellipsis: '…',
  dash: '–',
  pass: '✓',
  fail: '✗',
  up: '▲',
  down: '▼',
  arrow: '→',
} as const;
const asciiSymbols = {
  full: '#',
  empty: '.',
  done: '*',
  todo: 'o',
  ellipsis: '...',
  dash: '-',
  pass: '+',
  fail: 'x',
  up: '^',
  down: 'v',
  arrow: '->',
} as const;

/** How output looks: colours, width, characters. */
export interface Theme {
  readonly color: boolean;
  readonly symbols: Readonly<Record<keyof typeof unicodeSymbols, string>>;
  /** Columns of the terminal; undefined when output goes to a file or pipe and must not be cut. */
  readonly width: number | undefined;
  paint(tone: Tone, text: string): string;
  /** A text whose commands (`pawl explain NAME`) are as this program was called: `npx pawl …` where npx found it. */
  asCalled(text: string): string;
}

/** `pawl` with a command or an option behind it, but for one that `npx` stands before already. */
const COMMAND = /(?<!npx |[\w/.@-])pawl (?=-|[a-z])/g;

/** The theme for one stream: colours only on a terminal, unless NO_COLOR, `--no-color` or TERM=dumb say otherwise. */
export function themeFor(output: Output, env: Context['env'], wantsColor = true): Theme {
  const terminal = output.isTTY === true;
  const forced = isSet(env['FORCE_COLOR']) && env['FORCE_COLOR'] !== '0';
  const color = wantsColor && !isSet(env['NO_COLOR']) && env['TERM'] !== 'dumb' && (terminal || forced);
  return {
    color,
    symbols: hasUnicode(env) ? unicodeSymbols : asciiSymbols,
    width: terminal ? Math.max(output.columns ?? 80, 40) : undefined,
    asCalled: (text) => (env['npm_command'] === 'exec' ? text.replace(COMMAND, 'npx pawl ') : text),
    paint: (tone, text) =>
      color && tone !== 'plain' && text !== '' ? styleText(styles[tone], text, { validateStream: false }) : text,
  };
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}

function hasUnicode(env: Context['env']): boolean {
  if (env['TERM'] === 'dumb' || env['TERM'] === 'linux') return false;
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find(isSet);
  // Windows and macOS terminals often set none of them.
  return locale === undefined ? env['TERM'] !== undefined || env['WT_SESSION'] !== undefined : /utf-?8/i.test(locale);
}
