import { PawlError } from '../errors/pawl-error.ts';
import { AddressProblem } from './stores/address.ts';
import { listSchemes, parseLocation, type BundleLocation } from './stores/store-table.ts';

/**
 * Takes a bundle's address apart. `display` is the address without user information, query and fragment: the only form
 * that may reach a message or a log. `http:` is accepted for loopback hosts, or for any host with `allowHttp`.
 *
 * @throws PawlError BUNDLE_URI_INVALID, without repeating the address.
 */
export function parseBundleUri(
  uri: string,
  options: { readonly allowHttp?: boolean | undefined } = {},
): BundleLocation {
  try {
    const location = parseLocation(uri, options);
    if (location !== undefined) return location;
    throw new AddressProblem(`expected ${listSchemes('://')}`);
  } catch (error) {
    if (!(error instanceof AddressProblem)) throw error;
    // The problem is not kept as the cause: its words are all in the message.
    throw addressInvalid(`the bundle's address is not usable: ${error.message}`);
  }
}

/** The error of an address that cannot be used as it is; `message` does not repeat it. */
export const addressInvalid = (message: string): PawlError =>
  new PawlError('BUNDLE_URI_INVALID', { message, hint: `Use a ${listSchemes('://')} address.` });
