/** Milliseconds in which a second Ctrl-C is the first one again: npx passes on what the terminal has sent already. */
const SAME_INTERRUPT_MS = 1000;

/** Tells the Ctrl-C that asks a command to stop from the one after it, which ends the program at once. */
export class Interrupts {
  readonly #stop = new AbortController();
  #firstAt: number | undefined;

  /** Aborted by the first Ctrl-C. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /**
   * Notes a Ctrl-C.
   * @param at milliseconds of a clock that never goes back.
   * @param signal a SIGHUP says that the terminal went away, with the program around this one that a Ctrl-C ended first: nobody
   *   is impatient, and what is being written down is written.
   * @returns whether the user asks again, and does not want to wait until the command has stopped.
   */
  press(at: number, signal: NodeJS.Signals = 'SIGINT'): boolean {
    this.#firstAt ??= at;
    this.#stop.abort();
    return signal !== 'SIGHUP' && at - this.#firstAt > SAME_INTERRUPT_MS;
  }
}
