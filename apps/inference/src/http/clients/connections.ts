import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { clientKey } from './client-key.ts';
import type { ClientLimits } from './client-limits.ts';

/** Time that a connection too many gets to send the request that is answered with the reason, ms. */
const FAREWELL_MS = 2_000;

/**
 * Counts the connections of each client. One too many is told the reason with its first request: before, nothing could
 * answer it; without a request it is closed soon.
 * @param isProxy whether an address is a trusted proxy's, whose connections are those of many clients.
 * @returns whether a socket is one too many.
 */
export function countConnections(
  server: Server,
  limits: ClientLimits,
  isProxy: (address: string) => boolean,
): (socket: Socket) => boolean {
  const surplus = new WeakSet<Socket>();
  server.on('connection', (socket: Socket) => {
    const { remoteAddress } = socket;
    const key = clientKey(remoteAddress);
    if (remoteAddress === undefined || key === undefined || isProxy(remoteAddress)) return;
    const isAllowed = limits.connected(key);
    socket.once('close', () => {
      limits.disconnected(key);
    });
    if (isAllowed) return;
    surplus.add(socket);
    const timer = setTimeout(() => {
      if (socket.bytesWritten === 0) socket.destroy();
    }, FAREWELL_MS);
    socket.once('close', () => {
      clearTimeout(timer);
    });
  });
  return (socket) => surplus.has(socket);
}
