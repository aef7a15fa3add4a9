/** A bounded first-in-first-out queue whose entries can leave before their turn. */
export class TaskQueue<T> {
  readonly #limit: number;
  // A Set keeps insertion order and removes from the middle in constant time.
  readonly #entries = new Set<T>();

  /** @param limit most entries that wait at once, at least 0. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Entries that wait. */
  get size(): number {
    return this.#entries.size;
  }

  /** Whether `count` more entries fit. */
  hasRoom(count = 1): boolean {
    return this.#entries.size + count <= this.#limit;
  }

  /** Appends; the caller has asked {@link hasRoom}. Entries that come back after a crash may exceed the limit. */
  push(entry: T): void {
    this.#entries.add(entry);
  }

  /** The oldest entry, which stays; undefined when none waits. */
  peek(): T | undefined {
    for (const entry of this.#entries) return entry;
    return undefined;
  }

  /** Takes the oldest entry, or undefined when none waits. */
  shift(): T | undefined {
    for (const entry of this.#entries) {
      this.#entries.delete(entry);
      return entry;
    }
    return undefined;
  }

  /** Takes an entry out before its turn; false when it does not wait here. */
  remove(entry: T): boolean {
    return this.#entries.delete(entry);
  }
}
