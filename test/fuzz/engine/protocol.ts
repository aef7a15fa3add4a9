/** What the process with the target is asked: to try the input of a number, or one that it is given. */
export type Question = { readonly iteration: number } | { readonly input: Uint8Array };

/** What it answers when an input did it no harm. */
export interface Answer {
  /** Why the input is a finding; undefined where all is as it should be. */
  readonly problem?: string;
  /** How it ended, for the statistics: `ok` or a code. */
  readonly outcome: string;
  /** Largest resident memory of the process so far, bytes. */
  readonly maxRssBytes: number;
}
