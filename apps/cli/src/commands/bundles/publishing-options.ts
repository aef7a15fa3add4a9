import type { Command } from 'commander';

/** What every command takes that writes a page and needs no cluster. */
export interface PageOptions {
  readonly color: boolean;
}

/** Adds {@link PageOptions}. */
export function withPageOptions(command: Command): Command {
  return command.option('--no-color', 'no colours (also: NO_COLOR)');
}

/** How addresses are written and stores are reached; stands below the help of every command that takes an address. */
export const STORES_HELP = `
Addresses: oci://registry/name:tag, s3://bucket/prefix, https://host/folder, file:///folder, or a folder here.
Stores: docker's config.json or AWS_* give credentials; S3_ENDPOINT names a store that is not AWS;
REGISTRY_PLAIN_HTTP=true speaks plain HTTP to a registry; REGISTRY_TOKEN_HOSTS names token servers of other sites;
NODE_EXTRA_CA_CERTS is a file of certificate authorities to trust.
`;
