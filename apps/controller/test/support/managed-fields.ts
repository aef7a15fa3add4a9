import type { KubeObject } from '@pawl/shared/kubernetes/kube-object';

interface Entry {
  readonly manager: string;
  readonly fieldsV1: object;
}

/** What a field manager owns of an object: the paths of its leaves, sorted. A list's entry is `[key=value]`. */
export function ownedFields({ metadata }: KubeObject, manager: string): string[] {
  const entries = (metadata.managedFields ?? []) as readonly Entry[];
  return entries
    .filter((entry) => entry.manager === manager)
    .flatMap(({ fieldsV1 }) => leaves(fieldsV1, ''))
    .sort();
}

function leaves(node: object, path: string): string[] {
  const children = Object.entries(node as Record<string, object>).filter(([key]) => key !== '.');
  if (children.length === 0) return [path];
  return children.flatMap(([key, child]) => leaves(child, path + step(key, path)));
}

/** `f:name` is a field, `k:{"name":"x"}` the entry of a list. */
function step(key: string, path: string): string {
  if (key.startsWith('f:')) return `${path === '' ? '' : '.'}${key.slice(2)}`;
  const keys = JSON.parse(key.slice(2)) as Record<string, string>;
  return `[${Object.entries(keys)
    .map(([name, value]) => `${name}=${value}`)
    .join(',')}]`;
}
