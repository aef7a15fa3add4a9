import type { Rendered, Values } from './helm.ts';

/** One value: what it changes. `at` gives `expected` with it, and something else without it. */
export interface ValueCase {
  /** Values that it needs beside itself. */
  readonly given?: Values;
  readonly value: unknown;
  readonly at: (rendered: Rendered) => unknown;
  readonly expected: unknown;
}
