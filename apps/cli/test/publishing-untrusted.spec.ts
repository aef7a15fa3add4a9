import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateSigningKeyPair } from '@pawl/shared/bundle/signature';
import { aFolder, cleanFolders } from '@pawl/test-kit/bundles';
import { startUntrusted } from '@pawl/test-kit/untrusted-server';
import { pawlIn } from './support/pawl-in.ts';
import { startPawl } from './support/pawl-process.ts';
import { serveStatus, writeSmallBundle } from './support/publishing.ts';

let server: Awaited<ReturnType<typeof startUntrusted>>;

beforeAll(async () => {
  server = await startUntrusted();
});
afterAll(() => server.close());
afterEach(cleanFolders);

async function aWorkshop() {
  const folder = await aFolder();
  const { publicKeyPem, privateKeyPem } = generateSigningKeyPair();
  await writeFile(join(folder, 'my.pub'), publicKeyPem);
  await writeSmallBundle(folder, 'bundle', { privateKeyPem });
  return folder;
}

const untrusted = {
  code: 3,
  err: expect.stringMatching(
    /shows a certificate that is self-signed.*\[BUNDLE_STORE_UNTRUSTED\]\nnext: .*NODE_EXTRA_CA_CERTS/,
  ) as string,
};

describe('a store whose certificate is not trusted', () => {
  it.each([
    ['publish to oci', ['publish', 'bundle', 'oci://HOST/catdog:1.0.0']],
    ['publish --force to oci', ['publish', 'bundle', 'oci://HOST/catdog:1.0.0', '--force']],
    ['verify oci', ['verify', 'oci://HOST/catdog:1.0.0', '--key', 'my.pub']],
    ['verify https', ['verify', 'https://HOST/catdog', '--key', 'my.pub']],
    ['inspect', ['inspect', 'oci://HOST/catdog:1.0.0']],
    ['diff', ['diff', 'bundle', 'oci://HOST/catdog:1.0.0']],
  ])('is said to be that, with what to do: %s', async (_, argv) => {
    const words = argv.map((word) => word.replace('HOST', server.host));
    expect(await pawlIn(await aWorkshop(), words)).toMatchObject(untrusted);
  });

  it('is said to be that: publish to s3', async () => {
    // In a process of its own: the SDK asks for `instanceof Error`, which is another class inside of a test.
    const env = { S3_ENDPOINT: `https://${server.host}`, AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
    const { ended } = startPawl(await aWorkshop(), ['publish', 'bundle', 's3://models/catdog'], { env });
    expect(await ended).toMatchObject(untrusted);
  });
});

it.each([
  [400, 'BUNDLE_STORE_REFUSED'],
  [405, 'BUNDLE_STORE_REFUSED'],
  [403, 'BUNDLE_ACCESS_DENIED'],
])('HTTP %i of a registry is no tag that was taken', async (status, code) => {
  const registry = await serveStatus(status);
  try {
    const argv = ['publish', 'bundle', `oci://${registry.host}/catdog:1.0.0`];
    const { err } = await pawlIn(await aWorkshop(), argv, { env: { REGISTRY_PLAIN_HTTP: 'true' } });
    expect(err).toContain(`[${code}]`);
    expect(err).not.toContain('--force');
  } finally {
    await registry.close();
  }
});
