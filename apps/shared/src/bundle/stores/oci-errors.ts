import { z } from 'zod';
import { parseJson } from '../parse-json.ts';

const document = z.object({ errors: z.array(z.object({ code: z.string() })) });

/** Codes that say that something a manifest names is not there. */
const missing: ReadonlySet<string> = new Set(['MANIFEST_BLOB_UNKNOWN', 'MANIFEST_UNKNOWN', 'BLOB_UNKNOWN']);

/**
 * Whether a registry refuses a manifest since it does not see what the manifest names (OCI distribution spec 1.1, "Error codes").
 * To a publisher who has just put all of that there, it means "not yet": a registry may be behind its own writes, or another
 * publisher of the same content is writing one of them again at this moment, which a registry on plain files does in place.
 *
 * @param body of an answer with status 400 or 404; anything that is no such document says no.
 */
export function namesMissingContent(body: Uint8Array): boolean {
  const parsed = document.safeParse(parseJson(body));
  return parsed.success && parsed.data.errors.some(({ code }) => missing.has(code));
}
