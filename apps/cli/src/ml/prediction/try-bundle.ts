import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { quote } from '../../terminal/quote.ts';
import { PAWL_VERSION } from '../../terminal/version.ts';

/** The published image of the service, as the chart names it. */
const IMAGE = `ghcr.io/pawl-dev/pawl-inference:${PAWL_VERSION}`;

/**
 * Command lines for a bundle that was just written, which work as they are in the folder they are printed in: one that asks it
 * about pictures, and one that serves it.
 *
 * @param cwd absolute.
 * @param out folder of the bundle, as a person typed it.
 */
export async function tryBundle(cwd: string, out: string): Promise<readonly string[]> {
  return tryLines(cwd, out, await checkoutOf(cwd));
}

/** Pure: the lines of {@link tryBundle}. @param checkout whose `npm start` serves; undefined: a container does. */
export function tryLines(cwd: string, out: string, checkout: string | undefined): readonly string[] {
  return [`pawl predict ${quote(out)} PICTURES`, serveLine(cwd, out, checkout)];
}

function serveLine(cwd: string, out: string, checkout: string | undefined): string {
  const absolute = resolve(cwd, out);
  if (checkout === undefined)
    return `docker run --rm -p 8000:8000 -v ${quote(`${absolute}:/model:ro`)} -e MODEL_URI=file:///model ${IMAGE}`;
  // npm runs its script in the checkout, wherever it is called; a relative address starts there.
  return checkout === cwd
    ? `MODEL_URI=${quote(`file:${out}`)} npm start`
    : `MODEL_URI=${quote(`file:${absolute}`)} npm --prefix ${quote(checkout)} start`;
}

/** The checkout of Pawl around a folder; undefined where there is none. */
async function checkoutOf(folder: string): Promise<string | undefined> {
  for (let at = folder; ; at = dirname(at)) {
    const text = await readFile(join(at, 'package.json'), 'utf8').catch(() => undefined);
    if (text !== undefined && isPawl(text)) return at;
    if (at === dirname(at)) return undefined;
  }
}

function isPawl(text: string): boolean {
  try {
    return (JSON.parse(text) as { readonly name?: unknown } | null)?.name === 'pawl';
  } catch {
    return false;
  }
}
