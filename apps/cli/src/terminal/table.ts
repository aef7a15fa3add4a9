import { padEnd, plain, truncate, widthOf } from './text.ts';
import type { Theme, Tone } from './theme.ts';

/** Text with a meaning. */
interface Toned {
  readonly text: string;
  readonly tone: Tone;
}
export type Cell = string | Toned;

export interface Table {
  readonly header?: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

const textOf = (cell: Cell): string => plain(typeof cell === 'string' ? cell : cell.text);
const toneOf = (cell: Cell): Tone => (typeof cell === 'string' ? 'plain' : cell.tone);

/** Lines of a table, two spaces between columns. On a terminal the last column is cut to what is left of the line. */
export function renderTable(table: Table, theme: Theme, indent = ''): readonly string[] {
  const header = table.header?.map((text): Cell => ({ text, tone: 'dim' }));
  const rows = header === undefined ? table.rows : [header, ...table.rows];
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(0, ...rows.map((row) => widthOf(textOf(row[column] ?? '')))),
  );
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + 2, indent.length);
  const last = theme.width === undefined ? Infinity : Math.max(10, theme.width - before);
  return rows.map((row) => {
    const cells = Array.from({ length: columns }, (_, column) => {
      const cell = row[column] ?? '';
      const isLast = column === columns - 1;
      const text = isLast ? truncate(textOf(cell), last, theme.symbols.ellipsis) : textOf(cell);
      return isLast ? theme.paint(toneOf(cell), text) : padEnd(theme.paint(toneOf(cell), text), widths[column] ?? 0);
    });
    return (indent + cells.join('  ')).trimEnd();
  });
}
