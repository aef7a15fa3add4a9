/** An answer is longer than anything that an API server sends. */
export class AnswerTooLong extends Error {
  override readonly name = 'AnswerTooLong';

  constructor(maxBytes: number) {
    super(`The answer is longer than ${maxBytes} bytes.`);
  }
}

/**
 * The text of a body; the connection ends with a body that is too long.
 * @throws AnswerTooLong
 */
export async function textOf(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new AnswerTooLong(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/**
 * The lines of a body as they come, without those that are empty.
 * @throws AnswerTooLong for a line that is too long.
 */
export async function* linesOf(body: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const parts = decoder.decode(chunk, { stream: true }).split('\n');
    parts[0] = rest + (parts[0] ?? '');
    rest = parts.pop() ?? '';
    for (const line of parts) if (line !== '') yield line;
    if (rest.length > maxBytes) throw new AnswerTooLong(maxBytes);
  }
  if (rest !== '') yield rest;
}
