/**
 * Lists to which several field managers add, by field name, with the keys that tell their items apart (the first that an
 * item has counts). Every other list belongs to whoever applies it, as a whole.
 */
const SHARED_LISTS: Readonly<Record<string, readonly string[]>> = {
  conditions: ['type'],
  containers: ['name'],
  initContainers: ['name'],
  env: ['name'],
  ports: ['containerPort', 'port'],
  volumes: ['name'],
  volumeMounts: ['mountPath'],
  volumeDevices: ['devicePath'],
  imagePullSecrets: ['name'],
  hostAliases: ['ip'],
  ownerReferences: ['uid'],
};

/** Lists of plain values to which several field managers add. */
const SHARED_SETS = new Set(['finalizers']);

/**
 * Whether `current` has every field of `desired` with the same value; what else it has (defaults, other managers' fields)
 * does not matter. A false "no" costs a write that changes nothing, so whatever is not known to be equal is not.
 * @param field name of the field that holds the two values.
 */
export function containsFields(current: unknown, desired: unknown, field = ''): boolean {
  if (desired === undefined) return true;
  if (Array.isArray(desired)) return Array.isArray(current) && containsItems(current, desired, field);
  if (typeof desired !== 'object' || desired === null) return current === desired;
  if (typeof current !== 'object' || current === null || Array.isArray(current)) return false;
  return Object.entries(desired).every(([name, value]) =>
    containsFields((current as Readonly<Record<string, unknown>>)[name], value, name),
  );
}

function containsItems(current: readonly unknown[], desired: readonly unknown[], field: string): boolean {
  if (SHARED_SETS.has(field)) return desired.every((item) => current.includes(item));
  const keys = SHARED_LISTS[field] ?? [];
  if (keys.length > 0 && desired.every((item) => keyOfItem(item, keys) !== undefined)) {
    const byKey = new Map(current.map((item) => [keyOfItem(item, keys), item]));
    return desired.every((item) => containsFields(byKey.get(keyOfItem(item, keys)), item));
  }
  return current.length === desired.length && desired.every((item, index) => containsFields(current[index], item));
}

function keyOfItem(item: unknown, keys: readonly string[]): string | undefined {
  if (typeof item !== 'object' || item === null) return undefined;
  const fields = item as Readonly<Record<string, unknown>>;
  for (const key of keys) {
    const value = fields[key];
    if (typeof value === 'string' || typeof value === 'number') return `${key}=${value}`;
  }
  return undefined;
}
