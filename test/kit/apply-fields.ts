/** Plain JSON of an object, or a part of one. */
type Json = { readonly [field: string]: unknown };

/** By which field the items of a list are told apart; lists without one are replaced as a whole. */
const ITEM_KEYS = ['name', 'type', 'uid'];

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Name of an item within its list; undefined for lists that are one value. */
function itemName(list: readonly unknown[], item: unknown): string | undefined {
  const key = ITEM_KEYS.find((field) => list.every((each) => isObject(each) && typeof each[field] === 'string'));
  return key === undefined ? undefined : `${key}=${String((item as Json)[key])}`;
}

const isKeyed = (value: unknown): value is readonly Json[] =>
  Array.isArray(value) && value.length > 0 && itemName(value, value[0]) !== undefined;

/** Paths of all values of an object with their values: what a field manager owns after it applied the object. */
export function leavesOf(value: unknown, path: readonly string[] = []): Map<string, unknown> {
  const children: (readonly [string, unknown])[] = isObject(value)
    ? Object.entries(value)
    : isKeyed(value)
      ? value.map((item) => [itemName(value, item) ?? '', item] as const)
      : [];
  if (children.length === 0) return new Map([[JSON.stringify(path), value]]);
  return new Map(children.flatMap(([name, child]) => [...leavesOf(child, [...path, name])]));
}

/** The object with all values of another put in, as server-side apply merges them. */
export function merged(live: unknown, applied: unknown): unknown {
  if (isObject(applied)) {
    const base = isObject(live) ? live : {};
    return {
      ...base,
      ...Object.fromEntries(Object.entries(applied).map(([key, value]) => [key, merged(base[key], value)])),
    };
  }
  if (!isKeyed(applied) || !isKeyed(live)) return applied;
  const additions = new Map(applied.map((item) => [itemName(applied, item), item]));
  const kept = live.map((item) => {
    const addition = additions.get(itemName(live, item));
    additions.delete(itemName(live, item));
    return addition === undefined ? item : merged(item, addition);
  });
  return [...kept, ...additions.values()];
}

/** The object without the value at a path of {@link leavesOf}, and without what is empty then. */
export function without(value: unknown, path: string): unknown {
  return cut(value, JSON.parse(path) as readonly string[]);
}

function cut(value: unknown, [first, ...rest]: readonly string[]): unknown {
  if (first === undefined) return undefined;
  if (isKeyed(value)) {
    const items = value.map((item) => (itemName(value, item) === first ? cut(item, rest) : item));
    const left = items.filter((item) => item !== undefined);
    return left.length === 0 ? undefined : left;
  }
  if (!isObject(value)) return value;
  const child = cut(value[first], rest);
  const others = Object.entries(value).filter(([key]) => key !== first);
  const left = child === undefined ? others : [...others, [first, child] as const];
  return left.length === 0 ? undefined : Object.fromEntries(left);
}

/** Orders paths so that an item of a list loses its name after all else, for by its name it is found. */
export function namesLast(a: string, b: string): number {
  const isName = (path: string) => ITEM_KEYS.some((key) => new RegExp(`"${key}=[^"]*","${key}"\\]$`).test(path));
  return Number(isName(a)) - Number(isName(b));
}

/** JSON merge patch (RFC 7396). */
export function mergePatched(value: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: Record<string, unknown> = isObject(value) ? { ...value } : {};
  for (const [key, change] of Object.entries(patch))
    if (change === null) Reflect.deleteProperty(result, key);
    else result[key] = mergePatched(result[key], change);
  return result;
}
