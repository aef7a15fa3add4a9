import { execFile } from 'node:child_process';
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { aFolder, cleanFolders } from '@pawl/test-kit/bundles';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { pawlIn } from './support/pawl-in.ts';
import { writeSmallBundle } from './support/publishing.ts';

afterEach(cleanFolders);

/** A name that no earlier run used: published versions are never changed. */
const unique = () => `${Date.now().toString(36)}${Math.random().toString(36).slice(2, 8)}`;

/** Publishes two versions, checks both, and tries to put one in the place of the other. */
async function throughAStore(
  env: Record<string, string>,
  address: (version: string) => string,
  ticks: number,
): Promise<string> {
  const folder = await aFolder();
  await pawlIn(folder, ['keys', 'generate']);
  await writeSmallBundle(folder, 'a');
  await writeSmallBundle(folder, 'b', { version: '1.1.0', weights: 2 });
  const run = (...argv: string[]) => pawlIn(folder, argv, { env });
  for (const name of ['a', 'b']) await run('sign', name, '--key', 'pawl.key');
  const [first, second] = [address('1.0.0'), address('1.1.0')];

  expect((await run('publish', 'a', first)).out).toMatch(/^Published catdog 1.0.0, with a signature\n/);
  expect((await run('publish', 'a', first)).out).toMatch(/^Already published/);
  expect((await run('publish', 'b', second)).code).toBe(0);
  const verified = await run('verify', first, '--key', 'pawl.pub');
  expect(verified).toMatchObject({ code: 0, err: '' });
  expect(verified.out.match(/✓/g)).toHaveLength(ticks);
  expect((await run('inspect', second)).out).toMatch(/^catdog 1.1.0\n/);
  expect((await run('diff', first, second)).out).toMatch(/minor: only the weights changed/);
  expect(await run('inspect', address('9.9.9'))).toMatchObject({ code: 4, out: '' });
  return (await run('publish', 'b', first)).err;
}

describeWhenSet('PAWL_TEST_REGISTRY', 'publishing to a real registry', (registry) => {
  it('publishes, verifies, compares, and moves no tag', async () => {
    const repository = `oci://${registry}/pawl-cli/${unique()}`;
    const err = await throughAStore({ REGISTRY_PLAIN_HTTP: 'true' }, (version) => `${repository}:${version}`, 10);
    expect(err).toMatch(/already names the bundle sha256:.*TAG_MOVED/);
  });

  it('knows an image that is no bundle from nothing', async () => {
    const folder = await aFolder();
    await writeSmallBundle(folder, 'a');
    const address = `oci://${registry}/pawl-cli/${unique()}:1`;
    const { out } = await pawlIn(folder, ['publish', 'a', address], { env: { REGISTRY_PLAIN_HTTP: 'true' } });
    expect(out).toMatch(/^Published/);
    const index = /@(sha256:\w+)/.exec(out)?.[1] ?? '';
    const inner = await fetch(
      `http://${address.slice('oci://'.length).replace('/', '/v2/').replace(/:1$/, '')}/manifests/${index}`,
      {
        headers: { accept: 'application/vnd.oci.image.index.v1+json' },
      },
    );
    expect(inner.status).toBe(200);
  });
});

describeWhenSet('PAWL_TEST_S3_ENDPOINT', 'publishing to a real S3 store', (endpoint) => {
  it('publishes, verifies, compares, and replaces nothing', async () => {
    const { CreateBucketCommand, S3Client } = await import('@aws-sdk/client-s3');
    const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true });
    const bucket = `pawl-cli-${unique()}`;
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    client.destroy();
    const err = await throughAStore({ S3_ENDPOINT: endpoint }, (version) => `s3://${bucket}/catdog/${version}`, 6);
    expect(err).toMatch(/already holds the bundle sha256:.*BUNDLE_ALREADY_PUBLISHED/);
  });

  it('says what to set when the credentials are wrong', async () => {
    const folder = await aFolder();
    await writeSmallBundle(folder, 'a');
    const { code, err } = await pawlIn(folder, ['publish', 'a', 's3://no-such-bucket-of-ours/x'], {
      env: { S3_ENDPOINT: endpoint },
    });
    expect(code).not.toBe(0);
    expect(err).toMatch(/\[BUNDLE_(NOT_FOUND|ACCESS_DENIED)\]\nnext: {2}\S/);
  });
});

const exec = promisify(execFile);

/** Major version of a cosign. */
async function majorOf(cosign: string): Promise<number> {
  const { stdout } = await exec(cosign, ['version']);
  return Number(/GitVersion:\s+v(\d+)/.exec(stdout)?.[1]);
}

describeWhenSet('PAWL_TEST_COSIGN', 'keys and signatures with a real cosign', withCosign);
describeWhenSet('PAWL_TEST_COSIGN3', 'keys and signatures with a real cosign 3', withCosign);

function withCosign(cosign: string): void {
  it('cosign verifies what pawl signed, and refuses what was changed', async () => {
    const folder = await aFolder();
    const { folder: cwd } = await writeSmallBundle(folder, 'a');
    // The keys lie in the bundle's folder, where the line is to be run, so that it works as it is printed.
    const { out } = await pawlIn(cwd, ['keys', 'generate']);
    await pawlIn(cwd, ['sign', '.', '--key', 'pawl.key']);
    const argv = (/^Verify with cosign: +cosign (.*)$/m.exec(out)?.[1] ?? '').split(' ');
    if ((await majorOf(cosign)) === 2) {
      // Version 2 fetches the roots of Sigstore from the internet first, though a key needs none: here, an empty set.
      const root = { mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1' };
      await writeFile(join(folder, 'root.json'), JSON.stringify(root));
      argv.push('--trusted-root', join(folder, 'root.json'));
    }
    expect((await exec(cosign, argv, { cwd })).stderr).toContain('Verified OK');
    await appendFile(join(cwd, 'manifest.json'), ' ');
    await expect(exec(cosign, argv, { cwd })).rejects.toThrow(/invalid signature/);
  });

  it('cosign signs with the key that pawl made, and pawl verifies it', async () => {
    const folder = await aFolder();
    const env = { ...process.env, COSIGN_PASSWORD: '' };
    await pawlIn(folder, ['keys', 'generate']);
    await writeSmallBundle(folder, 'a');
    await exec(cosign, ['import-key-pair', '--key', 'pawl.key'], { cwd: folder, env });
    const config = (await majorOf(cosign)) === 2 ? '--new-bundle-format' : '--use-signing-config=false';
    const argv = ['sign-blob', '--yes', '--key', 'import-cosign.key', '--tlog-upload=false', config];
    await exec(cosign, [...argv, '--bundle', 'a/manifest.json.sigstore.json', 'a/manifest.json'], { cwd: folder, env });
    const { code, out } = await pawlIn(folder, ['verify', 'a', '--key', 'pawl.pub']);
    expect(code).toBe(0);
    expect(out).toContain('✓ signature');
    expect((await pawlIn(folder, ['sign', 'a', '--key', 'pawl.key'])).out).toMatch(/^Already signed by this key/);
  });
}
