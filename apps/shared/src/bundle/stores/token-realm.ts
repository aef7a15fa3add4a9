import { isIP } from 'node:net';
import { PawlError } from '../../errors/pawl-error.ts';

/** Environment variable that lists further hosts of token servers, separated by commas: `auth.example.com,10.0.0.7:8443`. */
export const TOKEN_HOSTS_VARIABLE = 'REGISTRY_TOKEN_HOSTS';

/** Hosts of Docker Hub's registry, and the host that gives tokens for it. */
const dockerHub = { registries: ['docker.io', 'index.docker.io', 'registry-1.docker.io'], tokens: 'auth.docker.io' };

/**
 * Pure: refuses a token server that the registry has no say over. A registry names, in its 401, the address that a client
 * asks for a token (distribution spec, token authentication); the client sends its credentials there, and hands whatever
 * comes back to the registry. A registry that lies would get the password sent elsewhere, and the answers of services that
 * only this machine can reach. So the address must be
 *
 * - of the registry's own origin; or
 * - for https: of the same host on another port, of a subdomain of it, or of a domain above it. Whoever holds these names
 *   has the registry's name too, or gave it away, and the certificate vouches for the name. Two names below a common one
 *   are strangers: customers of one cloud share a suffix; or
 * - `auth.docker.io` for Docker Hub; or
 * - a host that the operator allows.
 *
 * Numbers and `localhost` say nothing about who listens on another port, so there only the origin counts; nothing but https
 * is taken from a registry that speaks https.
 *
 * @param realm the token server, or where it redirects to.
 * @param registry origin of the registry.
 * @param allowed hosts as {@link readTokenHosts} gives them.
 * @throws PawlError BUNDLE_TOKEN_REALM_REFUSED; the message names the token server and how to allow it.
 */
export function requireTokenRealm(realm: URL, registry: URL, allowed: readonly string[]): void {
  if (realm.protocol !== 'https:' && realm.protocol !== 'http:')
    throw refused(realm, registry, 'which is no https address', NO_WAY);
  if (realm.protocol === 'http:' && registry.protocol === 'https:')
    throw refused(realm, registry, 'in plain HTTP, though it speaks https itself', NO_WAY);
  if (realm.origin === registry.origin || allowed.includes(realm.host)) return;
  if (realm.protocol === 'https:' && registry.protocol === 'https:' && isSameSite(realm, registry)) return;
  // In the message, not in the hint alone: a condition of the cluster shows no hints.
  const allow = `which is another site; ${TOKEN_HOSTS_VARIABLE}=${realm.host} would allow it`;
  throw refused(
    realm,
    registry,
    allow,
    "Set that only if it is the registry's token server; no credentials were sent.",
  );
}

/** Pure: {@link requireTokenRealm}'s rule for names under https. */
function isSameSite(realm: URL, registry: URL): boolean {
  const [token, own] = [realm.hostname, registry.hostname];
  if (dockerHub.registries.includes(own) && realm.host === dockerHub.tokens) return true;
  if (!isName(token) || !isName(own)) return false;
  return token === own || token.endsWith(`.${own}`) || own.endsWith(`.${token}`);
}

/** Whether a host is a name of the public kind: no address, no single word such as `localhost` or `com`. */
const isName = (host: string): boolean => host.includes('.') && isIP(host) === 0 && !host.startsWith('[');

/**
 * Pure: the hosts of token servers in the value of REGISTRY_TOKEN_HOSTS; none for undefined and the empty text.
 *
 * @throws PawlError CONFIG_INVALID for anything but `host` or `host:port`, separated by commas.
 */
export function readTokenHosts(text: string | undefined): readonly string[] {
  const hosts = (text ?? '').split(',').map((host) => host.trim().toLowerCase());
  return hosts
    .filter((host) => host !== '')
    .map((host) => {
      if (/^(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::\d{1,5})?$/.test(host) && URL.canParse(`https://${host}`))
        // As a URL writes it: without the port that https has anyway.
        return new URL(`https://${host}`).host;
      throw new PawlError('CONFIG_INVALID', {
        message: `${TOKEN_HOSTS_VARIABLE} names ${JSON.stringify(host.slice(0, 100))}; expected host or host:port, separated by commas`,
      });
    });
}

const NO_WAY = 'Ask whoever runs the registry: no setting allows this. No credentials were sent.';

function refused(realm: URL, registry: URL, problem: string, hint: string): PawlError {
  const named = `${realm.protocol}//${realm.host}`.slice(0, 300);
  return new PawlError('BUNDLE_TOKEN_REALM_REFUSED', {
    message: `the registry ${registry.host} sends its clients to ${named} for a token, ${problem}`,
    hint,
  });
}
