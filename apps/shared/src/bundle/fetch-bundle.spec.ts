import { access, cp, mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { aBundle, aFolder, cleanFolders, instantClock, rejection, someBytes } from '@pawl/test-kit/bundles';
import { cutAfter, serveFolder, serveFile, type FileServer, type Fault } from '@pawl/test-kit/file-server';
import { canonicalJson } from './canonical-json.ts';
import { fetchBundle, resolveBundle, type FetchOptions } from './fetch-bundle.ts';
import type { Bundle } from './open-bundle.ts';
import { generateSigningKeyPair } from './signature.ts';
import { writeBundle } from './write-bundle.ts';

const MODEL_BYTES = 300_000;
const keys = generateSigningKeyPair();
const servers: FileServer[] = [];
let published: Bundle;

beforeAll(async () => {
  published = await aBundle({ modelSize: MODEL_BYTES, privateKeyPem: keys.privateKeyPem, keep: true });
});

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
  await cleanFolders();
});

async function serve(
  options: Parameters<typeof serveFolder>[1] = {},
  folder = published.directory,
): Promise<FileServer> {
  const server = await serveFolder(folder, options);
  servers.push(server);
  return server;
}

async function someOptions(changes: Partial<FetchOptions> = {}): Promise<FetchOptions> {
  const directory = join(await aFolder(), 'current');
  return { directory, maxBytes: 1_000_000, timeoutMs: 120_000, clock: instantClock(), ...changes };
}

const besides = async (options: FetchOptions) =>
  (await readdir(dirname(options.directory))).filter((name) => name !== basename(options.directory));

/** Node drops what it has read but not handed over when a connection breaks, so the place is not always the same. */
const resumed = expect.stringMatching(/^GET \/model.onnx bytes=[1-9]\d*-$/) as string;

const modelRequests = (server: FileServer) => server.requests.filter((line) => line.includes('model.onnx'));

const answer =
  (path: string, status: number, times = Infinity, headers: Record<string, string> = {}): Fault =>
  (request, response) => {
    if (!request.url?.includes(path) || times <= 0) return undefined;
    times -= 1;
    response.writeHead(status, headers).end();
    return 'handled';
  };

describe('fetchBundle over HTTP', () => {
  it('fetches, verifies and leaves nothing beside the target', async () => {
    const server = await serve();
    const options = await someOptions({ publicKeyPem: keys.publicKeyPem, digest: published.digest });
    const bundle = await fetchBundle(server.url, options);
    expect(bundle).toMatchObject({ directory: options.directory, digest: published.digest });
    expect(await readFile(bundle.path('model.onnx'))).toEqual(someBytes(MODEL_BYTES));
    // The plain signature comes along; the other forms are for other tools.
    const files = (await readdir(published.directory)).filter((name) => !/sigstore.json$|^model.sig$/.test(name));
    expect((await readdir(options.directory)).sort()).toEqual(files.sort());
    expect(await besides(options)).toEqual([]);
    expect(server.requests.slice(0, 2)).toEqual(['GET /manifest.json', 'GET /manifest.json.sig']);
  });

  it('asks nothing when the target already holds the digest, and only for the manifest without a digest', async () => {
    const server = await serve();
    const options = await someOptions();
    await fetchBundle(server.url, options);
    server.requests.length = 0;
    await fetchBundle(server.url, options);
    expect(server.requests).toEqual(['GET /manifest.json', 'GET /manifest.json.sig']);
    server.requests.length = 0;
    await fetchBundle(server.url, { ...options, digest: published.digest });
    expect(server.requests).toEqual([]);
  });

  it('fetches again over a target whose files were damaged', async () => {
    const server = await serve();
    const options = await someOptions({ digest: published.digest });
    const bundle = await fetchBundle(server.url, options);
    await writeFile(bundle.path('reference.json'), '[]\n');
    await fetchBundle(server.url, options);
    expect(await readFile(bundle.path('reference.json'), 'utf8')).toBe('{}\n');
    expect(await besides(options)).toEqual([]);
  });

  it.each([
    ['knows ranges', true],
    ['ignores ranges', false],
  ])('goes on after the connection was cut mid-file by a server that %s', async (_, ranges) => {
    const server = await serve({ fault: cutAfter('model.onnx', 100_000), ranges });
    const bundle = await fetchBundle(server.url, await someOptions());
    expect(modelRequests(server)).toEqual(['GET /model.onnx', resumed]);
    expect(await readFile(bundle.path('model.onnx'))).toEqual(someBytes(MODEL_BYTES));
  });

  it('does not give up while every attempt brings bytes', async () => {
    const server = await serve({ fault: cutAfter('model.onnx', 20_000, 12) });
    await fetchBundle(server.url, await someOptions({ retry: { attempts: 4, initialDelayMs: 1, maxDelayMs: 1 } }));
    expect(modelRequests(server).length).toBeGreaterThanOrEqual(13);
  });

  it('resumes in a later call what an earlier one left, and deletes the leftover', async () => {
    const options = await someOptions({ retry: { attempts: 1, initialDelayMs: 1, maxDelayMs: 1 } });
    const broken = await serve({ fault: cutAfter('model.onnx', 100_000) });
    expect(await rejection(fetchBundle(broken.url, options))).toMatchObject({ code: 'BUNDLE_STORE_UNREACHABLE' });
    expect(await besides(options)).toHaveLength(1);
    const server = await serve();
    await fetchBundle(server.url, options);
    expect(modelRequests(server)).toEqual([resumed]);
    expect(await besides(options)).toEqual([]);
  });

  it('starts over when what was left is not the beginning of the file', async () => {
    const options = await someOptions({ retry: { attempts: 1, initialDelayMs: 1, maxDelayMs: 1 } });
    await fetchBundle((await serve({ fault: cutAfter('model.onnx', 100_000) })).url, options).catch(() => undefined);
    const [leftover] = await besides(options);
    await writeFile(join(dirname(options.directory), leftover!, 'files', 'model.onnx'), Buffer.alloc(100_000));
    const server = await serve();
    const bundle = await fetchBundle(server.url, options);
    expect(modelRequests(server)).toEqual(['GET /model.onnx bytes=100000-', 'GET /model.onnx']);
    expect(await readFile(bundle.path('model.onnx'))).toEqual(someBytes(MODEL_BYTES));
  });

  it('leaves the folder of a living fetch alone, takes over that of a dead one', async () => {
    const server = await serve();
    const options = await someOptions();
    const folderOf = (name: string) => `${options.directory}.partial-${published.digest.slice(7, 19)}-${name}`;
    for (const name of ['living', 'dead']) {
      await mkdir(join(folderOf(name), 'files'), { recursive: true });
      await writeFile(join(folderOf(name), 'heartbeat'), '');
      await writeFile(join(folderOf(name), 'files', 'model.onnx'), someBytes(MODEL_BYTES).subarray(0, 1000));
    }
    await utimes(join(folderOf('dead'), 'heartbeat'), new Date(Date.now() - 60_000), new Date(Date.now() - 60_000));
    await fetchBundle(server.url, options);
    expect(modelRequests(server)).toEqual(['GET /model.onnx bytes=1000-']);
    expect(await besides(options)).toEqual([basename(folderOf('living'))]);
  });

  it('fetches once for concurrent calls of one process', async () => {
    const server = await serve();
    const options = await someOptions();
    const bundles = await Promise.all([1, 2, 3].map(() => fetchBundle(server.url, options)));
    expect(new Set(bundles.map((bundle) => bundle.digest)).size).toBe(1);
    expect(modelRequests(server)).toHaveLength(1);
  });

  it.each<[string, string, boolean, Fault, number]>([
    ['404 for the manifest', 'BUNDLE_NOT_FOUND', false, answer('manifest.json', 404), 1],
    ['401', 'BUNDLE_ACCESS_DENIED', false, answer('manifest.json', 401), 1],
    ['403', 'BUNDLE_ACCESS_DENIED', false, answer('manifest.json', 403), 1],
    ['400', 'BUNDLE_STORE_REFUSED', false, answer('manifest.json', 400), 1],
    ['500 for ever', 'BUNDLE_STORE_UNREACHABLE', true, answer('manifest.json', 500), 3],
    ['429 for ever', 'BUNDLE_STORE_UNREACHABLE', true, answer('manifest.json', 429), 3],
    ['404 for a listed file', 'BUNDLE_FILE_MISSING', false, answer('model.onnx', 404), 0],
    [
      'a redirect without end',
      'BUNDLE_STORE_REFUSED',
      false,
      answer('manifest.json', 302, Infinity, { location: '/manifest.json' }),
      6,
    ],
    [
      'a redirect to plain HTTP elsewhere',
      'BUNDLE_STORE_REFUSED',
      false,
      answer('manifest.json', 302, Infinity, { location: 'http://models.example/x?token=s3cr3t' }),
      1,
    ],
    [
      'a redirect to a file',
      'BUNDLE_STORE_REFUSED',
      false,
      answer('manifest.json', 302, Infinity, { location: 'file:///etc/passwd' }),
      1,
    ],
  ])('meets %s with the right error', async (_, code, transient, fault, manifestRequests) => {
    const server = await serve({ fault });
    const options = await someOptions({ retry: { attempts: 3, initialDelayMs: 1, maxDelayMs: 1 } });
    const secret = server.url.replace('http://', 'http://user:s3cr3t@') + '?sig=s3cr3t';
    const error = await rejection(fetchBundle(secret, options));
    expect(error).toMatchObject({ code, transient });
    expect(JSON.stringify([error['message'], error['hint'], String(error['cause'])])).not.toContain('s3cr3t');
    if (manifestRequests > 0) expect(server.requests).toHaveLength(manifestRequests);
    await expect(access(options.directory)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('rides out 503, then succeeds', async () => {
    const clock = instantClock();
    const server = await serve({ fault: answer('model.onnx', 503, 2) });
    await fetchBundle(server.url, await someOptions({ clock }));
    expect(clock.pauses).toHaveLength(2);
  });

  it('is transient when nobody listens, and names no secret', async () => {
    const server = await serve();
    await server.close();
    const options = await someOptions({ retry: { attempts: 2, initialDelayMs: 1, maxDelayMs: 1 } });
    expect(await rejection(fetchBundle(`${server.url}/?sig=s3cr3t`, options))).toMatchObject({
      code: 'BUNDLE_STORE_UNREACHABLE',
      message: expect.stringMatching(/^[^?]*ECONNREFUSED[^?]*$/),
    });
  });

  it('follows a redirect, without credentials to another origin', async () => {
    const other = await serve();
    const fault: Fault = (request, response) => {
      response.writeHead(307, { location: other.url + new URL(request.url ?? '', 'http://host').pathname }).end();
      return 'handled';
    };
    const server = await serve({ fault });
    await fetchBundle(server.url.replace('http://', 'http://user:pass@'), await someOptions());
    expect(server.headers[0]?.authorization).toBe(`Basic ${Buffer.from('user:pass').toString('base64')}`);
    expect(other.headers.map((headers) => headers.authorization)).toEqual(other.headers.map(() => undefined));
  });

  it.each<[string, (response: ServerResponse, file: Buffer, request: IncomingMessage) => void]>([
    [
      'other bytes of the same size',
      (response, file) => {
        serveFile(undefined, response, Buffer.alloc(file.length));
      },
    ],
    [
      'a longer file, said so',
      (response, file) => {
        serveFile(undefined, response, Buffer.concat([file, file]));
      },
    ],
    [
      'a longer file, in chunks',
      (response, file) => {
        response.write(file);
        response.end('x');
      },
    ],
    [
      'a file without end',
      (response, file) => {
        endless(response, file);
      },
    ],
    [
      'a shorter file, said so',
      (response, file) => {
        serveFile(undefined, response, file.subarray(1));
      },
    ],
    [
      'a shorter file, in chunks',
      (response, file) => {
        response.write(file.subarray(0, 9));
        response.end();
      },
    ],
  ])('refuses %s and shows nothing', async (_, misbehave) => {
    const fault: Fault = (request, response, file) => {
      if (!request.url?.includes('model.onnx')) return undefined;
      misbehave(response, file, request);
      return 'handled';
    };
    const server = await serve({ fault });
    const options = await someOptions();
    expect(await rejection(fetchBundle(server.url, options))).toMatchObject({
      code: 'BUNDLE_DIGEST_MISMATCH',
      message: expect.stringContaining('model.onnx'),
    });
    expect(await readdir(dirname(options.directory))).toEqual([]);
  });

  it('counts a silent connection as broken and tries again', async () => {
    let silent = 1;
    const fault: Fault = (request, response, file) => {
      if (!request.url?.includes('model.onnx') || silent-- <= 0) return undefined;
      response.writeHead(200, { 'content-length': file.length }).write(file.subarray(0, 1000));
      return 'handled';
    };
    const server = await serve({ fault });
    await fetchBundle(server.url, await someOptions({ idleTimeoutMs: 2_000 }));
    expect(modelRequests(server)).toEqual(['GET /model.onnx', 'GET /model.onnx bytes=1000-']);
  });

  it('ends at its deadline, and at the caller’s abort, keeping what it has', async () => {
    let asked: () => void = () => undefined;
    const fault: Fault = (request) => {
      if (!request.url?.includes('model.onnx')) return undefined;
      asked();
      return 'handled';
    };
    const server = await serve({ fault });
    const options = await someOptions({ timeoutMs: 400 });
    expect(await rejection(fetchBundle(server.url, options))).toMatchObject({
      code: 'BUNDLE_STORE_UNREACHABLE',
      message: expect.stringContaining('within 400 ms'),
    });
    const stop = new AbortController();
    const reason = new Error('enough');
    asked = () => {
      stop.abort(reason);
    };
    expect(await rejection(fetchBundle(server.url, { ...options, timeoutMs: 120_000, signal: stop.signal }))).toBe(
      reason,
    );
    expect(await besides(options)).toHaveLength(1);
  });

  it.each<[string, string, Partial<FetchOptions>]>([
    ['another digest', 'BUNDLE_DIGEST_MISMATCH', { digest: `sha256:${'0'.repeat(64)}` }],
    ['another key', 'BUNDLE_SIGNATURE_INVALID', { publicKeyPem: generateSigningKeyPair().publicKeyPem }],
    ['a smaller limit', 'BUNDLE_TOO_LARGE', { maxBytes: 301_000 }],
  ])('asks for no file after a manifest that does not fit %s', async (_, code, changes) => {
    const server = await serve();
    const options = await someOptions(changes);
    expect(await rejection(fetchBundle(server.url, options))).toMatchObject({ code });
    expect(server.requests).toEqual(['GET /manifest.json', 'GET /manifest.json.sig']);
    expect(await readdir(dirname(options.directory))).toEqual([]);
  });

  it('needs a signature when a key is given, and takes 403 for a missing one only without', async () => {
    const missing = await serve({ fault: answer('.sig', 404) });
    const denied = await serve({ fault: answer('.sig', 403) });
    const wanted = { publicKeyPem: keys.publicKeyPem };
    expect(await rejection(fetchBundle(missing.url, await someOptions(wanted)))).toMatchObject({
      code: 'BUNDLE_SIGNATURE_MISSING',
    });
    expect(await rejection(fetchBundle(denied.url, await someOptions(wanted)))).toMatchObject({
      code: 'BUNDLE_ACCESS_DENIED',
    });
    await fetchBundle(denied.url, await someOptions());
  });

  it('reads no more of a manifest than is allowed', async () => {
    const fault: Fault = (request, response, file) => (endless(response, file), 'handled');
    const error = await rejection(fetchBundle((await serve({ fault })).url, await someOptions()));
    expect(error).toMatchObject({ code: 'BUNDLE_MANIFEST_INVALID', message: expect.stringContaining('1048576') });
  });

  it('writes nothing of a manifest whose paths climb out', async () => {
    const folder = await aFolder();
    await cp(published.directory, folder, { recursive: true });
    const files = published.manifest.files.map((file) => ({ ...file, path: `../${file.path}` }));
    await writeFile(join(folder, 'manifest.json'), canonicalJson({ ...published.manifest, files }));
    const options = await someOptions();
    const error = await rejection(fetchBundle((await serve({}, folder)).url, options));
    expect(error).toMatchObject({ code: 'BUNDLE_MANIFEST_INVALID' });
    expect(await readdir(dirname(options.directory))).toEqual([]);
  });

  it('leaves a target alone that is not a bundle', async () => {
    const options = await someOptions();
    await mkdir(options.directory);
    await writeFile(join(options.directory, 'thesis.tex'), 'x');
    expect(await rejection(fetchBundle((await serve()).url, options))).toMatchObject({ code: 'BUNDLE_TARGET_INVALID' });
    expect(await readdir(options.directory)).toEqual(['thesis.tex']);
    expect(await besides(options)).toEqual([]);
  });

  it('replaces the bundle of an earlier digest', async () => {
    const options = await someOptions();
    const { schemaVersion, name, labels, model, input, output, golden } = published.manifest;
    const draft = { schemaVersion, name, version: '1.3.0', labels, model, input, output, golden };
    await writeBundle(options.directory, draft, [
      { path: 'model.onnx', source: someBytes(10) },
      { path: 'golden/cat-1.jpg', source: someBytes(10) },
    ]);
    expect((await fetchBundle((await serve()).url, options)).digest).toBe(published.digest);
    expect(await besides(options)).toEqual([]);
  });
});

describe('resolveBundle', () => {
  it('opens a file:// bundle in place, fetchBundle copies it', async () => {
    const uri = pathToFileURL(published.directory).href;
    const options = await someOptions();
    expect((await resolveBundle(uri, options)).directory).toBe(published.directory);
    await expect(access(options.directory)).rejects.toMatchObject({ code: 'ENOENT' });
    expect((await fetchBundle(uri, options)).directory).toBe(options.directory);
    expect(await readFile(join(options.directory, 'model.onnx'))).toEqual(someBytes(MODEL_BYTES));
  });

  it('fetches any other', async () => {
    const options = await someOptions();
    expect((await resolveBundle((await serve()).url, options)).directory).toBe(options.directory);
  });

  it('says that a file:// bundle is not there', async () => {
    const uri = pathToFileURL(join(await aFolder(), 'none')).href;
    for (const open of [resolveBundle, fetchBundle])
      expect(await rejection(open(uri, await someOptions()))).toMatchObject({ code: 'BUNDLE_NOT_FOUND' });
  });
});

afterAll(async () => {
  await rm(dirname(published.directory), { recursive: true, force: true });
});

function endless(response: ServerResponse, chunk: Buffer): void {
  const more = () => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', more);
  more();
}
