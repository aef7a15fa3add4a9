import { breakAddress } from './break-address.ts';
import { wrap, padEnd, plain, widthOf, truncate } from './text.ts';
import { renderTable, type Cell, type Table } from './table.ts';
import type { Theme } from './theme.ts';

/** A field of a page: a name and what it says, in one or several lines. */
export type Field = readonly [name: string, value: Cell];

const WIDEST = 110;
const INDENT = '  ';

/** Columns that a page may use. */
export const pageWidth = (theme: Theme): number => Math.min(theme.width ?? WIDEST, WIDEST);

/** Lines of named values below each other; long ones are wrapped behind their name, paths at slashes, and never cut. */
export function renderFields(fields: readonly Field[], theme: Theme): readonly string[] {
  const longest = Math.max(0, ...fields.map(([name]) => widthOf(name)));
  // A very long name would leave no room for values.
  const names = Math.min(longest, 26) + 2;
  const room = Math.max(20, pageWidth(theme) - INDENT.length - names);
  return fields.flatMap(([name, value]) => {
    const cell = typeof value === 'string' ? { text: value, tone: 'plain' as const } : value;
    return wrapWords(cell.text, room, theme).map((line, i) => {
      const head = i === 0 ? truncate(plain(name), names - 1, theme.symbols.ellipsis) : '';
      return `${INDENT}${theme.paint('dim', padEnd(head, names))}${theme.paint(cell.tone, line)}`.trimEnd();
    });
  });
}

/** A heading and its lines, with an empty line before; nothing when there are no lines. */
export function section(title: string, lines: readonly string[], theme: Theme): readonly string[] {
  return lines.length === 0 ? [] : ['', theme.paint('strong', title), ...lines];
}

/** A table as a section's lines. */
export const indented = (table: Table, theme: Theme): readonly string[] => renderTable(table, theme, INDENT);

/** In one line when nobody's terminal would cut it. */
function wrapWords(text: string, width: number, theme: Theme): readonly string[] {
  if (theme.width === undefined) return [plain(text)];
  const words = plain(text).split(' ');
  return wrap(words.flatMap((word) => breakAddress(word, width)).join(' '), width);
}
