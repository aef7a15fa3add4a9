import type { Manifest } from '@pawl/shared/bundle/manifest';
import { CliError } from '../../errors/cli-error.ts';

/** Hex digits of a digest in an address: enough that two bundles never meet. */
const DIGITS = 12;

/**
 * Pure: an address with what is in braces filled in from the bundle: `{name}`, `{version}` (with `_` for `+`, which no tag may
 * have) and `{digest}`, the first hex digits of it. An address with `{digest}` is never taken by another bundle.
 *
 * @throws CliError USAGE for anything else in braces.
 */
export function fillAddress(
  address: string,
  { name, version }: Pick<Manifest, 'name' | 'version'>,
  digest: string,
): string {
  const values: Readonly<Record<string, string>> = {
    name,
    version: version.replaceAll('+', '_'),
    digest: digest.slice('sha256:'.length, 'sha256:'.length + DIGITS),
  };
  return address.replace(/\{([^{}]*)\}/g, (braced, key: string) => {
    const value = Object.hasOwn(values, key) ? values[key] : undefined;
    if (value !== undefined) return value;
    throw new CliError(
      'USAGE',
      `${braced} in an address is not known; expected {name}, {version} or {digest}.`,
      'Write oci://REGISTRY/{name}:{version}-{digest}.',
    );
  });
}
