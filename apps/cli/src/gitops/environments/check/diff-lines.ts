/** A line of a comparison: `-` only before, `+` only after, ` ` in both. */
export interface Edit {
  readonly sign: '-' | '+' | ' ';
  readonly line: string;
}

/** Beyond so many differing lines the two are shown one after the other. */
const MAX_DIFFERENCES = 2000;

/**
 * Pure: the shortest list of edits from one text to another, by Myers' algorithm ("An O(ND) Difference Algorithm and Its
 * Variations", 1986, figure 2).
 */
export function diffLines(before: readonly string[], after: readonly string[]): readonly Edit[] {
  const prefix = commonPrefix(before, after);
  const suffix = commonPrefix(before.slice(prefix).reverse(), after.slice(prefix).reverse());
  const [a, b] = [before.slice(prefix, before.length - suffix), after.slice(prefix, after.length - suffix)];
  return [
    ...edits(' ', before.slice(0, prefix)),
    ...(shortest(a, b) ?? [...edits('-', a), ...edits('+', b)]),
    ...edits(' ', before.slice(before.length - suffix)),
  ];
}

const edits = (sign: Edit['sign'], lines: readonly string[]): readonly Edit[] => lines.map((line) => ({ sign, line }));

function commonPrefix(a: readonly string[], b: readonly string[]): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
}

/** undefined when there are more differences than is worth the memory. */
function shortest(a: readonly string[], b: readonly string[]): readonly Edit[] | undefined {
  // furthest.get(k): how far into a a path on diagonal k (x - y) comes with d edits.
  const furthest = new Map<number, number>([[1, 0]]);
  const at = (k: number): number => furthest.get(k) ?? -1;
  const goesDown = (from: ReadonlyMap<number, number>, k: number, d: number): boolean =>
    k === -d || (k !== d && (from.get(k - 1) ?? -1) < (from.get(k + 1) ?? -1));
  const trace: ReadonlyMap<number, number>[] = [];
  for (let d = 0; d <= Math.min(a.length + b.length, MAX_DIFFERENCES); d++) {
    trace.push(new Map(furthest));
    for (let k = -d; k <= d; k += 2) {
      let x = goesDown(furthest, k, d) ? at(k + 1) : at(k - 1) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      furthest.set(k, x);
      if (x >= a.length && x - k >= b.length) return walkBack(a, b, trace, goesDown);
    }
  }
  return undefined;
}

function walkBack(
  a: readonly string[],
  b: readonly string[],
  trace: readonly ReadonlyMap<number, number>[],
  goesDown: (from: ReadonlyMap<number, number>, k: number, d: number) => boolean,
): readonly Edit[] {
  const reversed: Edit[] = [];
  let [x, y] = [a.length, b.length];
  for (let d = trace.length - 1; d >= 0; d--) {
    const from = trace[d] ?? new Map<number, number>();
    const k = x - y;
    const previous = goesDown(from, k, d) ? k + 1 : k - 1;
    const startX = d === 0 ? 0 : (from.get(previous) ?? 0);
    const startY = d === 0 ? 0 : startX - previous;
    while (x > startX && y > startY) {
      reversed.push({ sign: ' ', line: a[--x] ?? '' });
      y--;
    }
    if (d === 0) break;
    if (x === startX) reversed.push({ sign: '+', line: b[--y] ?? '' });
    else reversed.push({ sign: '-', line: a[--x] ?? '' });
  }
  return reversed.reverse();
}

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
