import { harmlessText } from '../errors/harmless-text.ts';
import { maskUris } from '../errors/mask-uri.ts';

/**
 * Text that somebody else wrote (a pod, a manifest, the API server), as a status holds it: at most `longest` UTF-16 units, which are
 * never fewer than the characters that the API server counts, on one line, and without what would reach the terminals of those
 * who read it, nor user information and queries of addresses, which may be secrets.
 */
export function boundedText(text: string, longest: number): string {
  // eslint-disable-next-line no-control-regex -- they are what is removed
  return harmlessText(maskUris(text.toWellFormed()).replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' '), longest);
}
