import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { generateSigningKeyPair } from '@pawl/shared/bundle/signature';
import { signatureOfSigstoreBundle } from '@pawl/shared/bundle/sigstore';
import { aFolder, cleanFolders } from '@pawl/test-kit/bundles';
import { someOnnx, withExternalTensor } from '@pawl/test-kit/onnx-bytes';
import { startRegistry, type TestRegistry } from '@pawl/test-kit/registry';
import { widthOf } from '../src/terminal/text.ts';
import { pawlIn } from './support/pawl-in.ts';
import { serveStatus, writeSmallBundle } from './support/publishing.ts';

afterEach(cleanFolders);

const ESCAPE = '\u001b';
const plainHttp = { REGISTRY_PLAIN_HTTP: 'true' };

describe('pawl keys generate', () => {
  it('makes a pair whose private half only its owner reads, and says what to do with both', async () => {
    const folder = await aFolder();
    const { code, out } = await pawlIn(folder, ['keys', 'generate', '--out', 'keys']);
    expect(code).toBe(0);
    expect((await stat(join(folder, 'keys/pawl.key'))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(folder, 'keys/pawl.pub'), 'utf8')).toContain('BEGIN PUBLIC KEY');
    expect(out).toContain('helm upgrade … --set-file publicKey=keys/pawl.pub');
    expect(out).toContain('gh secret set PAWL_SIGNING_KEY < keys/pawl.key');
    expect(out).not.toContain('PRIVATE KEY-----');
  });

  it('lets Git ignore the private key, and nothing else', async () => {
    const folder = await aFolder();
    const git = (...args: readonly string[]) => execFileSync('git', args, { cwd: folder, encoding: 'utf8' });
    git('init', '--quiet');
    await writeFile(join(folder, '.gitignore'), 'dist');
    await pawlIn(folder, ['keys', 'generate']);
    await pawlIn(folder, ['keys', 'generate', '--out', 'keys']);
    expect(await readFile(join(folder, '.gitignore'), 'utf8')).toBe('dist\n/pawl.key\n');
    git('add', '--all');
    expect(git('ls-files').split('\n').filter(Boolean).sort()).toEqual([
      '.gitignore',
      'keys/.gitignore',
      'keys/pawl.pub',
      'pawl.pub',
    ]);
  });

  it.each(['pawl.key', 'pawl.pub'])('never overwrites %s, and leaves no half of a pair', async (name) => {
    const folder = await aFolder();
    await writeFile(join(folder, name), 'mine');
    const { code, err } = await pawlIn(folder, ['keys', 'generate']);
    expect(code).toBe(1);
    expect(err).toMatch(new RegExp(`${name} exists; keys are never overwritten.*FILE_WRITE_FAILED`));
    expect(await readFile(join(folder, name), 'utf8')).toBe('mine');
    const other = name === 'pawl.key' ? 'pawl.pub' : 'pawl.key';
    await expect(stat(join(folder, other))).rejects.toThrow('ENOENT');
  });
});

/** A folder with a bundle, a key pair and the public half of another. */
async function aWorkshop(recipe: Parameters<typeof writeSmallBundle>[2] = {}) {
  const folder = await aFolder();
  const [mine, other] = [generateSigningKeyPair(), generateSigningKeyPair()];
  await writeFile(join(folder, 'my.key'), mine.privateKeyPem);
  await writeFile(join(folder, 'my.pub'), mine.publicKeyPem);
  await writeFile(join(folder, 'other.key'), other.privateKeyPem);
  await writeFile(join(folder, 'other.pub'), other.publicKeyPem);
  const { digest } = await writeSmallBundle(folder, 'bundle', recipe);
  const run = (...argv: string[]) => pawlIn(folder, argv, { env: plainHttp });
  return { folder, digest, run, file: (path: string) => join(folder, 'bundle', path) };
}

/** The signature in the Sigstore bundle of a bundle. */
async function inSigstore(file: (path: string) => string): Promise<string> {
  return signatureOfSigstoreBundle(await readFile(file('manifest.json.sigstore.json'), 'utf8'));
}

describe('pawl sign', () => {
  it('signs, and does nothing the second time', async () => {
    const { run, digest, file } = await aWorkshop();
    expect(await run('sign', 'bundle', '--key', 'my.key')).toMatchObject({
      code: 0,
      out: `Signed catdog 1.0.0 ${digest}\nnext: pawl publish bundle oci://REGISTRY/catdog:1.0.0\n`,
    });
    const signature = await readFile(file('manifest.json.sig'));
    expect((await run('sign', 'bundle', '--key', 'my.key')).out).toMatch(/^Already signed by this key: /);
    expect(await readFile(file('manifest.json.sig'))).toEqual(signature);
    expect((await run('sign', 'bundle', '--key', 'other.key')).out).toMatch(/in place of a signature by another key/);
    expect(await readFile(file('manifest.json.sig'), 'utf8')).toBe(await inSigstore(file));
    expect((await run('verify', 'bundle', '--key', 'other.pub')).code).toBe(0);
  });

  it.each(['manifest.json.sig', 'manifest.json.sigstore.json'])('adds the form that lacks: %s', async (name) => {
    const { run, file } = await aWorkshop();
    await run('sign', 'bundle', '--key', 'my.key');
    const before = await inSigstore(file);
    await rm(file(name));
    expect((await run('verify', 'bundle', '--key', 'my.pub')).code).toBe(0);
    expect((await run('verify', 'bundle', '--key', 'other.pub')).err).toContain('[BUNDLE_SIGNATURE_INVALID]');
    expect((await run('sign', 'bundle', '--key', 'my.key')).out).toMatch(/^Already signed by this key: /);
    expect(await readFile(file('manifest.json.sig'), 'utf8')).toBe(before);
    expect(await inSigstore(file)).toBe(before);
  });

  it('publishes a signature that lies there as a Sigstore bundle alone', async () => {
    const { run, file, folder } = await aWorkshop();
    await run('sign', 'bundle', '--key', 'my.key');
    await rm(file('manifest.json.sig'));
    const registry = await startRegistry();
    try {
      for (const address of [`oci://${registry.host}/models/catdog:1`, pathToFileURL(join(folder, 'store')).href]) {
        expect((await run('publish', 'bundle', address, '--key', 'my.pub')).code).toBe(0);
        expect((await run('verify', address, '--key', 'my.pub')).code).toBe(0);
      }
    } finally {
      await registry.close();
    }
  });

  it('never vouches for a broken bundle', async () => {
    const { run, file } = await aWorkshop();
    await appendFile(file('model.onnx'), 'x');
    const { code, err } = await run('sign', 'bundle', '--key', 'my.key');
    expect(code).toBe(1);
    expect(err).toMatch(/model.onnx has 50001 bytes; expected 50000.*BUNDLE_DIGEST_MISMATCH/);
    await expect(stat(file('manifest.json.sig'))).rejects.toThrow('ENOENT');
  });

  it.each([
    [['sign', 'bundle', '--key', 'none.key'], 4, /private key none.key cannot be read.*FILE_NOT_FOUND/],
    [['sign', 'bundle', '--key', 'my.pub'], 1, /BUNDLE_KEY_INVALID/],
    [['sign', 'nothing', '--key', 'my.key'], 4, /BUNDLE_NOT_FOUND/],
    [['sign', 'bundle'], 2, /required option '--key/],
  ])('%j: exit code %i', async (argv, code, message) => {
    const { run, file } = await aWorkshop();
    const outcome = await run(...argv);
    expect(outcome).toMatchObject({ code, out: '' });
    expect(outcome.err).toMatch(message);
    await expect(stat(file('manifest.json.sig'))).rejects.toThrow('ENOENT');
  });
});

describe('pawl verify', () => {
  it('ticks off everything', async () => {
    const { run, digest } = await aWorkshop();
    await run('sign', 'bundle', '--key', 'my.key');
    const { code, out, err } = await run('verify', 'bundle', '--key', 'my.pub', '--digest', digest);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.split('\n').slice(1)).toEqual([
      '✓ manifest                     catdog 1.0.0, 3 files',
      `✓ digest                       ${digest}, as asked for`,
      '✓ signature                    by the given key',
      '✓ golden/cat-1.jpg             2.0 kB',
      '✓ model.onnx                   50.0 kB',
      '✓ reference.json               3 B',
      '✓ manifest.json.sigstore.json  by the given key, of manifest.json',
      '✓ model.sig                    by the given key, every file as in the bundle',
      '',
    ]);
  });

  it.each<[string, (file: (path: string) => string) => Promise<void>, readonly string[], RegExp, RegExp]>([
    ['a missing file', (file) => rm(file('model.onnx')), [], /✗ model.onnx +is missing/, /BUNDLE_FILE_MISSING/],
    [
      'tampered weights',
      async (file) => {
        const bytes = await readFile(file('model.onnx'));
        bytes[1000] = (bytes[1000] ?? 0) ^ 1;
        await writeFile(file('model.onnx'), bytes);
      },
      [],
      /✓ golden\/cat-1.jpg[^]*✗ model.onnx +is sha256:[0-9a-f]{64}; expected sha256:/,
      /BUNDLE_DIGEST_MISMATCH/,
    ],
    [
      'a file that is a link out of the bundle',
      async (file) => {
        const bytes = await readFile(file('model.onnx'));
        await writeFile(file('../away.onnx'), bytes);
        await rm(file('model.onnx'));
        await symlink(file('../away.onnx'), file('model.onnx'));
      },
      [],
      /✗ files +model.onnx is a symbolic link that leaves the bundle/,
      /BUNDLE_FILE_MISSING/,
    ],
    [
      'the wrong key',
      () => Promise.resolve(),
      ['--key', 'other.pub'],
      /✗ signature[^]*– files/,
      /BUNDLE_SIGNATURE_INVALID/,
    ],
    [
      'no signature',
      async (file) => {
        for (const name of ['manifest.json.sig', 'manifest.json.sigstore.json']) await rm(file(name));
      },
      ['--key', 'my.pub'],
      /✗ signature +the bundle has no manifest.json.sig/,
      /BUNDLE_SIGNATURE_MISSING/,
    ],
    [
      'a signed manifest that was changed',
      async (file) => {
        const text = await readFile(file('manifest.json'), 'utf8');
        await writeFile(file('manifest.json'), text.replace('"1.0.0"', '"1.0.1"'));
      },
      ['--key', 'my.pub'],
      /✓ manifest[^]*✗ signature/,
      /BUNDLE_SIGNATURE_INVALID/,
    ],
    [
      'a manifest that is none',
      (file) => writeFile(file('manifest.json'), '{"schemaVersion":1}'),
      [],
      /✗ manifest +manifest.json is not valid: name/,
      /BUNDLE_MANIFEST_INVALID/,
    ],
    [
      'another digest than asked for',
      () => Promise.resolve(),
      ['--digest', `sha256:${'0'.repeat(64)}`],
      /✗ digest +the bundle is sha256:\w+; expected sha256:0+/,
      /BUNDLE_DIGEST_MISMATCH/,
    ],
  ])('%s: a cross where it is, and exit code 1', async (_, spoil, flags, line, code) => {
    const { run, file } = await aWorkshop();
    await run('sign', 'bundle', '--key', 'my.key');
    await spoil(file);
    const outcome = await run('verify', 'bundle', ...flags);
    expect(outcome.code).toBe(1);
    expect(outcome.out).toMatch(line);
    expect(outcome.err).toMatch(code);
    expect(outcome.err).toMatch(/^next: {2}\S/m);
  });

  it('refuses a graph with weights in a file that nobody vouches for, and so does publish', async () => {
    const { run, file } = await aWorkshop({ model: withExternalTensor(someOnnx, 'hidden.bin') });
    await writeFile(file('hidden.bin'), Buffer.alloc(4));
    const verified = await run('verify', 'bundle');
    expect([verified.code, verified.out, verified.err]).toEqual([
      1,
      expect.stringMatching(
        /✓ model.onnx[^]*✗ files +model.onnx keeps weights in another file, which no digest covers/,
      ),
      expect.stringContaining('[MODEL_EXTERNAL_DATA]'),
    ]);
    const published = await run('publish', 'bundle', pathToFileURL(file('../store')).href);
    expect([published.code, published.err]).toEqual([1, expect.stringContaining('[MODEL_EXTERNAL_DATA]')]);
    await expect(stat(file('../store'))).rejects.toThrow('ENOENT');
    const signed = await run('sign', 'bundle', '--key', 'my.key');
    expect([signed.code, signed.err]).toEqual([1, expect.stringContaining('[MODEL_EXTERNAL_DATA]')]);
  });

  it('gives programs the same list', async () => {
    const { run, file, digest } = await aWorkshop();
    await rm(file('model.onnx'));
    const { out } = await run('verify', 'bundle', '-o', 'json');
    expect(JSON.parse(out)).toMatchObject({
      valid: false,
      digest,
      checks: expect.arrayContaining([{ subject: 'model.onnx', outcome: 'fail', detail: 'is missing' }]) as unknown,
      error: { code: 'BUNDLE_FILE_MISSING' },
    });
  });

  it('nothing there is not a broken bundle', async () => {
    const { run } = await aWorkshop();
    expect(await run('verify', 'nothing')).toMatchObject({ code: 4, out: '' });
  });
});

describe('pawl publish', () => {
  let registry: TestRegistry;
  beforeEach(async () => {
    registry = await startRegistry();
  });
  afterEach(() => registry.close());
  const at = (tag: string) => `oci://${registry.host}/models/catdog:${tag}`;

  it('publishes, says what comes next, and does nothing the second time', async () => {
    const { run, digest } = await aWorkshop();
    const { code, out, err } = await run('publish', 'bundle', at('1.0.0'));
    expect(code).toBe(0);
    expect(out).toMatch(/^Published catdog 1.0.0\n {2}uri {5}oci:\/\/[\w.:/]+:1.0.0@sha256:[0-9a-f]{64}\n/);
    expect(out).toContain(
      `  digest  ${digest}\n  beside  CycloneDX ML-BOM, ModelPack ${at('1.0.0-modelpack')}\nnext: pawl release ${at('1.0.0')} --env staging\n`,
    );
    expect(err).toMatch(/^Upload – 52.0 kB in 3 files, /);
    const writes = () => registry.requests.filter((request) => !/^(GET|HEAD) /.test(request)).length;
    const before = writes();
    expect((await run('publish', 'bundle', at('1.0.0'))).out).toMatch(
      /^Already published, nothing to do: catdog 1.0.0\n/,
    );
    expect(writes()).toBe(before);
    expect((await run('verify', at('1.0.0'))).code).toBe(0);
  });

  it('refuses to move a tag: both digests, the next step, and nothing is written', async () => {
    const { run, folder, digest } = await aWorkshop();
    const other = await writeSmallBundle(folder, 'other', { version: '1.1.0', weights: 2 });
    await run('publish', 'bundle', at('1.0.0'));
    const before = registry.requests.length;
    const { code, out, err } = await run('publish', 'other', at('1.0.0'));
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(`already names the bundle ${digest}; this one is ${other.digest}. [TAG_MOVED]`);
    expect(err).toMatch(
      /next: {2}Published versions are never changed: publish under a tag of its own, such as :1.1.0/,
    );
    expect(registry.requests.slice(before).every((request) => request.startsWith('GET '))).toBe(true);

    const forced = await run('publish', 'other', at('1.0.0'), '--force');
    expect(forced.out).toMatch(/^Published, and moved the tag to catdog 1.1.0/);
    expect((await run('inspect', at('1.0.0'))).out).toMatch(/^catdog 1.1.0\n/);
  });

  it('an image that is no bundle is not overwritten either', async () => {
    const { run } = await aWorkshop();
    const type = 'application/vnd.oci.image.manifest.v1+json';
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: type, layers: [] }));
    registry.contents.set('models/catdog/manifests/1.0.0', { type, bytes });
    expect((await run('publish', 'bundle', at('1.0.0'))).err).toMatch(
      /already names something that is no bundle.*TAG_MOVED/,
    );
    expect((await run('publish', 'bundle', at('1.0.0'), '--force')).code).toBe(0);
  });

  it('adds a signature to what is there, and takes none away', async () => {
    const { run, file } = await aWorkshop();
    await run('publish', 'bundle', at('1.0.0'));
    await run('sign', 'bundle', '--key', 'my.key');
    expect((await run('publish', 'bundle', at('1.0.0'))).out).toMatch(
      /^Published the signature of catdog 1.0.0, with a signature\n/,
    );
    for (const name of ['manifest.json.sig', 'manifest.json.sigstore.json']) await rm(file(name));
    expect((await run('publish', 'bundle', at('1.0.0'))).out).toMatch(/^Already published/);
    expect((await run('verify', at('1.0.0'), '--key', 'my.pub')).code).toBe(0);
  });

  it('publishes nothing that is broken, or not signed by the key that is asked for', async () => {
    const { run, file } = await aWorkshop();
    expect((await run('publish', 'bundle', at('1.0.0'), '--key', 'my.pub')).err).toMatch(/BUNDLE_SIGNATURE_MISSING/);
    await rm(file('golden/cat-1.jpg'));
    expect((await run('publish', 'bundle', at('1.0.0'))).err).toMatch(
      /golden\/cat-1.jpg is missing.*BUNDLE_FILE_MISSING/,
    );
    expect(registry.requests).toEqual([]);
  });

  it('a folder that holds another bundle keeps it, whatever is forced', async () => {
    const { run, folder, digest } = await aWorkshop();
    const uri = pathToFileURL(join(folder, 'volume/catdog')).href;
    expect((await run('publish', 'bundle', uri)).code).toBe(0);
    expect((await run('publish', 'bundle', uri)).out).toMatch(/^Already published/);
    await writeSmallBundle(folder, 'other', { weights: 2 });
    const { code, err } = await run('publish', 'other', uri, '--force');
    expect(code).toBe(1);
    expect(err).toMatch(
      new RegExp(`already holds the bundle ${digest}; this one is sha256:.*BUNDLE_ALREADY_PUBLISHED`),
    );
  });

  it.each(['catdog:1.1.0', 'registry.example/catdog:1.1.0', '{name}:{version}', 'localhost:5000/catdog'])(
    'takes %s for no folder',
    async (address) => {
      const { run, file } = await aWorkshop();
      const outcome = await run('publish', 'bundle', address);
      expect(outcome).toMatchObject({ code: 2, out: '' });
      expect(outcome.err).toMatch(/is no address\. \[USAGE\]\nnext: +Did you mean oci:\/\/.*catdog/);
      for (const name of ['catdog:1.1.0', 'registry.example', 'localhost:5000'])
        await expect(stat(file(`../${name}`))).rejects.toThrow('ENOENT');
    },
  );

  it.each([
    [401, 3, /may not be accessed \(HTTP 401\) \[BUNDLE_ACCESS_DENIED\]\nnext: {2}Log in: docker login 127.0.0.1:\d+ /],
    [403, 3, /may not be accessed \(HTTP 403\) \[BUNDLE_ACCESS_DENIED\]/],
    [500, 3, /cannot serve .* now \(HTTP 500\) \[BUNDLE_STORE_UNREACHABLE\]\nnext: {2}Check the network/],
    [418, 3, /refused .* \(HTTP 418\)/],
  ])('a registry that answers %i', async (status, code, message) => {
    const { run } = await aWorkshop();
    const server = await serveStatus(status);
    try {
      for (const argv of [
        ['publish', 'bundle', `oci://${server.host}/x/catdog:1`],
        ['verify', `oci://${server.host}/x/catdog:1`],
      ]) {
        const outcome = await run(...argv);
        // What a registry says in its own words may hold anything.
        expect(outcome.err).not.toContain('of-a-secret');
        if (status === 418 && argv[0] === 'publish') continue;
        expect(outcome).toMatchObject({ code, out: '' });
        expect(outcome.err).toMatch(message);
      }
    } finally {
      await server.close();
    }
  });

  it.each([
    [['publish', 'bundle', 'https://example.org/x'], /cannot be published to an https/],
    [['publish', 'bundle', 'oci://r/x'], /needs :tag or @sha256/],
    [['publish', 'nothing', 'oci://r/x:1'], /BUNDLE_NOT_FOUND/],
  ])('%j', async (argv, message) => {
    const { run } = await aWorkshop();
    const { code, err } = await run(...argv);
    expect(code).toBeGreaterThan(0);
    expect(err).toMatch(message);
  });
});

describe('pawl inspect', () => {
  it('shows a real bundle on one page', async () => {
    const { code, out } = await pawlIn('models', ['inspect', 'catdog']);
    expect(code).toBe(0);
    for (const line of [
      /^catdog \d+\.\d+\.\d+\nTells cats from dogs/,
      / {2}digest +sha256:[0-9a-f]{64}\n/,
      / {2}signature +none\n/,
      / {2}input +image: uint8 NHWC, 260 x 260, fill, lanczos3, values 0..255 as they are\n/,
      / {2}output +logit: one logit; dog from probability 0.5 on\n/,
      / {2}abstains +below -1.49 of the output known\n/,
      / {2}graph +opset 17, \d+ nodes/,
      / {2}graph in +image: uint8 \[N,260,260,3\]/,
      / {2}cat +0.9999 +cat-plasma-workspace-data-Cat.png\n/,
      / {2}5c560659f49e +6.6 MB +model.onnx\n/,
    ])
      expect(out).toMatch(line);
    expect(out).not.toContain(ESCAPE);
  });

  it('says what it cannot read of a graph, and shows the rest', async () => {
    const { run } = await aWorkshop();
    expect((await run('inspect', 'bundle')).out).toMatch(/graph +model.onnx is no ONNX model/);
  });

  it.each([80, 120])('fits a terminal of %i columns', async (columns) => {
    const { out } = await pawlIn('models', ['inspect', 'catdog'], { isTTY: true, columns });
    // A digest is never cut: people copy it.
    const lines = stripVTControlCharacters(out)
      .split('\n')
      .filter((line) => !/sha256:[0-9a-f]{64}$/.test(line));
    expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(columns);
    expect(out).toContain(ESCAPE);
    expect((await pawlIn('models', ['inspect', 'catdog', '--no-color'], { isTTY: true, columns })).out).not.toContain(
      ESCAPE,
    );
  });

  it('wraps the address of a folder with a long path, a space and an umlaut', async () => {
    const folder = join(await aFolder(), `ein Ordner für ${'sehr lange '.repeat(12)}`, 'Modelle');
    await mkdir(folder, { recursive: true });
    await writeSmallBundle(folder, 'bundle');
    const { code, out } = await pawlIn(folder, ['inspect', 'bundle'], { isTTY: true, columns: 80 });
    expect(code).toBe(0);
    const text = stripVTControlCharacters(out);
    const lines = text.split('\n').filter((line) => !/sha256:[0-9a-f]{64}$/.test(line));
    expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(80);
    expect(text.replace(/\n +/g, '')).toContain(pathToFileURL(join(folder, 'bundle')).href);
  });

  it('gives programs the manifest and the graph', async () => {
    const { out } = await pawlIn('models', ['inspect', 'catdog', '-o', 'json']);
    expect(JSON.parse(out)).toMatchObject({ signature: 'none', manifest: { name: 'catdog' }, graph: { opset: 17 } });
    expect((await pawlIn('models', ['inspect', 'catdog', '-o', 'yaml'])).out).toMatch(/^uri: file:/);
  });

  it('refuses what is not intact, or not signed by the key', async () => {
    const { run, file } = await aWorkshop();
    expect((await run('inspect', 'bundle', '--key', 'my.pub')).err).toMatch(/BUNDLE_SIGNATURE_MISSING/);
    await appendFile(file('model.onnx'), 'x');
    expect(await run('inspect', 'bundle')).toMatchObject({ code: 1, out: '' });
  });
});
