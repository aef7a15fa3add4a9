import { type KubeObject, keyOf } from '@pawl/shared/kubernetes/kube-object';

/** Objects by key, and by the result of an index function. */
export class ObjectStore<T extends KubeObject> {
  readonly #index: (object: T) => readonly string[];
  readonly #objects = new Map<string, T>();
  readonly #keysByIndex = new Map<string, Set<string>>();

  constructor(index: (object: T) => readonly string[]) {
    this.#index = index;
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  keys(): Iterable<string> {
    return this.#objects.keys();
  }

  values(): readonly T[] {
    return [...this.#objects.values()];
  }

  byIndex(value: string): readonly T[] {
    return [...(this.#keysByIndex.get(value) ?? [])]
      .map((key) => this.#objects.get(key))
      .filter((object) => object !== undefined);
  }

  /** @returns the object that was there before. */
  set(object: T): T | undefined {
    const key = keyOf(object);
    const old = this.delete(key);
    this.#objects.set(key, object);
    for (const value of this.#index(object)) {
      const keys = this.#keysByIndex.get(value) ?? new Set();
      this.#keysByIndex.set(value, keys.add(key));
    }
    return old;
  }

  /** @returns the object that was there. */
  delete(key: string): T | undefined {
    const old = this.#objects.get(key);
    if (old === undefined) return undefined;
    this.#objects.delete(key);
    for (const value of this.#index(old)) {
      const keys = this.#keysByIndex.get(value);
      keys?.delete(key);
      if (keys?.size === 0) this.#keysByIndex.delete(value);
    }
    return old;
  }
}
