import { bar, dots } from './bar.ts';
import { renderTable } from './table.ts';
import { age, bytes, count, list, percent, plain, span, truncate, wrap } from './text.ts';
import { themeFor } from './theme.ts';

const NOW = new Date('2026-11-21T12:00:00Z');
const output = (isTTY: boolean, columns = 80) => ({ write: () => undefined, isTTY, columns });
const ascii = themeFor(output(false), { LANG: 'C' });
const color = themeFor(output(true), { LANG: 'C.UTF-8' });

describe('themeFor', () => {
  it.each([
    ['a terminal has colours', output(true), {}, true, true],
    ['a pipe has none', output(false), {}, true, false],
    ['NO_COLOR', output(true), { NO_COLOR: '1' }, true, false],
    ['an empty NO_COLOR says nothing', output(true), { NO_COLOR: '' }, true, true],
    ['--no-color', output(true), {}, false, false],
    ['TERM=dumb', output(true), { TERM: 'dumb' }, true, false],
    ['FORCE_COLOR on a pipe', output(false), { FORCE_COLOR: '1' }, true, true],
    ['NO_COLOR beats FORCE_COLOR', output(true), { FORCE_COLOR: '1', NO_COLOR: '1' }, true, false],
  ])('%s', (_, stream, env, wants, expected) => {
    const theme = themeFor(stream, env, wants);
    expect(theme.color).toBe(expected);
    expect(theme.paint('bad', 'x')).toBe(expected ? '\u001b[31mx\u001b[39m' : 'x');
  });

  it('draws with ASCII where the locale is not UTF-8', () => {
    expect(ascii.symbols.full).toBe('#');
    expect(themeFor(output(true), { LC_ALL: 'de_DE.utf8' }).symbols.full).toBe('█');
    expect(themeFor(output(true), { TERM: 'linux', LANG: 'C.UTF-8' }).symbols.full).toBe('#');
  });

  it('names commands as the program was called', () => {
    const text = 'See why: pawl explain catdog; is pawl there? (npx pawl get, apps/pawl x)';
    expect(themeFor(output(false), {}).asCalled(text)).toBe(text);
    expect(themeFor(output(false), { npm_command: 'exec' }).asCalled('See why: pawl explain NAME')).toBe(
      'See why: npx pawl explain NAME',
    );
    expect(themeFor(output(false), { npm_command: 'exec' }).asCalled('npx pawl get; apps/pawl x')).toBe(
      'npx pawl get; apps/pawl x',
    );
  });

  it('has a width only on a terminal', () => {
    expect(themeFor(output(true, 132), {}).width).toBe(132);
    expect(themeFor(output(false, 132), {}).width).toBeUndefined();
  });
});

describe('text', () => {
  it.each([
    [0, '0s'],
    [42_000, '42s'],
    [119_000, '119s'],
    [130_000, '2m10s'],
    [300_000, '5m'],
    [3_900_000, '65m'],
    [11_520_000, '3h12m'],
    [36_000_000, '10h'],
    [200_000_000, '2d'],
    [-5, '0s'],
  ])('span of %d ms is %s', (ms, expected) => {
    expect(span(ms)).toBe(expected);
  });

  it('age of nothing is a dash', () => {
    expect(age(undefined, NOW)).toBe('-');
    expect(age('not a time', NOW)).toBe('-');
    expect(age('2026-11-21T11:59:00Z', NOW)).toBe('60s');
  });

  it('plain text has no control characters, whatever a pod said', () => {
    expect(plain('a\u001b[31mb\u001b[0m\r\n\tc\u0007\u009b\u202e')).toBe('ab c');
    expect(plain('\u001b]0;title\u0007x')).toBe('x');
    expect(plain('cat\u200b\u200f\u061c\u{e0041}\ud83d')).toBe('cat');
  });

  it('wraps between words, and leaves long words whole', () => {
    expect(wrap('a bb ccc', 4)).toEqual(['a bb', 'ccc']);
    expect(wrap('sha256:0123456789 x', 5)).toEqual(['sha256:0123456789', 'x']);
    expect(wrap('', 5)).toEqual(['']);
  });

  it('shortens, counts, lists', () => {
    expect(truncate('abcdef', 4, '…')).toBe('abc…');
    expect(truncate('abcd', 4, '…')).toBe('abcd');
    expect([count(1, 'pod'), count(2, 'pod')]).toEqual(['1 pod', '2 pods']);
    expect([list([]), list(['a']), list(['a', 'b', 'c'])]).toEqual(['', 'a', 'a, b and c']);
    expect([percent(0), percent(0.012), percent(0.5)]).toEqual(['0 %', '1.2 %', '50 %']);
    expect([bytes(12), bytes(44_812_345), bytes(2_147_483_648)]).toEqual(['12 B', '44.8 MB', '2.1 GB']);
  });
});

describe('renderTable', () => {
  it('aligns columns, whatever their colour', () => {
    const table = {
      header: ['A', 'B'],
      rows: [
        [{ text: 'long one', tone: 'bad' as const }, 'x'],
        ['s', 'y'],
      ],
    };
    expect(renderTable(table, ascii, '  ')).toEqual(['  A         B', '  long one  x', '  s         y']);
    // eslint-disable-next-line no-control-regex -- colours are what is taken off
    const bare = renderTable(table, color).map((line) => line.replace(/\u001b\[\d+m/g, ''));
    expect(bare).toEqual(['A         B', 'long one  x', 's         y']);
  });

  it('aligns labels of two columns a character', () => {
    const rows = [
      ['猫', 'x'],
      ['cat', 'y'],
      ['고양이', 'z'],
    ];
    expect(renderTable({ rows }, ascii)).toEqual(['猫      x', 'cat     y', '고양이  z']);
    expect([truncate('猫と犬', 4, '~'), wrap('猫と犬 ネコ', 6)]).toEqual(['猫~', ['猫と犬', 'ネコ']]);
  });

  it('cuts the last column to the terminal, and never in a pipe', () => {
    const rows = [['name', 'x'.repeat(100)]];
    expect(renderTable({ rows }, themeFor(output(true, 40), { LANG: 'C.UTF-8' }))[0]).toHaveLength(40);
    expect(renderTable({ rows }, ascii)[0]).toHaveLength(106);
  });
});

describe('bar', () => {
  it.each([
    [0, '..........'],
    [0.01, '#.........'],
    [0.25, '###.......'],
    [0.99, '#########.'],
    [1, '##########'],
    [7, '##########'],
  ])('%d', (share, expected) => {
    expect(bar(share, 10, ascii)).toBe(expected);
  });

  it('shows steps as dots', () => {
    expect(dots(1, 3, ascii)).toBe('* o o');
    expect(dots(4, 3, ascii)).toBe('* * *');
  });
});
