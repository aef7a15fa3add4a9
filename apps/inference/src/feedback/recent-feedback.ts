/** Slots for each fingerprint: with a third of them free, a search looks at a few. */
const SLOTS = 1.5;

/**
 * The latest feedback of a process, so that none is counted twice: in two tables of a fixed size, of which one is filled while
 * the other still answers. When it is full, the other one is emptied and is next.
 */
export class RecentFeedback {
  readonly #capacity: number;
  #newer: Generation | undefined;
  #older: Generation | undefined;

  /**
   * @param capacity at least so many of the latest are found, and at most twice as many; 1 or more. The memory for both
   * tables, 30 bytes a piece, is taken with the first feedback.
   */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Bytes of both tables; 0 before the first feedback. */
  get bytes(): number {
    return (this.#newer?.bytes ?? 0) + (this.#older?.bytes ?? 0);
  }

  /**
   * Adds a prediction that is not there yet.
   * @param fingerprint of the prediction, 8 bytes at least that look random; two that agree in the first 8 are one.
   * @param label 0 to 65,534: a manifest has 10,000 at most
   * @returns the label that was there; undefined: none, and `label` is there now.
   */
  add(fingerprint: Buffer, label: number): number | undefined {
    this.#newer ??= new Generation(this.#capacity);
    this.#older ??= new Generation(this.#capacity);
    const [high, low] = [fingerprint.readUInt32LE(0), fingerprint.readUInt32LE(4)];
    const known = this.#newer.find(high, low) ?? this.#older.find(high, low);
    if (known !== undefined) return known;
    if (this.#newer.isFull) {
      [this.#newer, this.#older] = [this.#older, this.#newer];
      this.#newer.clear();
    }
    this.#newer.insert(high, low, label);
    return undefined;
  }
}

/** An open hash table of 64-bit keys with linear probing, from which nothing is deleted but all. */
class Generation {
  readonly #capacity: number;
  readonly #high: Uint32Array;
  readonly #low: Uint32Array;
  /** Label and 1; 0: the slot is free. */
  readonly #labels: Uint16Array;
  #size = 0;

  constructor(capacity: number) {
    const slots = Math.ceil(capacity * SLOTS) + 1;
    this.#capacity = capacity;
    this.#high = new Uint32Array(slots);
    this.#low = new Uint32Array(slots);
    this.#labels = new Uint16Array(slots);
  }

  get bytes(): number {
    return this.#high.byteLength + this.#low.byteLength + this.#labels.byteLength;
  }

  get isFull(): boolean {
    return this.#size >= this.#capacity;
  }

  find(high: number, low: number): number | undefined {
    const label = this.#labels[this.#slotOf(high, low)] ?? 0;
    return label === 0 ? undefined : label - 1;
  }

  insert(high: number, low: number, label: number): void {
    const slot = this.#slotOf(high, low);
    this.#high[slot] = high;
    this.#low[slot] = low;
    this.#labels[slot] = label + 1;
    this.#size += 1;
  }

  clear(): void {
    this.#labels.fill(0);
    this.#size = 0;
  }

  /** Where a key is, or the free slot where it would be; there always is one. */
  #slotOf(high: number, low: number): number {
    const slots = this.#labels.length;
    let slot = high % slots;
    while (this.#labels[slot] !== 0 && (this.#high[slot] !== high || this.#low[slot] !== low))
      slot = (slot + 1) % slots;
    return slot;
  }
}
