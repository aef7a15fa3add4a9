/**
 * What moves the cursor, colours or reorders the text of whoever reads it: control characters but the line feed, format
 * characters (bidi overrides and isolates, zero-width ones), halves of surrogate pairs (Unicode, general categories Cc, Cf, Cs).
 */
const HARMFUL = /[^\P{C}\n\p{Cn}\p{Co}]/gu;

/**
 * Text that may hold what a stranger wrote, fit for a terminal, a log and a status: each harmful character is one U+FFFD, and
 * what is longer than `longest` UTF-16 units ends with an ellipsis.
 */
export function harmlessText(text: string, longest: number): string {
  const clean = text.replace(HARMFUL, '\ufffd');
  if (clean.length <= longest) return clean;
  const kept = clean.slice(0, longest - 1);
  // Half a surrogate pair at the end is no character.
  return `${kept.isWellFormed() ? kept : kept.slice(0, -1)}…`;
}
