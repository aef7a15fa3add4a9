import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { PawlError } from '../../errors/pawl-error.ts';
import { basicAuthorization } from './http-client.ts';
import { hasCode } from '../../errors/system-error.ts';
import { parseJson } from '../parse-json.ts';

/** Who asks a registry. */
export interface RegistryCredentials {
  readonly username: string;
  readonly password: string;
}

/** What a registry wants to see (RFC 9110, 11.6.1; distribution spec, token authentication). */
export type Challenge =
  | { readonly scheme: 'basic' }
  | {
      readonly scheme: 'bearer';
      readonly realm: string;
      readonly service?: string | undefined;
      readonly scope?: string | undefined;
    };

/** Pure: reads a `WWW-Authenticate` header; undefined for a scheme that is not known. */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  const [, scheme, rest = ''] = /^\s*(basic|bearer)\b\s*(.*)$/is.exec(header ?? '') ?? [];
  if (scheme === undefined) return undefined;
  if (scheme.toLowerCase() === 'basic') return { scheme: 'basic' };
  const parameters: Record<string, string> = {};
  for (const [, key, quoted, bare] of rest.matchAll(/([a-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/gi))
    if (key !== undefined) parameters[key.toLowerCase()] = quoted?.replace(/\\(.)/g, '$1') ?? bare ?? '';
  const { realm, service, scope } = parameters;
  return realm === undefined ? undefined : { scheme: 'bearer', realm, service, scope };
}

const dockerConfigSchema = z.object({
  auths: z
    .record(
      z.string(),
      z.object({ auth: z.string().optional(), username: z.string().optional(), password: z.string().optional() }),
    )
    .optional(),
});

/**
 * Pure: the credentials for a registry host in the text of a docker `config.json` (also of a Kubernetes secret of type
 * kubernetes.io/dockerconfigjson). Credential helpers are not called.
 *
 * @throws PawlError CONFIG_INVALID when the text is not such a file; never repeats it.
 */
export function credentialsFromDockerConfig(text: string, host: string): RegistryCredentials | undefined {
  const parsed = dockerConfigSchema.safeParse(parseJson(text));
  if (!parsed.success)
    throw new PawlError('CONFIG_INVALID', { message: 'the docker config.json is not valid; expected {"auths": ...}' });
  for (const [server, entry] of Object.entries(parsed.data.auths ?? {})) {
    if (hostOf(server) !== hostOf(host)) continue;
    const { username, password } = entry;
    if (username !== undefined && password !== undefined) return { username, password };
    const [, name, secret] = /^([^:]*):(.*)$/s.exec(Buffer.from(entry.auth ?? '', 'base64').toString('utf8')) ?? [];
    if (name !== undefined && secret !== undefined && name !== '') return { username: name, password: secret };
  }
  return undefined;
}

/** `config.json` in DOCKER_CONFIG or ~/.docker, where `docker login` writes it; undefined where there is none. */
export async function readDockerConfig(path?: string): Promise<string | undefined> {
  const file = path ?? join(process.env['DOCKER_CONFIG'] ?? join(homedir(), '.docker'), 'config.json');
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    if (hasCode(cause, 'ENOENT', 'ENOTDIR') && path === undefined) return undefined;
    throw new PawlError('CONFIG_INVALID', { message: 'the docker config.json cannot be read', cause });
  }
}

/** Pure: the request for a token by the distribution spec's token authentication, and its header. */
export function tokenRequest(
  challenge: Extract<Challenge, { scheme: 'bearer' }>,
  scope: string,
  credentials: RegistryCredentials | undefined,
): { readonly url: string; readonly headers: Record<string, string> } {
  if (!URL.canParse(challenge.realm))
    throw new PawlError('BUNDLE_STORE_REFUSED', { message: 'the registry names a token address that is not a URL' });
  const url = new URL(challenge.realm);
  if (challenge.service !== undefined) url.searchParams.set('service', challenge.service);
  // The registry's own words for what this request needs, else what this store is going to do.
  url.searchParams.set('scope', challenge.scope ?? scope);
  return {
    url: url.href,
    headers: credentials === undefined ? {} : { authorization: basicAuthorization(credentials) },
  };
}

/** Pure: the token in a token server's answer. */
export function parseToken(bytes: Uint8Array): string | undefined {
  const schema = z.object({ token: z.string().min(1).optional(), access_token: z.string().min(1).optional() });
  const parsed = schema.safeParse(parseJson(bytes));
  return parsed.success ? (parsed.data.token ?? parsed.data.access_token) : undefined;
}

/** `https://index.docker.io/v1/` -> `docker.io`: docker writes hosts in several forms. */
function hostOf(server: string): string {
  const host = server
    .replace(/^https?:\/\//, '')
    .replace(/\/.*$/, '')
    .toLowerCase();
  return host === 'index.docker.io' || host === 'registry-1.docker.io' ? 'docker.io' : host;
}
