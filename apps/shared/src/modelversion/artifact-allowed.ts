import { parseBundleUri } from '../bundle/bundle-uri.ts';
import { PawlError } from '../errors/pawl-error.ts';
import type { RolloutPolicy } from './rollout-policy.ts';

/**
 * Pure: whether the policy lets an environment take weights from an address. Without `artifact.allow` it takes them from
 * anywhere. A prefix matches whole parts: scheme and host (with port) exactly, then every part of its path; the tag and the
 * digest of an image are no part of it. So `oci://registry.example/models` allows `oci://registry.example/models/catdog:1`,
 * and neither `oci://registry.example/models-of-others/x:1` nor `oci://registry.example:5000/models/catdog:1`. An address that
 * no store takes, whose path hides a separator or a dot (`%2f`), or has a part without a name (`//`: to a web server another
 * place, to some stores a key of its own), is not allowed.
 */
export function isArtifactAllowed(address: string, policy: Pick<RolloutPolicy, 'artifact'>): boolean {
  const { allow } = policy.artifact;
  if (allow === undefined) return true;
  const parts = partsOf(address);
  if (parts === undefined) return false;
  return allow.some((prefix) => {
    const wanted = partsOfUrl(prefix);
    return wanted.length <= parts.length && wanted.every((part, at) => part === parts[at]);
  });
}

/** Scheme, host and parts of the path of a bundle's address; undefined where that cannot be said for sure. */
function partsOf(address: string): readonly string[] | undefined {
  try {
    const location = parseBundleUri(address);
    // Without user information: `https://registry.example@evil.example` is of evil.example.
    const display = location.kind === 'oci' ? `oci://${location.host}/${location.repository}` : location.display;
    const isUnsure = /%(2f|5c|2e)/i.test(display) || new URL(display).pathname.includes('//');
    return isUnsure ? undefined : partsOfUrl(display);
  } catch (error) {
    if (error instanceof PawlError) return undefined;
    throw error;
  }
}

/** URL resolves `..`, also where it is written `%2e%2e`. */
function partsOfUrl(text: string): readonly string[] {
  const { protocol, host, pathname } = new URL(text);
  return [protocol, host.toLowerCase(), ...pathname.split('/').filter((part) => part !== '')];
}
