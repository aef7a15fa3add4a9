import { execFile } from 'node:child_process';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { aFolder, cleanFolders } from '@pawl/test-kit/bundles';
import { startRegistry, type TestRegistry } from '@pawl/test-kit/registry';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { pawlIn, type CommandRun } from './support/pawl-in.ts';
import { writeSmallBundle } from './support/publishing.ts';

const run = promisify(execFile);

afterEach(cleanFolders);

type Pawl = (...argv: string[]) => Promise<CommandRun>;

/** A folder with a key pair and a signed bundle, published to an address. */
async function aPublishedBundle(
  address: string,
): Promise<{ readonly folder: string; readonly pawl: Pawl; readonly out: string }> {
  const folder = await aFolder();
  const pawl: Pawl = (...argv) => pawlIn(folder, argv, { env: { REGISTRY_PLAIN_HTTP: 'true' } });
  await pawl('keys', 'generate');
  await writeSmallBundle(folder, 'bundle');
  await pawl('sign', 'bundle', '--key', 'pawl.key');
  const { out, code } = await pawl('publish', 'bundle', address, '--key', 'pawl.pub');
  expect(code).toBe(0);
  return { folder, pawl, out };
}

describe('a bundle as others read it', () => {
  let registry: TestRegistry;
  let address: string;
  beforeEach(async () => {
    registry = await startRegistry();
    address = `oci://${registry.host}/models/catdog:1.0.0`;
  });
  afterEach(() => registry.close());

  it('is listed for programs, the second time as present', async () => {
    const { pawl } = await aPublishedBundle(address);
    const { out } = await pawl('publish', 'bundle', address, '-o', 'json');
    const { outcome, readers } = JSON.parse(out) as {
      outcome: string;
      readers: { kind: string; uri: string; outcome: string }[];
    };
    expect(outcome).toBe('present');
    expect(readers.map((reader) => [reader.kind, reader.outcome])).toEqual([
      ['sigstore-bundle', 'present'],
      ['model-signature', 'present'],
      ['ml-bom', 'present'],
      ['model-pack', 'present'],
    ]);
    expect(readers.at(-1)?.uri).toBe(`${address}-modelpack`);
  });

  it('warns of what the registry refuses, and the bundle is published', async () => {
    registry.interrupt = (line) =>
      /^PUT .*\/manifests\/(1.0.0-modelpack|sha256-)/.test(line) ? { status: 405, body: '{}' } : undefined;
    const { pawl, folder } = await aPublishedBundle(address);
    const { code, err } = await pawl('publish', 'bundle', address);
    expect(code).toBe(0);
    expect(
      err.match(/^warning: the .* is not there: .* \[BUNDLE_STORE_REFUSED\] The bundle is published/gm),
    ).toHaveLength(4);
    expect(folder).not.toBe('');
    expect((await pawl('verify', address, '--key', 'pawl.pub')).code).toBe(0);
  });

  it('is pulled with its signatures, and verifies in the folder', async () => {
    const { pawl, folder } = await aPublishedBundle(address);
    const { code, out } = await pawl('pull', address, 'pulled', '--key', 'pawl.pub');
    expect(code).toBe(0);
    expect(out).toContain('  beside  manifest.json.sigstore.json, model.sig\n');
    for (const name of await readdir(join(folder, 'bundle'), { recursive: true, withFileTypes: true })) {
      if (!name.isFile()) continue;
      const path = join(name.parentPath, name.name);
      expect(await readFile(path.replace('/bundle', '/pulled'))).toEqual(await readFile(path));
    }
    expect((await pawl('verify', 'pulled', '--key', 'pawl.pub')).code).toBe(0);
    expect((await pawl('pull', 'pulled', 'again')).err).toMatch(/is a folder already.*USAGE/);
  });

  it('is shown by inspect, and its bill of materials printed', async () => {
    const { pawl } = await aPublishedBundle(address);
    const { out } = await pawl('inspect', address, '--key', 'pawl.pub');
    expect(out).toMatch(/Read by others\n.*✓ +Sigstore bundle +by the given key.*\n.*✓ +OpenSSF model signature/);
    const bom = JSON.parse((await pawl('inspect', address, '-o', 'cyclonedx')).out) as Record<string, unknown>;
    expect(bom).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6' });
  });

  it('fails to verify when one of them is forged, which is named', async () => {
    const { pawl } = await aPublishedBundle(address);
    const at = [...registry.contents].find(([path]) => path.endsWith('/manifests/1.0.0-modelpack'))?.[1];
    at?.bytes.write('2', at.bytes.indexOf('1.0.0'));
    const { code, out, err } = await pawl('verify', address);
    expect(code).toBe(1);
    expect(out).toMatch(/✗ ModelPack +tag 1.0.0-modelpack: names sha256:/);
    expect(err).toMatch(/ModelPack: .*BUNDLE_READER_INVALID/);
  });

  it('fails to verify in a folder with a signature of another bundle', async () => {
    const { pawl, folder } = await aPublishedBundle(address);
    await writeSmallBundle(folder, 'second', { version: '1.1.0' });
    await pawl('sign', 'second', '--key', 'pawl.key');
    await cp(join(folder, 'second/model.sig'), join(folder, 'bundle/model.sig'));
    const { code, out } = await pawl('verify', 'bundle', '--key', 'pawl.pub');
    expect(code).toBe(1);
    expect(out).toMatch(/✗ model.sig +the model signature lists manifest.json as sha256:/);
    expect((await pawl('publish', 'bundle', `${address}-b`)).err).toContain('[BUNDLE_SIGNATURE_INVALID]');
  });
});

const unique = () => `${Date.now().toString(36)}${Math.random().toString(36).slice(2, 8)}`;

describeWhenSet('PAWL_TEST_REGISTRY', 'a bundle as others read it, in a real registry', (host) => {
  const reference = () => `${host}/pawl-readers/${unique()}:1.0.0`;

  it('has all of it twice published, once there', async () => {
    const address = `oci://${reference()}`;
    const { pawl, out } = await aPublishedBundle(address);
    expect(out).toContain('  beside  Sigstore bundle, OpenSSF model signature, CycloneDX ML-BOM, ModelPack ');
    await pawl('publish', 'bundle', address);
    const { out: page } = await pawl('verify', address, '--key', 'pawl.pub');
    expect(page.match(/✓/g)).toHaveLength(10);
  });

  describeWhenSet('PAWL_TEST_MODCTL', 'with the real modctl', (modctl) => {
    it('is pulled file for file', async () => {
      const name = reference();
      const { folder } = await aPublishedBundle(`oci://${name}`);
      const to = join(folder, 'by-modctl');
      const own = ['--storage-dir', join(folder, 'storage'), '--log-dir', join(folder, 'log'), '--no-progress'];
      await run(modctl, ['pull', ...own, '--plain-http', '--extract-dir', to, `${name}-modelpack`]);
      const inBundle = ['golden/cat-1.jpg', 'manifest.json', 'manifest.json.sig', 'model.onnx', 'reference.json'];
      const found = await readdir(to, { recursive: true, withFileTypes: true });
      const files = found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
      expect(files.map((path) => path.slice(to.length + 1)).sort()).toEqual(inBundle);
      for (const file of inBundle)
        expect(await readFile(join(to, file))).toEqual(await readFile(join(folder, 'bundle', file)));
      const { stdout } = await run(modctl, ['inspect', ...own, `${name}-modelpack`]);
      expect(stdout).toContain('catdog');
    });
  });

  describeWhenSet('PAWL_TEST_MODEL_SIGNING', 'with the real model_signing', (tool) => {
    it('verifies as it was pulled, and not with another model in it', async () => {
      const name = reference();
      const { folder, pawl } = await aPublishedBundle(`oci://${name}`);
      await pawl('pull', `oci://${name}`, 'pulled', '--key', 'pawl.pub');
      const verify = ['verify', 'key', 'pulled', '--signature', 'pulled/model.sig', '--public_key', 'pawl.pub'];
      expect((await run(tool, verify, { cwd: folder })).stdout).toContain('Verification succeeded');
      await writeFile(join(folder, 'pulled/model.onnx'), 'another model');
      await expect(run(tool, verify, { cwd: folder })).rejects.toThrow(/Hash mismatch/);
    });
  });

  const withCosign = (cosign: string) => {
    it('verifies as it was pulled, and not with another manifest', async () => {
      const name = reference();
      const { folder, pawl } = await aPublishedBundle(`oci://${name}`);
      await pawl('pull', `oci://${name}`, 'pulled', '--key', 'pawl.pub');
      await writeFile(
        join(folder, 'root.json'),
        '{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}',
      );
      const verify = ['verify-blob', '--key', 'pawl.pub', '--bundle', 'pulled/manifest.json.sigstore.json'];
      const offline = ['--insecure-ignore-tlog', '--trusted-root', 'root.json', 'pulled/manifest.json'];
      expect((await run(cosign, [...verify, ...offline], { cwd: folder })).stderr).toContain('Verified OK');
      await writeFile(join(folder, 'pulled/manifest.json'), '{}');
      await expect(run(cosign, [...verify, ...offline], { cwd: folder })).rejects.toThrow(/signature|digest/);
    });
  };
  describeWhenSet('PAWL_TEST_COSIGN', 'with the real cosign 2', withCosign);
  describeWhenSet('PAWL_TEST_COSIGN3', 'with the real cosign 3', (cosign) => {
    withCosign(cosign);

    it('verifies the image that pawl signed, and no other one', async () => {
      const [name, unsigned] = [reference(), reference()];
      const { folder, pawl } = await aPublishedBundle(`oci://${name}`);
      await pawl('publish', 'bundle', `oci://${unsigned}`);
      const { out } = await pawl('publish', 'bundle', `oci://${name}`, '--sign-image', 'pawl.key');
      expect(out).toContain('image signature');
      const verify = ['verify', '--key', 'pawl.pub', '--insecure-ignore-tlog', '--allow-http-registry'];
      expect((await run(cosign, [...verify, name], { cwd: folder })).stdout).toContain('docker-manifest-digest');
      await expect(run(cosign, [...verify, unsigned], { cwd: folder })).rejects.toThrow(/no matching|no signatures/);
    });

    it('signs an image, and pawl verifies it', async () => {
      const name = reference();
      const { folder, pawl, out } = await aPublishedBundle(`oci://${name}`);
      const digest = /@(sha256:[0-9a-f]{64})/.exec(out)?.[1] ?? '';
      const options = { cwd: folder, env: { ...process.env, COSIGN_PASSWORD: '' } };
      await run(cosign, ['import-key-pair', '--key', 'pawl.key'], options);
      const sign = ['sign', '--yes', '--key', 'import-cosign.key', '--tlog-upload=false', '--use-signing-config=false'];
      await run(cosign, [...sign, '--allow-http-registry', `${name.replace(/:1.0.0$/, '')}@${digest}`], options);
      const verified = await pawl('verify', `oci://${name}`, '--key', 'pawl.pub');
      expect(verified.out).toMatch(/✓ image signature +by the given key, of the image/);
      expect(verified.out).toMatch(/✓ ModelPack/);
      expect(verified.code).toBe(0);
    });
  });
});
