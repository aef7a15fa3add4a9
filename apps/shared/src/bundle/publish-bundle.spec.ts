import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { jest } from '@jest/globals';
import type { S3Client } from '@aws-sdk/client-s3';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import {
  aBundle,
  aFolder,
  cleanFolders,
  instantClock,
  rejection,
  someBytes,
  someDraft,
  someSources,
} from '@pawl/test-kit/bundles';
import { startCuttingProxy, type CuttingProxy } from '@pawl/test-kit/cutting-proxy';
import { startRegistry, type TestRegistry } from '@pawl/test-kit/registry';
import { fetchBundle, type FetchOptions } from './fetch-bundle.ts';
import { openBundle } from './open-bundle.ts';
import { publishBundle } from './publish-bundle.ts';
import { generateSigningKeyPair } from './signature.ts';
import { writeBundle } from './write-bundle.ts';

const keys = generateSigningKeyPair();
const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  await cleanFolders();
});

async function someOptions(changes: Partial<FetchOptions> = {}): Promise<FetchOptions> {
  const directory = join(await aFolder(), 'current');
  return { directory, maxBytes: 50_000_000, timeoutMs: 120_000, clock: instantClock(), ...changes };
}

async function aRegistry(auth?: Parameters<typeof startRegistry>[0]): Promise<TestRegistry> {
  const registry = await startRegistry(auth);
  closers.push(() => registry.close());
  return registry;
}

async function aProxy(target: string, bytes: number): Promise<CuttingProxy> {
  const proxy = await startCuttingProxy(target, bytes);
  closers.push(() => proxy.close());
  return proxy;
}

const anotherBundle = async () =>
  await writeBundle(join(await aFolder(), 'bundle'), someDraft({ version: '2.0.0' }), someSources());

describe('publishBundle to file://', () => {
  it('copies the bundle, does nothing the second time, adds a signature, refuses another bundle', async () => {
    const folder = await aFolder();
    const uri = pathToFileURL(join(folder, 'catdog', '1.4.0')).href;
    const unsigned = await aBundle();
    expect(await publishBundle(unsigned.directory, uri)).toEqual({ uri, digest: unsigned.digest });
    await publishBundle(unsigned.directory, uri);
    const signed = await aBundle({ privateKeyPem: keys.privateKeyPem });
    await publishBundle(signed.directory, uri);
    await publishBundle(unsigned.directory, uri);
    await openBundle(join(folder, 'catdog', '1.4.0'), { publicKeyPem: keys.publicKeyPem });
    expect(await rejection(publishBundle((await anotherBundle()).directory, uri))).toMatchObject({
      code: 'BUNDLE_ALREADY_PUBLISHED',
      message: expect.stringContaining(unsigned.digest),
    });
    expect(await readdir(join(folder, 'catdog'))).toEqual(['1.4.0']);
  });

  it('publishes nothing that does not verify, or to where it cannot', async () => {
    const { directory } = await aBundle();
    const uri = pathToFileURL(join(await aFolder(), 'x')).href;
    const unsigned = publishBundle(directory, uri, { publicKeyPem: keys.publicKeyPem });
    expect(await rejection(unsigned)).toMatchObject({ code: 'BUNDLE_SIGNATURE_MISSING' });
    expect(await rejection(publishBundle(directory, 'https://models.example/x'))).toMatchObject({
      code: 'BUNDLE_URI_INVALID',
    });
    await writeFile(join(directory, 'model.onnx'), 'x');
    expect(await rejection(publishBundle(directory, uri))).toMatchObject({ code: 'BUNDLE_DIGEST_MISMATCH' });
  });
});

/** What any registry must do; `host` is asked in plain HTTP. */
function registrySuite(host: () => Promise<string>): void {
  const insecureRegistry = true;

  it('is fetched as it was published, by tag and by digest; again changes nothing', async () => {
    const repository = `oci://${await host()}/test/${randomUUID()}`;
    const bundle = await aBundle({ privateKeyPem: keys.privateKeyPem });
    const published = await publishBundle(bundle.directory, `${repository}:1.4.0`, { insecureRegistry });
    expect(published).toMatchObject({ digest: bundle.digest, uri: `${repository}@${published.imageDigest!}` });
    expect(await publishBundle(bundle.directory, `${repository}:1.4.0`, { insecureRegistry })).toEqual(published);
    for (const uri of [published.uri, `${repository}:1.4.0`]) {
      const options = await someOptions({ insecureRegistry, digest: bundle.digest, publicKeyPem: keys.publicKeyPem });
      const fetched = await fetchBundle(uri, options);
      expect(await readFile(fetched.path('model.onnx'))).toEqual(someBytes(300_000));
      // The plain signature comes along; the other forms are for other tools.
      const files = (await readdir(bundle.directory)).filter((name) => !/sigstore.json$|^model.sig$/.test(name));
      expect((await readdir(options.directory)).sort()).toEqual(files.sort());
    }
  });

  it('tells how many bytes are on their way, and none when there is nothing to send', async () => {
    const uri = `oci://${await host()}/test/${randomUUID()}:1.4.0`;
    const bundle = await aBundle({ modelSize: 3_000_000 });
    const sent: number[] = [];
    const options = { insecureRegistry, onProgress: (bytes: number) => sent.push(bytes) };
    await publishBundle(bundle.directory, uri, options);
    expect(sent.length).toBeGreaterThan(3);
    expect(sent).toEqual(sent.toSorted((a, b) => a - b));
    // The files, and the headers of the layer.
    expect(sent.at(-1)).toBeGreaterThan(3_002_000);
    expect(sent.at(-1)).toBeLessThan(3_100_000);
    const before = sent.length;
    await publishBundle(bundle.directory, uri, options);
    expect(sent).toHaveLength(before);
  });

  it('moves a tag, while the digest stays', async () => {
    const repository = `oci://${await host()}/test/${randomUUID()}`;
    const [one, two] = [await aBundle(), await anotherBundle()];
    const first = await publishBundle(one.directory, `${repository}:latest`, { insecureRegistry });
    await publishBundle(two.directory, `${repository}:latest`, { insecureRegistry });
    const digestOf = async (uri: string) => (await fetchBundle(uri, await someOptions({ insecureRegistry }))).digest;
    expect(await digestOf(`${repository}:latest`)).toBe(two.digest);
    expect(await digestOf(first.uri)).toBe(one.digest);
  });

  it('is resumed after the connection was cut in the middle of the layer', async () => {
    const address = await host();
    const repository = `test/${randomUUID()}`;
    const bundle = await aBundle({ modelSize: 4_000_000 });
    await publishBundle(bundle.directory, `oci://${address}/${repository}:1`, { insecureRegistry });
    const proxy = await aProxy(address, 2_000_000);
    const fetched = await fetchBundle(`oci://${proxy.host}/${repository}:1`, await someOptions({ insecureRegistry }));
    expect([fetched.digest, proxy.cuts()]).toEqual([bundle.digest, 1]);
  });

  it.each([
    ['an unknown tag', ':none'],
    ['an unknown digest', `@sha256:${'0'.repeat(64)}`],
  ])('answers BUNDLE_NOT_FOUND for %s', async (_, reference) => {
    const uri = `oci://${await host()}/test/${randomUUID()}${reference}`;
    expect(await rejection(fetchBundle(uri, await someOptions({ insecureRegistry })))).toMatchObject({
      code: 'BUNDLE_NOT_FOUND',
    });
  });
}

describe('an image registry', () => {
  registrySuite(async () => (await aRegistry()).host);
});

describeWhenSet('PAWL_TEST_REGISTRY', 'a real image registry', (host) => {
  registrySuite(() => Promise.resolve(host));
});

describe('the image of a bundle', () => {
  it('is an index for amd64 and arm64 of images of one tar layer, as Kubernetes mounts them', async () => {
    const registry = await aRegistry();
    const bundle = await aBundle();
    const options = { insecureRegistry: true };
    const { imageDigest } = await publishBundle(bundle.directory, `oci://${registry.host}/catdog:1.4.0`, options);
    interface Document {
      readonly manifests: readonly { readonly digest: string; readonly platform: object }[];
      readonly config: { readonly digest: string };
      readonly layers: readonly [{ readonly mediaType: string; readonly digest: string; readonly size: number }];
    }
    const json = (path: string) => JSON.parse(registry.contents.get(`catdog/${path}`)!.bytes.toString()) as Document;
    const index = json('manifests/1.4.0');
    const annotations = {
      'dev.pawl.bundle.digest': bundle.digest,
      'org.opencontainers.image.title': 'catdog',
      'org.opencontainers.image.version': '1.4.0',
    };
    expect(imageDigest).toBe(sha256(registry.contents.get('catdog/manifests/1.4.0')!.bytes));
    expect(index).toMatchObject({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      annotations,
    });
    expect(index.manifests.map((manifest) => manifest.platform)).toEqual([
      { architecture: 'amd64', os: 'linux' },
      { architecture: 'arm64', os: 'linux' },
    ]);
    for (const { digest, platform } of index.manifests) {
      const image = json(`manifests/${digest}`);
      expect(image).toMatchObject({ mediaType: 'application/vnd.oci.image.manifest.v1+json', annotations });
      const [layer] = image.layers;
      expect(layer.mediaType).toBe('application/vnd.oci.image.layer.v1.tar');
      const blob = registry.contents.get(`catdog/blobs/${layer.digest}`)!.bytes;
      expect([sha256(blob), blob.length]).toEqual([layer.digest, layer.size]);
      const config = json(`blobs/${image.config.digest}`);
      expect(config).toEqual({ ...platform, config: {}, rootfs: { type: 'layers', diff_ids: [layer.digest] } });
    }
  });

  it('writes the tag last, and nothing at all the second time', async () => {
    const registry = await aRegistry();
    const { directory } = await aBundle();
    const publish = () => publishBundle(directory, `oci://${registry.host}/catdog:1`, { insecureRegistry: true });
    await publish();
    const writes = () => registry.requests.filter((line) => /^(PUT|POST)/.test(line));
    expect(writes().at(-1)).toBe('PUT /v2/catdog/manifests/1');
    const before = writes().length;
    await publish();
    expect(writes()).toHaveLength(before);
  });

  it('waits for a registry that does not see yet what was put there, and for no other refusal', async () => {
    const registry = await aRegistry();
    const { directory } = await aBundle();
    const retry = { attempts: 3, initialDelayMs: 1, maxDelayMs: 1 };
    const options = { insecureRegistry: true, clock: instantClock(), retry };
    const publish = () => publishBundle(directory, `oci://${registry.host}/catdog:1`, options);
    const refuses = (code: string, times: number) => {
      registry.requests.splice(0);
      registry.interrupt = (line) =>
        line === 'PUT /v2/catdog/manifests/1' && registry.requests.filter((other) => other === line).length <= times
          ? { status: 400, body: JSON.stringify({ errors: [{ code: 'DIGEST_INVALID' }, { code }] }) }
          : undefined;
    };
    refuses('MANIFEST_INVALID', 1);
    expect(await rejection(publish())).toMatchObject({ code: 'BUNDLE_STORE_REFUSED', transient: false });
    refuses('MANIFEST_BLOB_UNKNOWN', retry.attempts);
    expect(await rejection(publish())).toMatchObject({
      code: 'BUNDLE_STORE_UNREACHABLE',
      message: expect.stringContaining('does not see yet what the image'),
    });
    refuses('MANIFEST_BLOB_UNKNOWN', retry.attempts - 1);
    await publish();
    // The images were there from the first time on.
    expect(registry.requests.filter((line) => line.startsWith('PUT') && !line.endsWith('/1'))).toEqual([]);
    expect(registry.contents.has('catdog/manifests/1')).toBe(true);
  });

  it.each<[string, string, RegExp, (registry: TestRegistry) => void]>([
    [
      'its layer has other bytes',
      'BUNDLE_DIGEST_MISMATCH',
      /the layer of the image is sha256/,
      (registry) => {
        for (const [path, content] of registry.contents)
          if (path.includes('/blobs/') && content.bytes.length > 100_000) content.bytes.fill(0, 200_000, 200_010);
      },
    ],
    [
      'its manifest has other bytes than its digest',
      'BUNDLE_DIGEST_MISMATCH',
      /the image manifest is/,
      (registry) => {
        for (const [path, content] of registry.contents)
          if (path.includes('/manifests/sha256')) content.bytes = Buffer.concat([content.bytes, Buffer.from(' ')]);
      },
    ],
    [
      'it has two layers',
      'BUNDLE_IMAGE_INVALID',
      /2 layers; expected 1/,
      (registry) => {
        retag(registry, (image) => ({
          ...image,
          layers: [...(image['layers'] as object[]), ...(image['layers'] as object[])],
        }));
      },
    ],
    [
      'it is some other artifact',
      'BUNDLE_IMAGE_INVALID',
      /media type application\/vnd.helm/,
      (registry) => {
        retag(registry, (image) => ({
          ...image,
          layers: [{ ...(image['layers'] as object[])[0], mediaType: 'application/vnd.helm.chart' }],
        }));
      },
    ],
    [
      'its layer is said to be huge',
      'BUNDLE_TOO_LARGE',
      /explain at most/,
      (registry) => {
        retag(registry, (image) => ({ ...image, layers: [{ ...(image['layers'] as object[])[0], size: 1e12 }] }));
      },
    ],
    [
      'its manifest is not valid',
      'BUNDLE_IMAGE_INVALID',
      /layers.0.digest/,
      (registry) => {
        retag(registry, (image) => ({
          ...image,
          layers: [{ ...(image['layers'] as object[])[0], digest: '../../etc' }],
        }));
      },
    ],
  ])('is refused when %s', async (_, code, message, spoil) => {
    const registry = await aRegistry();
    const { directory } = await aBundle();
    await publishBundle(directory, `oci://${registry.host}/catdog:1`, { insecureRegistry: true });
    spoil(registry);
    const options = await someOptions({ insecureRegistry: true });
    expect(await rejection(fetchBundle(`oci://${registry.host}/catdog:1`, options))).toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    expect(await readdir(join(options.directory, '..'))).toEqual([]);
  });
});

describe('a registry with authentication', () => {
  const [username, password] = ['robot', 's3cr3t'];
  const options = { insecureRegistry: true, credentials: { username, password } };

  it.each(['basic', 'bearer'] as const)('is asked with %s credentials for push and pull', async (scheme) => {
    const registry = await aRegistry({ scheme, username, password });
    const bundle = await aBundle();
    await publishBundle(bundle.directory, `oci://${registry.host}/catdog:1`, options);
    expect((await fetchBundle(`oci://${registry.host}/catdog:1`, await someOptions(options))).digest).toBe(
      bundle.digest,
    );
    // The registry's challenge names what the request needs: a token for looking, one for pushing, one for fetching.
    expect(registry.requests.filter((line) => line.includes('/token'))).toHaveLength(scheme === 'bearer' ? 3 : 0);
  });

  it('gives anonymous tokens for pulling', async () => {
    const registry = await aRegistry({ scheme: 'bearer' });
    const bundle = await aBundle();
    const anonymous = { insecureRegistry: true, dockerConfigPath: join(bundle.directory, 'no-auths.json') };
    await writeFile(anonymous.dockerConfigPath, '{}');
    await publishBundle(bundle.directory, `oci://${registry.host}/catdog:1`, anonymous);
    await fetchBundle(`oci://${registry.host}/catdog:1`, await someOptions(anonymous));
  });

  it('takes the credentials of docker login', async () => {
    const registry = await aRegistry({ scheme: 'basic', username, password });
    const bundle = await aBundle();
    const dockerConfigPath = join(await aFolder(), 'config.json');
    const auth = Buffer.from(`${username}:${password}`).toString('base64');
    await writeFile(dockerConfigPath, JSON.stringify({ auths: { [registry.host]: { auth } } }));
    await publishBundle(bundle.directory, `oci://${registry.host}/catdog:1`, {
      insecureRegistry: true,
      dockerConfigPath,
    });
  });

  it.each(['basic', 'bearer'] as const)('denies wrong %s credentials without a word of them', async (scheme) => {
    const registry = await aRegistry({ scheme, username, password: 'other' });
    const error = await rejection(fetchBundle(`oci://${registry.host}/catdog:1`, await someOptions(options)));
    expect(error).toMatchObject({ code: 'BUNDLE_ACCESS_DENIED', message: expect.not.stringContaining('s3cr3t') });
    expect(JSON.stringify(error)).not.toContain('s3cr3t');
  });

  it('speaks TLS unless it is told otherwise, also to this machine', async () => {
    const registry = await aRegistry();
    const uri = `oci://${registry.host}/catdog:1`;
    const impatient = await someOptions({ retry: { attempts: 1, initialDelayMs: 1, maxDelayMs: 1 } });
    expect(await rejection(fetchBundle(uri, impatient))).toMatchObject({ code: 'BUNDLE_STORE_UNREACHABLE' });
    expect(registry.requests).toEqual([]);
  });
});

describeWhenSet('PAWL_TEST_S3_ENDPOINT', 'a real S3 service', (endpoint) => {
  const s3 = { endpoint, forcePathStyle: true };
  const bucket = `pawl-test-${randomUUID()}`;
  let client: S3Client;
  let sdk: typeof import('@aws-sdk/client-s3');

  beforeAll(async () => {
    sdk = await import('@aws-sdk/client-s3');
    client = new sdk.S3Client({ ...s3, region: 'us-east-1' });
    await client.send(new sdk.CreateBucketCommand({ Bucket: bucket }));
  });

  afterAll(() => {
    client.destroy();
  });

  it('gives back what was published, and refuses another bundle in its place', async () => {
    const uri = `s3://${bucket}/catdog/${randomUUID()}`;
    const bundle = await aBundle({ privateKeyPem: keys.privateKeyPem });
    expect(await publishBundle(bundle.directory, uri, { s3 })).toEqual({ uri, digest: bundle.digest });
    await publishBundle(bundle.directory, uri, { s3 });
    const options = await someOptions({ s3, publicKeyPem: keys.publicKeyPem });
    const fetched = await fetchBundle(uri, options);
    expect(await readFile(fetched.path('model.onnx'))).toEqual(someBytes(300_000));
    const other = publishBundle((await anotherBundle()).directory, uri, { s3 });
    expect(await rejection(other)).toMatchObject({ code: 'BUNDLE_ALREADY_PUBLISHED' });
  });

  it('uploads only what is not there, the manifest last', async () => {
    const prefix = `catdog/${randomUUID()}`;
    const bundle = await aBundle();
    /** Time of every object's last change, whole seconds in ms. */
    const times = async () => {
      const { Contents = [] } = await client.send(new sdk.ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }));
      return new Map(
        Contents.map((object) => [object.Key?.slice(prefix.length + 1), object.LastModified?.getTime() ?? 0]),
      );
    };
    /** Publishes, and counts the bytes that went to the store. */
    const sent = async () => {
      let bytes = 0;
      const onProgress = (sentBytes: number) => (bytes = sentBytes);
      await publishBundle(bundle.directory, `s3://${bucket}/${prefix}`, { s3, onProgress });
      return bytes;
    };
    const { size } = await stat(join(bundle.directory, 'manifest.json'));
    expect(await sent()).toBe(bundle.manifest.files.reduce((sum, file) => sum + file.size, size));
    const first = await times();
    expect([...first.keys()].sort()).toEqual(['golden/cat-1.jpg', 'manifest.json', 'model.onnx', 'reference.json']);
    expect(Math.max(...first.values())).toBe(first.get('manifest.json'));
    await client.send(new sdk.DeleteObjectCommand({ Bucket: bucket, Key: `${prefix}/manifest.json` }));
    expect(await sent()).toBe(size);
    const second = await times();
    expect([...second.keys()].sort()).toEqual([...first.keys()].sort());
    expect(second.get('model.onnx')).toBe(first.get('model.onnx'));
  });

  it('is resumed after the connection was cut', async () => {
    const uri = `s3://${bucket}/${randomUUID()}`;
    const bundle = await aBundle({ modelSize: 4_000_000 });
    await publishBundle(bundle.directory, uri, { s3 });
    const proxy = await aProxy(new URL(endpoint).host, 2_000_000);
    const options = await someOptions({ s3: { ...s3, endpoint: `http://${proxy.host}` } });
    const fetched = await fetchBundle(uri, options);
    expect([fetched.digest, proxy.cuts()]).toEqual([bundle.digest, 1]);
  });

  it('refuses bytes that are not those of the bundle', async () => {
    const bundle = await aBundle();
    const prefix = randomUUID();
    await publishBundle(bundle.directory, `s3://${bucket}/${prefix}`, { s3 });
    await client.send(
      new sdk.PutObjectCommand({ Bucket: bucket, Key: `${prefix}/model.onnx`, Body: someBytes(300_000, 9) }),
    );
    const error = await rejection(fetchBundle(`s3://${bucket}/${prefix}`, await someOptions({ s3 })));
    expect(error).toMatchObject({ code: 'BUNDLE_DIGEST_MISMATCH' });
    await client.send(new sdk.DeleteObjectCommand({ Bucket: bucket, Key: `${prefix}/model.onnx` }));
    const missing = await rejection(fetchBundle(`s3://${bucket}/${prefix}`, await someOptions({ s3 })));
    expect(missing).toMatchObject({ code: 'BUNDLE_FILE_MISSING' });
  });

  it.each<[string, string, boolean, (uri: string) => [string, object]]>([
    ['a prefix that is not there', 'BUNDLE_NOT_FOUND', false, (uri) => [uri, s3]],
    ['a bucket that is not there', 'BUNDLE_NOT_FOUND', false, () => [`s3://none-${randomUUID()}/x`, s3]],
    [
      'a wrong secret',
      'BUNDLE_ACCESS_DENIED',
      false,
      (uri) => [
        uri,
        { ...s3, credentials: { accessKeyId: process.env['AWS_ACCESS_KEY_ID'] ?? '', secretAccessKey: 's3cr3t' } },
      ],
    ],
    [
      'a wrong user',
      'BUNDLE_ACCESS_DENIED',
      false,
      (uri) => [uri, { ...s3, credentials: { accessKeyId: 'nobody', secretAccessKey: 's3cr3t' } }],
    ],
    [
      'nobody at the endpoint',
      'BUNDLE_STORE_UNREACHABLE',
      true,
      (uri) => [uri, { ...s3, endpoint: 'http://127.0.0.1:9' }],
    ],
    ['an endpoint that is no URL', 'CONFIG_INVALID', false, (uri) => [uri, { ...s3, endpoint: 'not a url' }]],
  ])('meets %s with the right error', async (_, code, transient, input) => {
    const [uri, settings] = input(`s3://${bucket}/${randomUUID()}`);
    const options = await someOptions({ s3: settings, retry: { attempts: 2, initialDelayMs: 1, maxDelayMs: 1 } });
    const error = await rejection(fetchBundle(uri, options));
    expect(error).toMatchObject({ code, transient });
    expect(String(error['message'])).not.toContain('s3cr3t');
  });
});

it('says why an S3 service takes no object, and the SDK says nothing beside it', async () => {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.writeHead(request.method === 'PUT' ? 403 : 404).end();
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  closers.push(async () => {
    server.close();
    await once(server, 'close');
  });
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const credentials = { accessKeyId: 'reader', secretAccessKey: 's3cr3t' };
  const warn = jest.spyOn(console, 'warn').mockImplementation(() => undefined);
  const publishing = publishBundle((await aBundle()).directory, 's3://bucket/catdog', {
    s3: { endpoint, credentials },
  });
  expect(await rejection(publishing)).toMatchObject({ code: 'BUNDLE_ACCESS_DENIED' });
  expect(warn.mock.calls).toEqual([]);
  warn.mockRestore();
});

const sha256 = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** Points tag 1 at a changed form of the first image. */
function retag(registry: TestRegistry, change: (image: Record<string, unknown>) => object): void {
  const [, first] = [...registry.contents].find(([path]) => path.includes('/manifests/sha256:'))!;
  const bytes = Buffer.from(JSON.stringify(change(JSON.parse(first.bytes.toString()) as Record<string, unknown>)));
  registry.contents.set('catdog/manifests/1', { type: 'application/vnd.oci.image.manifest.v1+json', bytes });
}
