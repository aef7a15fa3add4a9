import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';

/** Below the ports that Linux gives to connections (32768 and up) and Kubernetes to node ports (30000 and up). */
const PORTS = { first: 20_000, count: 10_000 };

/**
 * A TCP port that was free a moment ago, and that nobody is given by chance before a program that takes seconds to start
 * listens there.
 * @param host where it is free; `0.0.0.0`: on every address
 */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (;;) {
    const port = PORTS.first + randomInt(PORTS.count);
    const probe = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      probe.once('error', () => {
        resolve(false);
      });
      probe.listen(port, host, () => {
        resolve(true);
      });
    });
    if (!isFree) continue;
    await new Promise((resolve) => probe.close(resolve));
    return port;
  }
}

/** Has a server listen on a loopback port of its own. @returns `127.0.0.1:port`. */
export async function listen(server: Server): Promise<string> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
