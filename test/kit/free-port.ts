import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

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
