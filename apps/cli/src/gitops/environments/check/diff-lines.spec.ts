import { diffLines, unified, type Edit } from './diff-lines.ts';

const lines = (text: string): readonly string[] => text.split('').filter((character) => character !== ' ');
const show = (edits: readonly Edit[]): string => edits.map(({ sign, line }) => sign + line).join('');

describe('diffLines', () => {
  it.each([
    ['', '', ''],
    ['abc', 'abc', ' a b c'],
    ['', 'ab', '+a+b'],
    ['ab', '', '-a-b'],
    ['abc', 'axc', ' a-b+x c'],
    ['abcd', 'acd', ' a-b c d'],
    ['acd', 'abcd', ' a+b c d'],
    ['aa', 'a', ' a-a'],
    // The example of Myers' paper, figure 1.
    ['abcabba', 'cbabac', '-a-b c+b a b-b a+c'],
  ])('from %j to %j', (before, after, expected) => {
    expect(show(diffLines(lines(before), lines(after)))).toBe(expected);
  });

  it('has both texts in it, and no more edits than the shortest', () => {
    let state = 7;
    const next = (below: number) => (state = (state * 1103515245 + 12345) % 2147483648) % below;
    for (let round = 0; round < 300; round++) {
      const [before, after] = [next(12), next(12)].map((length) =>
        Array.from({ length }, () => String.fromCharCode(97 + next(3))),
      ) as [string[], string[]];
      const edits = diffLines(before, after);
      const side = (not: Edit['sign']) => edits.filter(({ sign }) => sign !== not).map(({ line }) => line);
      expect([side('+'), side('-')]).toEqual([before, after]);
      expect(edits.filter(({ sign }) => sign === ' ')).toHaveLength(longestCommon(before, after));
    }
  });

  it('shows what has nothing in common one after the other, however long it is', () => {
    const [before, after] = ['a', 'b'].map((letter) =>
      Array.from({ length: 3000 }, (_, index) => `${letter}${index}`),
    ) as [string[], string[]];
    const edits = diffLines(before, after);
    expect(edits).toHaveLength(6000);
    expect(edits.slice(0, 3000).every(({ sign }) => sign === '-')).toBe(true);
  });
});

/** Length of the longest common subsequence, by the table that everybody knows. */
function longestCommon(a: readonly string[], b: readonly string[]): number {
  const table = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  a.forEach((x, i) => {
    b.forEach((y, j) => {
      table[i + 1]![j + 1] = x === y ? table[i]![j]! + 1 : Math.max(table[i]![j + 1]!, table[i + 1]![j]!);
    });
  });
  return table[a.length]![b.length]!;
}

describe('unified', () => {
  it.each<[string, string, string, readonly string[]]>([
    ['equal texts', 'abc', 'abc', []],
    ['a new text', '', 'ab', ['@@ -0,0 +1,2 @@', '+a', '+b']],
    ['a text that goes', 'ab', '', ['@@ -1,2 +0,0 @@', '-a', '-b']],
    ['one line of many', 'abcdefghi', 'abcdXfghi', ['@@ -2,7 +2,7 @@', ' b', ' c', ' d', '-e', '+X', ' f', ' g', ' h']],
    [
      'two far places',
      'abcdefghijkl',
      'Xbcdefghijkl!',
      ['@@ -1,4 +1,4 @@', '-a', '+X', ' b', ' c', ' d', '@@ -10,3 +10,4 @@', ' j', ' k', ' l', '+!'],
    ],
  ])('%s', (_, before, after, expected) => {
    expect(unified(diffLines(lines(before), lines(after)))).toEqual(expected);
  });
});
