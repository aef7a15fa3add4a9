/**
 * Text that somebody else wrote (a pod, a manifest, the API server), as a status holds it: at most `longest` UTF-16 units, which are
 * never fewer than the characters that the API server counts, and without control characters, which would reach the terminals
 * of those who read it.
 */
export function boundedText(text: string, longest: number): string {
  // eslint-disable-next-line no-control-regex -- they are what is removed
  const clean = text.toWellFormed().replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
  if (clean.length <= longest) return clean;
  const kept = clean.slice(0, longest - 1);
  // Half a surrogate pair at the end is no character.
  return `${kept.isWellFormed() ? kept : kept.slice(0, -1)}…`;
}
