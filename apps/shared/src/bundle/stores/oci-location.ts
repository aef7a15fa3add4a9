import { isDigest } from '../digest.ts';
import { AddressProblem } from './address.ts';

/** `oci://host[:port]/repository[:tag][@sha256:...]`; the digest wins over the tag. */
export interface OciLocation {
  readonly kind: 'oci';
  /** Host with port. */
  readonly host: string;
  readonly repository: string;
  /** Tag or digest of the image. */
  readonly reference: string;
  readonly display: string;
}

/**
 * Pure: takes an `oci://` address apart. Grammar of host, repository, tag and digest: OCI distribution spec, "Pulling
 * manifests".
 *
 * @throws AddressProblem
 */
export function parseOci(uri: string): OciLocation {
  const parts =
    /^(?<host>(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::\d{1,5})?)\/(?<repository>[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*)(?::(?<tag>\w[\w.-]{0,127}))?(?:@(?<digest>.+))?$/.exec(
      uri.slice('oci://'.length),
    )?.groups;
  const { host, repository, tag, digest } = parts ?? {};
  if (host === undefined || repository === undefined)
    throw new AddressProblem('expected oci://host/repository:tag or oci://host/repository@sha256:<hex>');
  if (digest !== undefined && !isDigest(digest))
    throw new AddressProblem('the digest after @ is not sha256:<64 hex digits>');
  const reference = digest ?? tag;
  if (reference === undefined)
    throw new AddressProblem('an oci:// address needs :tag or @sha256:<hex>; there is no default tag');
  const display = `oci://${host}/${repository}${digest === undefined ? ':' : '@'}${reference}`;
  return { kind: 'oci', host, repository, reference, display };
}
