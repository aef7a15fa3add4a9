import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { aFolder, cleanFolders, rejection } from '@pawl/test-kit/bundles';
import { INTERNAL_TOKEN, startHostileRegistry, type HostileRegistry, type Lie } from '@pawl/test-kit/hostile-registry';
import { parseOci } from './oci-location.ts';
import { OciRegistry, type OciStoreOptions } from './oci-registry.ts';

const closers: (() => Promise<unknown> | undefined)[] = [];
const options: OciStoreOptions = {
  insecureRegistry: true,
  credentials: { username: 'robot', password: 's3cr3t' },
  tokenHosts: [],
};
const { signal } = new AbortController();

afterEach(async () => {
  Reflect.deleteProperty(process.env, 'REGISTRY_TOKEN_HOSTS');
  for (const close of closers.splice(0)) await close();
  await cleanFolders();
});

async function aHostileRegistry(lie: Lie): Promise<HostileRegistry> {
  const registry = await startHostileRegistry(lie);
  closers.push(() => registry.close());
  return registry;
}

const ask = async ({ host }: HostileRegistry, changes: OciStoreOptions = {}) =>
  await rejection(
    new OciRegistry(parseOci(`oci://${host}/catdog:1`), { ...options, ...changes }, 'pull').getManifest('1', signal),
  );

describe('a registry that lies', () => {
  it.each<Lie>(['realm-elsewhere', 'realm-redirects'])(
    'gets no password sent to another origin, and nothing that is said there: %s',
    async (lie) => {
      const registry = await aHostileRegistry(lie);
      expect(await ask(registry)).toMatchObject({
        code: 'BUNDLE_TOKEN_REALM_REFUSED',
        message: expect.stringMatching(`${registry.otherHost} for .*REGISTRY_TOKEN_HOSTS=${registry.otherHost} would`),
      });
      expect(registry.seenElsewhere).toEqual([]);
      expect(registry.seen.map(({ authorization }) => authorization)).not.toContain(`Bearer ${INTERNAL_TOKEN}`);
    },
  );

  it('gets neither from whoever has no credentials', async () => {
    const registry = await aHostileRegistry('realm-elsewhere');
    const dockerConfigPath = join(await aFolder(), 'config.json');
    await writeFile(dockerConfigPath, '{}');
    const error = await ask(registry, { credentials: undefined, dockerConfigPath });
    expect(error).toMatchObject({ code: 'BUNDLE_TOKEN_REALM_REFUSED' });
    expect(registry.seenElsewhere).toEqual([]);
  });

  it('is believed where the operator allows its token server, by option or by the environment', async () => {
    for (const way of ['option', 'environment'] as const) {
      const registry = await aHostileRegistry('realm-elsewhere');
      if (way === 'environment') process.env['REGISTRY_TOKEN_HOSTS'] = `auth.example, ${registry.otherHost}`;
      const tokenHosts = way === 'option' ? [registry.otherHost] : undefined;
      expect(await ask(registry, { tokenHosts })).toMatchObject({ code: 'BUNDLE_NOT_FOUND' });
      expect(registry.seenElsewhere).toEqual([
        { path: '/latest/api/token', authorization: `Basic ${Buffer.from('robot:s3cr3t').toString('base64')}` },
      ]);
      expect(registry.seen.at(-1)?.authorization).toBe(`Bearer ${INTERNAL_TOKEN}`);
    }
  });

  it('cannot let another server ask for the login', async () => {
    const registry = await aHostileRegistry('redirects-to-challenge');
    expect(await ask(registry)).toMatchObject({ code: 'BUNDLE_ACCESS_DENIED' });
    expect(registry.seenElsewhere).toEqual([{ path: '/v2/catdog/manifests/1', authorization: undefined }]);
  });
});

it('hands no authorization on when a blob is redirected to another origin', async () => {
  const seen: (string | undefined)[] = [];
  const storage = createServer((request, response) => {
    seen.push(request.headers.authorization);
    response.end('blob');
  });
  const registry = createServer((request, response) => {
    if (request.headers.authorization === undefined) response.writeHead(401, { 'www-authenticate': 'Basic' }).end();
    else response.writeHead(307, { location: `http://127.0.0.1:${portOf(storage)}/blob` }).end();
  });
  for (const server of [storage, registry]) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
  }
  const location = parseOci(`oci://127.0.0.1:${portOf(registry)}/catdog:1`);
  const { stream } = await new OciRegistry(location, options, 'pull').readBlob(`sha256:${'0'.repeat(64)}`, { signal });
  expect(await stream.setEncoding('utf8').toArray()).toEqual(['blob']);
  expect(seen).toEqual([undefined]);
});

const portOf = (server: ReturnType<typeof createServer>) => (server.address() as AddressInfo).port;
