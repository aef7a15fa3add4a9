/** What people copy as one: a digest. */
const DIGEST = /sha256:[0-9a-f]{64}$/;

/**
 * A path or an address in pieces of at most `width` characters, broken behind its slashes, and inside a name only when
 * that alone is wider. Put together, the pieces are the word again. A word without a slash, and a digest, are never broken.
 */
export function breakAddress(word: string, width: number): readonly string[] {
  if (word.length <= width || !word.includes('/')) return [word];
  const pieces: string[] = [];
  let piece = '';
  for (const part of word.split(/(?<=\/)/).flatMap((name) => broken(name, width))) {
    if (piece !== '' && piece.length + part.length > width) {
      pieces.push(piece);
      piece = '';
    }
    piece += part;
  }
  return [...pieces, piece];
}

function broken(name: string, width: number): readonly string[] {
  if (name.length <= width || DIGEST.test(name)) return [name];
  const characters = Array.from(name);
  return Array.from({ length: Math.ceil(characters.length / width) }, (_, i) =>
    characters.slice(i * width, (i + 1) * width).join(''),
  );
}
