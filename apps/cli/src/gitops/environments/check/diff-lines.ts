import { diffArrays } from 'diff';

/** A line of a comparison: `-` only before, `+` only after, ` ` in both. */
export interface Edit {
  readonly sign: '-' | '+' | ' ';
  readonly line: string;
}

/** Beyond so many differing lines the two are shown one after the other. */
const MAX_DIFFERENCES = 2000;

/** Pure: the shortest list of edits from one text to another; what goes stands before what comes. */
export function diffLines(before: readonly string[], after: readonly string[]): readonly Edit[] {
  const parts = diffArrays([...before], [...after], { maxEditLength: MAX_DIFFERENCES });
  if (parts === undefined) return [...edits('-', before), ...edits('+', after)];
  return parts.flatMap(({ value, added, removed }) => edits(removed ? '-' : added ? '+' : ' ', value));
}

const edits = (sign: Edit['sign'], lines: readonly string[]): readonly Edit[] => lines.map((line) => ({ sign, line }));

/**
 * Pure: edits as `git diff` shows them, each run of them with a few lines around it and a header `@@ -from,count
 * +from,count @@`; nothing when nothing differs.
 */
export function unified(all: readonly Edit[], context = 3): readonly string[] {
  const near = all.map((_, index) =>
    all.slice(Math.max(0, index - context), index + context + 1).some(({ sign }) => sign !== ' '),
  );
  const lines: string[] = [];
  let [before, after] = [1, 1];
  for (let index = 0; index < all.length;) {
    if (near[index] !== true) {
      index++;
      before++;
      after++;
      continue;
    }
    const end = near.indexOf(false, index);
    const hunk = all.slice(index, end === -1 ? all.length : end);
    const [removed, added] = [hunk.filter(({ sign }) => sign !== '+'), hunk.filter(({ sign }) => sign !== '-')];
    lines.push(
      `@@ -${removed.length === 0 ? before - 1 : before},${removed.length} +${added.length === 0 ? after - 1 : after},${added.length} @@`,
      ...hunk.map(({ sign, line }) => sign + line),
    );
    index += hunk.length;
    before += removed.length;
    after += added.length;
  }
  return lines;
}
