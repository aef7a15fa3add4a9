import { type TestCluster, type KubeObject, pathOf } from '../../e2e/support/cluster.ts';
import type { Application, ManagedObject } from './argocd.ts';

interface ManagedFields {
  readonly manager?: string;
  readonly operation?: string;
  readonly subresource?: string;
  readonly time?: string;
}

/** What was seen of one object. */
interface Seen {
  readonly uid: string;
  /** All that a fight over a field would change, and a status would not. */
  readonly print: string;
}

/** Objects by `<group>/<kind> <namespace>/<name>`. */
export type Inventory = ReadonlyMap<string, Seen>;

/** Kinds whose status is part of what stands still: nobody but us writes it, and at rest there is nothing to write. */
const WHOLE = new Set(['ModelVersion']);

/**
 * What of an object must stand still. An object without a status: its resourceVersion, so any write at all. One with a
 * status: its generation, and who owns which fields since when. Argo CD's own have no generation of the spec: their spec.
 */
export function printOf(object: KubeObject): string {
  const { generation, resourceVersion, labels, ...metadata } = object.metadata;
  if (object.apiVersion.startsWith('argoproj.io/')) return JSON.stringify([object['spec'], labels]);
  if (object['status'] === undefined || WHOLE.has(object.kind)) return `resourceVersion ${resourceVersion ?? ''}`;
  const fields = (metadata as { managedFields?: readonly ManagedFields[] }).managedFields ?? [];
  return JSON.stringify([generation, fields.filter(({ subresource }) => subresource !== 'status')]);
}

/** Differences between two inventories of a time in which nothing was to happen. */
export function movements(before: Inventory, after: Inventory): string[] {
  const found: string[] = [];
  for (const [key, { uid, print }] of before) {
    const now = after.get(key);
    if (now === undefined) found.push(`${key} is gone`);
    else if (now.uid !== uid) found.push(`${key} is another object`);
    else if (now.print !== print) found.push(`${key} was written:\n  before ${print}\n  after  ${now.print}`);
  }
  for (const key of after.keys()) if (!before.has(key)) found.push(`${key} is new`);
  return found;
}

/** Objects that are gone, or that are others under the same name. */
export function removals(before: Inventory, after: Inventory): string[] {
  return [...before].filter(([key, { uid }]) => after.get(key)?.uid !== uid).map(([key]) => key);
}

interface Pod extends KubeObject {
  readonly status: { readonly containerStatuses?: readonly { readonly restartCount: number }[] };
}

const restarts = ({ containerStatuses = [] }: Pod['status']) =>
  containerStatuses.reduce((sum, { restartCount }) => sum + restartCount, 0);

/** Reads what Applications manage, whatever its kind. */
export class Inventories {
  readonly #cluster: TestCluster;
  readonly #plurals = new Map<string, Promise<ReadonlyMap<string, string>>>();

  constructor(cluster: TestCluster) {
    this.#cluster = cluster;
  }

  /** The objects that these Applications manage, as they are now; those that are not there are left out. */
  async of(applications: readonly Application[]): Promise<Inventory> {
    const managed = new Map(
      applications.flatMap(({ status }) => (status?.resources ?? []).map((one) => [keyOf(one), one] as const)),
    );
    const seen = await Promise.all(
      [...managed].map(async ([key, one]) => {
        const object = await this.#cluster.find(await this.#pathOf(one));
        return object === undefined
          ? undefined
          : ([key, { uid: object.metadata.uid ?? '', print: printOf(object) }] as const);
      }),
    );
    return new Map(seen.filter((one) => one !== undefined));
  }

  /** Pods of a namespace that are not on their way out, with their restarts, as an inventory. */
  async pods(namespace: string): Promise<Inventory> {
    const pods = await this.#cluster.list<Pod>(pathOf.pods(namespace));
    return new Map(
      pods
        .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
        .map(({ metadata, status }) => [
          `Pod ${namespace}/${metadata.name}`,
          { uid: metadata.uid ?? '', print: `${restarts(status)} restarts` },
        ]),
    );
  }

  async #pathOf({ group = '', version, kind, namespace, name }: ManagedObject): Promise<string> {
    const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
    const known =
      this.#plurals.get(root) ??
      this.#cluster.get<{ resources: { name: string; kind: string }[] }>(root).then(
        ({ resources }) =>
          // A name with a slash is a subresource.
          new Map(resources.filter((one) => !one.name.includes('/')).map((one) => [one.kind, one.name])),
      );
    this.#plurals.set(root, known);
    // What could not be read is asked for again.
    known.catch(() => this.#plurals.delete(root));
    const plural = (await known).get(kind);
    if (plural === undefined) throw new Error(`${root} has no ${kind}`);
    return `${root}${namespace === undefined ? '' : `/namespaces/${namespace}`}/${plural}/${name}`;
  }
}

/** Name of an object in an inventory. */
export function keyOf({ group = '', kind, namespace = '', name }: Omit<ManagedObject, 'version'>): string {
  return `${group === '' ? '' : `${group}/`}${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;
}
