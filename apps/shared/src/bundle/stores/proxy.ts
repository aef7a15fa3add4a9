import type { Agent, AgentOptions } from 'node:http';
import { isLoopback } from './address.ts';

/** Names of the variables that name proxies, by the convention of curl and Go; both spellings count. */
const VARIABLES = ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'];

/** As node's own agents have it: how long an idle connection is kept, ms. */
const IDLE_MS = 5_000;

/**
 * Options of a node agent whose requests go through the proxies of HTTP_PROXY and HTTPS_PROXY, except to the hosts of
 * NO_PROXY (names, `.suffixes`, addresses, ranges `10.0.0.1-10.0.0.9`; no CIDR). Only stores are asked through a proxy:
 * neither the API server nor a pod.
 * @param hostname of the store; this machine needs no proxy. Undefined: not known.
 * @returns undefined where no proxy is named.
 */
export function proxyOptions(
  hostname: string | undefined,
  environment: NodeJS.ProcessEnv = process.env,
): AgentOptions | undefined {
  if (hostname !== undefined && isLoopback(hostname)) return undefined;
  if (!VARIABLES.some((name) => (environment[name] ?? '') !== '')) return undefined;
  return { proxyEnv: environment, keepAlive: true, timeout: IDLE_MS };
}

const agents = new Map<string, Agent>();

/** The process's agent for a store, by {@link proxyOptions}; undefined: node's own. */
export async function proxyAgent({ protocol, hostname }: URL): Promise<Agent | undefined> {
  const options = proxyOptions(hostname);
  if (options === undefined) return undefined;
  const known = agents.get(protocol);
  if (known !== undefined) return known;
  const { Agent } = protocol === 'https:' ? await import('node:https') : await import('node:http');
  const agent = new Agent(options);
  agents.set(protocol, agent);
  return agent;
}
