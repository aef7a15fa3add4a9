import type { RandomStream } from '@pawl/shared/statistics/random';

/** Most changes of one document. */
const MOST_CHANGES = 4;
const DEEP = 5_000;

/** Values that parsers of JSON, and what reads their result, have gone wrong on. As JSON, since some cannot be written by it. */
const VALUES: readonly string[] = [
  'null',
  'true',
  '-1',
  '0',
  '-0',
  '0.5',
  '1e999',
  '-1e999',
  '1e-999',
  '9007199254740993',
  '99999999999999999999999999',
  '""',
  '"\\u0000"',
  '"\\u001b[31m"',
  '"\\u202e"',
  '"\\ud800"',
  '"../../etc/passwd"',
  '"/etc/passwd"',
  '"__proto__"',
  '"constructor"',
  `"${'a'.repeat(100_000)}"`,
  '[]',
  '{}',
  '[[]]',
  '{"__proto__":{"polluted":true}}',
  '{"constructor":{"prototype":{"polluted":true}}}',
  `${'['.repeat(DEEP)}${']'.repeat(DEEP)}`,
  `${'{"a":'.repeat(DEEP)}1${'}'.repeat(DEEP)}`,
  `[${'0,'.repeat(20_000)}0]`,
];
const KEYS: readonly string[] = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '',
  '\u001b[2J',
  '\u202e',
  'x'.repeat(10_000),
];

/** A value in JSON text that stands for itself when it is written. */
class Raw {
  readonly json: string;
  constructor(json: string) {
    this.json = json;
  }
}
/** An object as a list of entries: a key may come twice. */
class Entries {
  readonly entries: [string, unknown][];
  constructor(entries: [string, unknown][]) {
    this.entries = entries;
  }
}

function toTree(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toTree);
  if (typeof value !== 'object' || value === null) return value;
  return new Entries(Object.entries(value).map(([key, entry]) => [key, toTree(entry)]));
}

function write(tree: unknown): string {
  if (tree instanceof Raw) return tree.json;
  if (Array.isArray(tree)) return `[${tree.map(write).join(',')}]`;
  if (tree instanceof Entries)
    return `{${tree.entries.map(([key, value]) => `${JSON.stringify(key)}:${write(value)}`).join(',')}}`;
  return JSON.stringify(tree);
}

const pick = <Item>(items: readonly Item[], random: RandomStream): Item => items[random.below(items.length)] as Item;

/** Every list and object of a tree, the outermost first. */
function containers(tree: unknown): (unknown[] | Entries)[] {
  if (Array.isArray(tree)) return [tree, ...tree.flatMap(containers)];
  if (tree instanceof Entries) return [tree, ...tree.entries.flatMap(([, value]) => containers(value))];
  return [];
}

/** One change of one place: a value is replaced, left out, given twice, or another key is added. */
function change(place: unknown[] | Entries, random: RandomStream, words: readonly string[]): void {
  const values = place instanceof Entries ? place.entries : place;
  const at = random.below(values.length);
  const value = words.length > 0 && random.below(3) === 0 ? pick(words, random) : new Raw(pick(VALUES, random));
  const key = pick(KEYS, random);
  switch (random.below(5)) {
    case 0:
      values.splice(at, 1);
      return;
    case 1:
      values.splice(at, 0, ...(values.slice(at, at + 1) as never[]));
      return;
    case 2:
      if (place instanceof Entries) place.entries.push([key, value]);
      else place.push(value);
      return;
    case 3:
      if (place instanceof Entries && place.entries[at] !== undefined) place.entries[at][0] = key;
      return;
    default:
      if (place instanceof Entries) {
        const entry = place.entries[at];
        if (entry !== undefined) entry[1] = value;
      } else if (values.length > 0) place[at] = value;
  }
}

/** Changes a JSON document in a few places; its text is JSON again, with keys twice, numbers out of range and depth. */
export function mutateJson(input: Uint8Array, random: RandomStream, words: readonly string[] = []): Buffer {
  const tree = toTree(JSON.parse(Buffer.from(input).toString('utf8')));
  for (let left = 1 + random.below(MOST_CHANGES); left > 0; left--)
    change(pick(containers(tree), random), random, words);
  return Buffer.from(write(tree));
}
