import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/**
 * What an address counts as: an IPv4 address itself, also one written as IPv6; of IPv6 the network of 64 bits, which is what
 * one subscriber has. Undefined for what is no address.
 */
export function clientKey(address: string | undefined): string | undefined {
  const bare = withoutPort(address ?? '');
  if (bare === undefined) return undefined;
  const parsed = ipaddr.process(bare);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  return `${Buffer.from(parsed.toByteArray().slice(0, 8)).toString('hex')}/64`;
}

/** Some proxies forward `192.0.2.1:4711` or `[2001:db8::1]:4711`. */
function withoutPort(text: string): string | undefined {
  return [text, /^\[(.+)\](:\d+)?$/.exec(text)?.[1], /^([\d.]+):\d+$/.exec(text)?.[1]].find(
    (candidate): candidate is string => candidate !== undefined && isIP(candidate) !== 0,
  );
}
