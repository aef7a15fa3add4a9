/** Weight of the latest image. */
const LATEST = 0.2;

/**
 * How long workers usually take for an image, from taking it to its answer, so that none is begun that cannot be answered in
 * time: a service without CPU would spend what it has on answers that nobody waits for any more.
 */
export class WorkTime {
  #usualMs = 0;

  /** An image was worked on for so long, whatever became of it. */
  observe(ms: number): void {
    this.#usualMs += LATEST * (ms - this.#usualMs);
  }

  /** Whether an image that has `leftMs` until its deadline would usually miss it. */
  exceeds(leftMs: number): boolean {
    return this.#usualMs > leftMs;
  }
}
