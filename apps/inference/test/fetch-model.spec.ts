import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openBundle } from '@pawl/shared/bundle/open-bundle';
import { publishBundle } from '@pawl/shared/bundle/publish-bundle';
import { generateSigningKeyPair } from '@pawl/shared/bundle/signature';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { aBundle, cleanFolders } from '@pawl/test-kit/bundles';
import { type FileServer, serveFolder } from '@pawl/test-kit/file-server';
import { startRegistry } from '@pawl/test-kit/registry';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const catdog = join(root, 'models/catdog');

interface Ended {
  readonly code: number | null;
  /** The last line of the log. */
  readonly line: Readonly<Record<string, unknown>>;
  /** What Kubernetes would show of the container. */
  readonly terminationMessage: string;
}

/** Runs the joined program, which is what the image runs. */
function start(environment: Readonly<Record<string, string>>, termination: string) {
  const child = spawn(process.execPath, ['apps/inference/dist/bundle/fetch-model.js'], {
    cwd: root,
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', TERMINATION_LOG: termination, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let log = '';
  child.stdout.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const ended = async (): Promise<Ended> => {
    const [code] = (await once(child, 'close')) as [number | null];
    const line = JSON.parse(log.trim().split('\n').at(-1) ?? '') as Ended['line'];
    return { code, line, terminationMessage: await readFile(termination, 'utf8').catch(() => '') };
  };
  return { child, ended: ended() };
}

describe('fetch-model, the init container', () => {
  let folder: string;
  let cache: string;
  let server: FileServer;
  let digest: string;
  let version: string;
  const run = (environment: Readonly<Record<string, string>>) =>
    start({ MODEL_CACHE_DIR: cache, ...environment }, join(folder, 'termination-log')).ended;
  const served = () => ({ MODEL_URI: server.url, MODEL_DIGEST: digest });
  const cached = (of = digest) => join(cache, of.replace(':', '-'));

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pawl-test-'));
    cache = join(folder, 'models');
    await mkdir(cache);
    server = await serveFolder(catdog);
    const bundle = await openBundle(catdog);
    ({ digest } = bundle);
    ({ version } = bundle.manifest);
  });
  afterEach(async () => {
    await server.close();
    await rm(folder, { recursive: true, force: true });
    await cleanFolders();
  });

  it('says that no model is configured yet, and is content', async () => {
    expect(await run({})).toMatchObject({ code: 0, line: { code: 'NO_MODEL' }, terminationMessage: '' });
  });

  it('has nothing to do for a mounted bundle', async () => {
    expect(await run({ MODEL_URI: 'file:///mnt/pets' })).toMatchObject({ code: 0, line: { code: 'MOUNTED' } });
    expect(await readdir(cache)).toEqual([]);
  });

  it('fetches the bundle to the folder of its digest, once', async () => {
    const first = await run(served());
    expect(first).toMatchObject({
      code: 0,
      line: { code: 'FETCHED', level: 'info', model: 'catdog', version, digest, seconds: expect.any(Number) },
    });
    expect((await openBundle(cached(), { digest })).manifest.name).toBe('catdog');
    const requests = server.requests.length;
    expect(await run(served())).toMatchObject({ code: 0, line: { code: 'CACHED' } });
    expect(server.requests).toHaveLength(requests);
  });

  it('repairs a cached bundle that is damaged', async () => {
    await run(served());
    await truncate(join(cached(), 'model.onnx'), 1000);
    expect(await run(served())).toMatchObject({ code: 0, line: { code: 'FETCHED' } });
    expect((await openBundle(cached(), { digest })).digest).toBe(digest);
  });

  it('waits for a store that is down', async () => {
    let refusals = 8;
    const other = await serveFolder(catdog, {
      fault: (_, response) => {
        if (refusals-- <= 0) return undefined;
        response.writeHead(503).end();
        return 'handled';
      },
    });
    expect(await run({ ...served(), MODEL_URI: other.url })).toMatchObject({ code: 0, line: { code: 'FETCHED' } });
    await other.close();
  });

  it.each<[string, () => Readonly<Record<string, string>>, RegExp]>([
    ['a wrong digest', () => ({ MODEL_DIGEST: `sha256:${'00'.repeat(32)}` }), /^BUNDLE_DIGEST_MISMATCH: /],
    ['an address without a bundle', () => ({ MODEL_URI: `${server.url}/nothing` }), /^BUNDLE_NOT_FOUND: /],
    ['no digest', () => ({ MODEL_DIGEST: '' }), /^CONFIG_INVALID: MODEL_DIGEST is not set/],
    ['a bundle that is too large', () => ({ MODEL_MAX_BYTES: '1000' }), /^BUNDLE_TOO_LARGE: /],
    ['a wrong variable', () => ({ MODEL_MAX_BYTES: 'lots' }), /^CONFIG_INVALID: .*MODEL_MAX_BYTES="lots"/s],
    ['a wrong number to keep', () => ({ MODEL_CACHE_KEEP: '0' }), /^CONFIG_INVALID: MODEL_CACHE_KEEP="0"/],
    [
      'a store that stays down',
      () => ({ MODEL_URI: 'http://127.0.0.1:1/', MODEL_FETCH_TIMEOUT_MS: '1500' }),
      /^BUNDLE_STORE_UNREACHABLE: /,
    ],
    [
      'a key that is not there',
      () => ({ MODEL_PUBLIC_KEY_FILE: '/nonexistent' }),
      /^CONFIG_INVALID: MODEL_PUBLIC_KEY_FILE/,
    ],
  ])('fails for %s, and leaves the reason to Kubernetes', async (_, environment, message) => {
    const ended = await run({ ...served(), ...environment() });
    expect(ended).toMatchObject({ code: 1, line: { level: 'error' } });
    expect(ended.terminationMessage).toMatch(message);
    expect(ended.line['code']).toBe(ended.terminationMessage.split(':')[0]);
    expect((await readdir(cache)).filter((name) => /^sha256-[0-9a-f]{64}$/.test(name))).toEqual([]);
  });

  it('requires the signature where there is a key', async () => {
    const { publicKeyPem } = generateSigningKeyPair();
    const key = join(folder, 'key.pem');
    await writeFile(key, publicKeyPem);
    const ended = await run({ ...served(), MODEL_PUBLIC_KEY_FILE: key });
    expect(ended).toMatchObject({ code: 1, terminationMessage: expect.stringMatching(/^BUNDLE_SIGNATURE_MISSING: /) });
  });

  it('fetches from an OCI registry', async () => {
    const registry = await startRegistry();
    const uri = `oci://${registry.host}/catdog:1.0.0`;
    await publishBundle(catdog, uri, { insecureRegistry: true });
    expect(await run({ MODEL_URI: uri, MODEL_DIGEST: digest, REGISTRY_PLAIN_HTTP: 'true' })).toMatchObject({
      code: 0,
      line: { code: 'FETCHED' },
    });
    await registry.close();
  });

  describeWhenSet('PAWL_TEST_S3_ENDPOINT', 'from S3', (endpoint) => {
    it('fetches with the joined AWS SDK', async () => {
      const bucket = `fetch-model-${String(Date.now())}`;
      const { CreateBucketCommand, S3Client } = await import('@aws-sdk/client-s3');
      const client = new S3Client({ endpoint, forcePathStyle: true, region: 'us-east-1' });
      await client.send(new CreateBucketCommand({ Bucket: bucket }));
      client.destroy();
      const uri = `s3://${bucket}/catdog/1.0.0`;
      await publishBundle(catdog, uri, { s3: { endpoint, forcePathStyle: true } });
      const aws = Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('AWS_')));
      expect(await run({ ...aws, MODEL_URI: uri, MODEL_DIGEST: digest, S3_ENDPOINT: endpoint })).toMatchObject({
        code: 0,
        line: { code: 'FETCHED' },
      });
    });
  });

  it('keeps the most recently used bundles of a shared cache, and what is no bundle of its own', async () => {
    const old = `sha256:${'01'.repeat(32)}`;
    const recent = `sha256:${'02'.repeat(32)}`;
    for (const [name, age] of [
      [old, 200],
      [recent, 100],
    ] as const) {
      await mkdir(cached(name));
      await utimes(cached(name), Date.now() / 1000 - age, Date.now() / 1000 - age);
    }
    await mkdir(join(cache, 'lost+found'));
    const ended = await run({ ...served(), MODEL_CACHE_KEEP: '2' });
    expect(ended.line).toMatchObject({ pruned: [old.replace(':', '-')] });
    expect((await readdir(cache)).sort()).toEqual(
      [recent, digest]
        .map((name) => name.replace(':', '-'))
        .concat('lost+found')
        .sort(),
    );
  });

  it('shares a cache with pods that fetch the same at the same time', async () => {
    const { directory, digest: small } = await aBundle();
    const other = await serveFolder(directory);
    const all = await Promise.all(
      ['a', 'b', 'c'].map(
        (pod) => start({ MODEL_CACHE_DIR: cache, MODEL_URI: other.url, MODEL_DIGEST: small }, join(folder, pod)).ended,
      ),
    );
    expect(all.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(await readdir(cache)).toEqual([small.replace(':', '-')]);
    await other.close();
  });

  it('ends at once when the pod is stopped', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const uri = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`;
    const asked = once(silent, 'request');
    const { child, ended } = start(
      { MODEL_CACHE_DIR: cache, MODEL_URI: uri, MODEL_DIGEST: digest },
      join(folder, 'log'),
    );
    await asked;
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 1, terminationMessage: expect.stringContaining('the pod was stopped') });
    silent.closeAllConnections();
    silent.close();
  });
});
