import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { aFolder, cleanFolders } from '@pawl/test-kit/bundles';
import { inRepository } from '@pawl/test-kit/repository';
import { ownCertificate } from '@pawl/test-kit/untrusted-server';

/*
 * A store that pods trust by its certificate sends them elsewhere. The init container runs as it is shipped, so that what is
 * shown is what its process sends, by its own TLS and its own environment.
 */

interface Seen {
  readonly path: string;
  readonly authorization: string | undefined;
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const closing: (() => void)[] = [];

/** A server that writes down what it is asked. */
async function serve(answer: Answer, isSecure: boolean): Promise<{ readonly host: string; readonly seen: Seen[] }> {
  const seen: Seen[] = [];
  const handle: Answer = (request, response) => {
    seen.push({ path: request.url ?? '', authorization: request.headers.authorization });
    answer(request, response);
  };
  const server = isSecure ? createSecureServer(ownCertificate, handle) : createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

const redirectTo =
  (location: (request: IncomingMessage) => string): Answer =>
  (request, response) =>
    response.writeHead(307, { location: location(request) }).end();

/** Runs fetch-model against an address. @returns its termination message, which begins with the code. */
async function fetchModel(uri: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const folder = await aFolder();
  const ca = join(folder, 'ca.pem');
  const message = join(folder, 'termination-log');
  await writeFile(ca, ownCertificate.cert);
  const child = spawn(process.execPath, [inRepository('apps/inference/dist/bundle/fetch-model.js')], {
    stdio: 'ignore',
    env: {
      ...{ PATH: process.env['PATH'], HOME: folder, NODE_EXTRA_CA_CERTS: ca, TERMINATION_LOG: message },
      ...{ MODEL_URI: uri, MODEL_DIGEST: `sha256:${'0'.repeat(64)}`, MODEL_CACHE_DIR: folder },
      // Long enough for an answer on a busy machine, and short for one that never comes.
      MODEL_FETCH_TIMEOUT_MS: '20000',
      ...env,
    },
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  expect(code).toBe(1);
  return await readFile(message, 'utf8');
}

afterEach(async () => {
  for (const close of closing.splice(0)) close();
  await cleanFolders();
});

describe('a store with a trusted certificate that redirects', () => {
  it('to plain HTTP on this machine, such as a sidecar, is not followed', async () => {
    const sidecar = await serve((_, response) => response.end('secret'), false);
    const store = await serve(
      redirectTo(() => `http://${sidecar.host}/latest/meta-data/`),
      true,
    );
    expect(await fetchModel(`https://user:password@${store.host}/catdog`)).toMatch(
      /^BUNDLE_STORE_REFUSED: .*plain HTTP/,
    );
    expect(store.seen).toHaveLength(1);
    expect(sidecar.seen).toEqual([]);
  });

  it.each(['http://169.254.169.254/latest/meta-data/', 'http://[fd00:ec2::254]/'])(
    'to %s is not followed',
    async (location) => {
      const store = await serve(
        redirectTo(() => location),
        true,
      );
      expect(await fetchModel(`https://${store.host}/catdog`)).toMatch(/^BUNDLE_STORE_REFUSED: .*redirects to/);
      expect(store.seen).toHaveLength(1);
    },
  );

  it('to another host gets it no password', async () => {
    const other = await serve((_, response) => response.writeHead(404).end(), true);
    const store = await serve(
      redirectTo(({ url }) => `https://stolen:credentials@${other.host}${url ?? ''}`),
      true,
    );
    expect(await fetchModel(`https://user:password@${store.host}/catdog`)).toMatch(/^BUNDLE_NOT_FOUND/);
    expect(store.seen[0]?.authorization).toMatch(/^Basic /);
    expect(other.seen.map(({ authorization }) => authorization)).toEqual([undefined]);
  });
});

describe('what a store answers', () => {
  it('reaches no terminal: a registry names its media type in escape sequences', async () => {
    const registry = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'text/\u009b31mred' }).end('{}');
    }, true);
    const message = await fetchModel(`oci://${registry.host}/catdog:1.0.0`);
    expect(message).toMatch(/^BUNDLE_IMAGE_INVALID/);
    expect(message).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
  });
});
