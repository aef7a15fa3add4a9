import { largest } from '@pawl/shared/execution/answer';
import { padEnd, plain, truncate, widthOf } from '../../terminal/text.ts';
import type { Theme, Tone } from '../../terminal/theme.ts';
import type { AnswerRow } from './answer-row.ts';

/** Probabilities in a row for people, unless more are asked for. */
const SHOWN = 3;
/** Least columns that are left for the name of a file on a terminal. */
const NARROWEST_NAME = 16;
/** Columns behind the name that a terminal should have room for. */
const BEHIND = 46;
/** Of the label of a picture that the model abstained from. */
export const NEITHER = 'neither';

/** Lines of a table whose rows come one by one: its widths are known before. */
export interface AnswerTable {
  readonly header: string;
  line(row: AnswerRow): string;
}

/**
 * A table for people. On a terminal long names lose their beginning, and the last column its end.
 *
 * @param files every name that comes.
 * @param labels of the model, in its order.
 * @param top probabilities in a row; 0: the three largest.
 */
export function answerTable(
  files: readonly string[],
  labels: readonly string[],
  top: number,
  theme: Theme,
): AnswerTable {
  const room = theme.width === undefined ? Infinity : Math.max(NARROWEST_NAME, theme.width - BEHIND);
  const longest = files.reduce((width, file) => Math.max(width, widthOf(plain(file))), 'FILE'.length);
  const widths = [
    Math.min(longest, room),
    Math.max(...['LABEL', NEITHER, ...labels].map((text) => widthOf(plain(text)))),
    'CONFIDENCE'.length,
  ];
  const before = widths.reduce((sum, width) => sum + width + 2, 0);
  const last = theme.width === undefined ? Infinity : Math.max(10, theme.width - before);
  const { ellipsis } = theme.symbols;
  const line = (file: string, label: string, confidence: string, rest: string, tone: Tone) =>
    [
      padEnd(tail(plain(file), widths[0] ?? 0, ellipsis), widths[0] ?? 0),
      padEnd(theme.paint(tone, label), widths[1] ?? 0),
      confidence.padStart(widths[2] ?? 0),
      theme.paint('dim', truncate(plain(rest), last, ellipsis)),
    ]
      .join('  ')
      .trimEnd();
  return {
    header: theme.paint('dim', line('FILE', 'LABEL', 'CONFIDENCE', 'PROBABILITIES', 'plain')),
    line(row) {
      if (row.kind === 'unreadable')
        return line(row.file, theme.symbols.fail, '', `${row.message} [${row.code}]`, 'bad');
      const { label, confidence, abstained } = row.answer;
      const probabilities = largest(row.answer, labels, top === 0 ? SHOWN : top)
        .map(([name, value]) => `${name} ${value.toFixed(4)}`)
        .join(', ');
      return abstained === true
        ? line(row.file, NEITHER, '', probabilities, 'warn')
        : line(row.file, plain(label), confidence.toFixed(4), probabilities, 'plain');
    },
  };
}

/** At most `width` columns of the end of a text: of a path what tells it from others. */
function tail(text: string, width: number, ellipsis: string): string {
  if (widthOf(text) <= width) return text;
  const room = width - widthOf(ellipsis);
  const characters = Array.from(text);
  let from = characters.length;
  for (let used = 0; from > 0; from -= 1) {
    used += widthOf(characters[from - 1] ?? '');
    if (used > room) break;
  }
  return ellipsis + characters.slice(from).join('');
}
