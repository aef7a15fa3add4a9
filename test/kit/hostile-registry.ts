import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What one of the two servers was asked. */
interface SeenRequest {
  readonly path: string;
  readonly authorization: string | undefined;
}

/** A registry that lies, and a service of another origin that only this machine can reach; both in plain HTTP. */
export interface HostileRegistry {
  /** `127.0.0.1:port` of the registry. */
  readonly host: string;
  /** `127.0.0.1:port` of the other origin, which stands for a metadata service or a sidecar. */
  readonly otherHost: string;
  /** What the registry was asked, in order. */
  readonly seen: SeenRequest[];
  /** What the other origin was asked, in order. */
  readonly seenElsewhere: SeenRequest[];
  close(): Promise<void>;
}

/** The token that the other origin gives to whoever asks. */
export const INTERNAL_TOKEN = 'INTERNAL-SECRET';

/** How it lies. */
export type Lie =
  /** Its 401 names a token server of the other origin. */
  | 'realm-elsewhere'
  /** Its 401 names a token server of its own, which redirects to the other origin. */
  | 'realm-redirects'
  /** It redirects to the other origin, which answers as a registry does that wants a login. */
  | 'redirects-to-challenge';

/** Starts both on loopback ports. */
export async function startHostileRegistry(lie: Lie): Promise<HostileRegistry> {
  const seen: SeenRequest[] = [];
  const seenElsewhere: SeenRequest[] = [];
  const other = await listen((request, response) => {
    seenElsewhere.push(sightOf(request));
    if (request.url?.startsWith('/v2/') === true)
      response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${other.host}/token"` }).end();
    else response.end(JSON.stringify({ access_token: INTERNAL_TOKEN }));
  });
  const registry = await listen((request, response) => {
    seen.push(sightOf(request));
    const elsewhere = `http://${other.host}/latest/api/token`;
    if (request.url?.startsWith('/token') === true) response.writeHead(307, { location: elsewhere }).end();
    else if (request.headers.authorization !== undefined) response.writeHead(404).end();
    else if (lie === 'redirects-to-challenge')
      response.writeHead(307, { location: `http://${other.host}${request.url ?? ''}` }).end();
    else {
      const realm = lie === 'realm-elsewhere' ? elsewhere : `http://${registry.host}/token`;
      response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}",service="x",scope="y"` }).end();
    }
  });
  return {
    host: registry.host,
    otherHost: other.host,
    seen,
    seenElsewhere,
    close: async () => {
      await registry.close();
      await other.close();
    },
  };
}

const sightOf = ({ url = '', headers }: IncomingMessage): SeenRequest => ({
  path: url.replace(/\?.*$/, ''),
  authorization: headers.authorization,
});

async function listen(handle: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
