import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A TCP proxy that breaks connections, to test against real servers what they do not do by themselves. */
export interface CuttingProxy {
  /** `127.0.0.1:port`. */
  readonly host: string;
  /** Connections cut so far. */
  cuts(): number;
  close(): Promise<void>;
}

/** Forwards to `target` (host:port) and cuts each of the first `times` connections that bring more than `bytes`. */
export async function startCuttingProxy(target: string, bytes: number, times = 1): Promise<CuttingProxy> {
  const [host = '', port = ''] = target.split(':');
  const sockets = new Set<Socket>();
  let cuts = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(port), host);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream);
    let received = 0;
    upstream.on('data', (chunk: Buffer) => {
      received += chunk.length;
      if (received > bytes && cuts < times) {
        cuts += 1;
        client.write(chunk.subarray(0, Math.max(0, bytes - (received - chunk.length))), () => client.destroy());
        upstream.destroy();
        return;
      }
      if (!client.write(chunk)) {
        upstream.pause();
        client.once('drain', () => upstream.resume());
      }
    });
    upstream.on('end', () => client.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    cuts: () => cuts,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => {
          resolve();
        });
      }),
  };
}
