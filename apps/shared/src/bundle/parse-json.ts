/**
 * Pure: what a document of a stranger says, for a schema to check.
 *
 * @returns undefined where it is no JSON, which no schema of ours takes.
 */
export function parseJson(document: string | Uint8Array): unknown {
  try {
    return JSON.parse(typeof document === 'string' ? document : Buffer.from(document).toString('utf8'));
  } catch {
    return undefined;
  }
}
