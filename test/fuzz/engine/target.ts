import type { ErrorCode } from '@pawl/shared/errors/error-codes';
import type { RandomStream } from '@pawl/shared/statistics/random';

/** How inputs are changed: as any bytes, as text with words of its own, or as a tree of JSON. */
type InputKind = 'bytes' | 'text' | 'json';

/** A reader of what strangers send, to be tried with inputs that nobody would think of. One file a target. */
export interface FuzzTarget {
  readonly kind: InputKind;
  /** Codes that it may refuse an input with; any other error is a finding. Empty: it must not throw. */
  readonly codes: readonly ErrorCode[];
  /** Inputs that are right, to be changed; at least one. Asked for once a process. */
  seeds(): Promise<readonly Uint8Array[]>;
  /** Words of its format that are put into inputs here and there. */
  readonly words?: readonly string[];
  /** Puts checksums of the format right, or changed inputs would not get past them. Changes the input in place. */
  readonly repair?: (input: Uint8Array) => void;
  /** Inputs that `npm test` tries. */
  readonly iterations: number;
  /**
   * Reads an input. What it throws is judged by `codes`; a broken property is an Error of any other kind.
   * @param random the same for the same input, such as for how it is cut into chunks.
   */
  run(input: Uint8Array, random: RandomStream): unknown;
}

/** Fails a property of a target. */
export function ensure(condition: boolean, property: string): asserts condition {
  if (!condition) throw new Error(`broken: ${property}`);
}

/** Texts as seeds. */
export const textSeeds = (...texts: readonly string[]): Uint8Array[] => texts.map((text) => Buffer.from(text));
