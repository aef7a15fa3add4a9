import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { canonicalJson } from './canonical-json.ts';
import { digestOfBytes } from './digest.ts';
import { MANIFEST_FILE, SIGNATURE_FILE, SIGSTORE_FILE, type GoldenImage, type Manifest } from './manifest.ts';
import { openBundle } from './open-bundle.ts';
import { generateSigningKeyPair } from './signature.ts';
import { writeBundle } from './write-bundle.ts';
import {
  anError,
  aBundle,
  aFolder,
  cleanFolders,
  rejection,
  someBytes,
  someDraft,
  someSources,
} from '@pawl/test-kit/bundles';
import { someOnnx, withExternalTensor } from '@pawl/test-kit/onnx-bytes';

const keys = generateSigningKeyPair();
const others = generateSigningKeyPair();

afterEach(cleanFolders);

describe('openBundle', () => {
  it('gives manifest, digest and paths of a bundle whose bytes are right', async () => {
    const written = await aBundle();
    const bundle = await openBundle(written.directory, { digest: written.digest });
    const bytes = await readFile(join(written.directory, MANIFEST_FILE));
    expect(bundle.digest).toBe(digestOfBytes(bytes));
    expect(bundle.manifest).toEqual(JSON.parse(bytes.toString()));
    expect(bundle.path('golden/cat-1.jpg')).toBe(join(written.directory, 'golden/cat-1.jpg'));
    expect(() => bundle.path('manifest.json')).toThrow(anError({ code: 'BUNDLE_FILE_MISSING' }));
  });

  it('refuses a model that keeps weights in a file that no digest covers', async () => {
    const directory = join(await aFolder(), 'bundle');
    const model = withExternalTensor(someOnnx, 'hidden.bin');
    const sources = someSources().map((file) => (file.path === 'model.onnx' ? { ...file, source: model } : file));
    await writeBundle(directory, someDraft(), sources);
    await writeFile(join(directory, 'hidden.bin'), Buffer.alloc(4));
    expect(await rejection(openBundle(directory))).toMatchObject({
      code: 'MODEL_EXTERNAL_DATA',
      message: 'model.onnx keeps weights in another file, which no digest covers; expected a graph in one file.',
    });
  });

  it('takes the same bytes in any other file: only the model is loaded', async () => {
    const directory = join(await aFolder(), 'bundle');
    const source = withExternalTensor(someOnnx, 'hidden.bin');
    const sources = someSources().map((file) => (file.path === 'golden/cat-1.jpg' ? { ...file, source } : file));
    await writeBundle(directory, someDraft(), sources);
    expect((await openBundle(directory)).directory).toBe(directory);
  });

  it('accepts a signed bundle with the right key, and without any', async () => {
    const { directory } = await aBundle({ privateKeyPem: keys.privateKeyPem });
    await openBundle(directory, { publicKeyPem: keys.publicKeyPem });
    await openBundle(directory);
  });

  it.each<[string, string, RegExp, (directory: string) => Promise<unknown>]>([
    ['the folder is not there', 'BUNDLE_NOT_FOUND', /no manifest.json/, (at) => rm(at, { recursive: true })],
    ['the manifest is not there', 'BUNDLE_NOT_FOUND', /no manifest.json/, (at) => rm(join(at, MANIFEST_FILE))],
    [
      'a file is missing',
      'BUNDLE_FILE_MISSING',
      /golden\/cat-1.jpg/,
      (at) => rm(join(at, 'golden'), { recursive: true }),
    ],
    [
      'a file is longer',
      'BUNDLE_DIGEST_MISMATCH',
      /model.onnx has 300001 bytes; expected 300000/,
      (at) => appendFile(join(at, 'model.onnx'), 'x'),
    ],
    [
      'a file of the same size differs',
      'BUNDLE_DIGEST_MISMATCH',
      /reference.json is sha256:/,
      (at) => writeFile(join(at, 'reference.json'), '[]\n'),
    ],
    [
      'the manifest is too large',
      'BUNDLE_MANIFEST_INVALID',
      /at most 1048576/,
      (at) => writeFile(join(at, MANIFEST_FILE), Buffer.alloc(1048577)),
    ],
    [
      'the signature is too large',
      'BUNDLE_SIGNATURE_INVALID',
      /at most 4096/,
      (at) => writeFile(join(at, SIGNATURE_FILE), Buffer.alloc(5000, 65)),
    ],
    [
      'the signature is missing',
      'BUNDLE_SIGNATURE_MISSING',
      /must be signed/,
      async (at) => {
        await rm(join(at, SIGNATURE_FILE));
        await rm(join(at, SIGSTORE_FILE));
      },
    ],
    [
      'the signature is a Sigstore bundle that is none',
      'BUNDLE_SIGNATURE_INVALID',
      /no Sigstore bundle/,
      async (at) => {
        await rm(join(at, SIGNATURE_FILE));
        await writeFile(join(at, SIGSTORE_FILE), '{}');
      },
    ],
    [
      'the manifest was changed after signing',
      'BUNDLE_SIGNATURE_INVALID',
      /does not match/,
      (at) => appendFile(join(at, MANIFEST_FILE), '\n'),
    ],
    [
      'a file is a folder',
      'BUNDLE_FILE_MISSING',
      /not a regular file/,
      async (at) => {
        await rm(join(at, 'reference.json'));
        await mkdir(join(at, 'reference.json'));
      },
    ],
    [
      'a file is a FIFO',
      'BUNDLE_FILE_MISSING',
      /not a regular file/,
      async (at) => {
        await rm(join(at, 'reference.json'));
        execFileSync('mkfifo', [join(at, 'reference.json')]);
      },
    ],
    [
      'a file is a link out of the bundle',
      'BUNDLE_FILE_MISSING',
      /leaves the bundle/,
      (at) => linkOut(at, 'model.onnx'),
    ],
    ['a folder is a link out of the bundle', 'BUNDLE_FILE_MISSING', /leaves the bundle/, (at) => linkOut(at, 'golden')],
    [
      'the manifest is a link out of the bundle',
      'BUNDLE_FILE_MISSING',
      /leaves the bundle/,
      (at) => linkOut(at, MANIFEST_FILE),
    ],
    [
      'a link leads to a folder whose name only begins alike',
      'BUNDLE_FILE_MISSING',
      /leaves the bundle/,
      (at) => linkOut(at, 'model.onnx', `${at}-other`),
    ],
  ])('refuses a bundle when %s', async (_, code, message, damage) => {
    const { directory } = await aBundle({ privateKeyPem: keys.privateKeyPem });
    await damage(directory);
    const error = await rejection(openBundle(directory, { publicKeyPem: keys.publicKeyPem }));
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(error['message']).not.toContain(directory);
  });

  it('refuses another digest than the one asked for, before it looks at anything else', async () => {
    const { directory, digest } = await aBundle();
    await rm(join(directory, 'model.onnx'));
    const expected = `sha256:${'0'.repeat(64)}`;
    expect(await rejection(openBundle(directory, { digest: expected }))).toMatchObject({
      code: 'BUNDLE_DIGEST_MISMATCH',
      message: `the bundle is ${digest}; expected ${expected}`,
    });
  });

  it('refuses a signature by another key', async () => {
    const { directory } = await aBundle({ privateKeyPem: others.privateKeyPem });
    const error = await rejection(openBundle(directory, { publicKeyPem: keys.publicKeyPem }));
    expect(error).toMatchObject({ code: 'BUNDLE_SIGNATURE_INVALID' });
  });

  it('follows links inside the bundle, as a ConfigMap volume has them', async () => {
    const { directory } = await aBundle();
    await mkdir(join(directory, '..data'));
    await rename(join(directory, 'model.onnx'), join(directory, '..data', 'model.onnx'));
    await symlink(join('..data', 'model.onnx'), join(directory, 'model.onnx'));
    await openBundle(directory);
  });

  it('stops when it is aborted', async () => {
    const { directory } = await aBundle();
    const reason = new Error('enough');
    expect(await rejection(openBundle(directory, { signal: AbortSignal.abort(reason) }))).toBe(reason);
  });

  it.each<[string, RegExp, (manifest: Manifest) => unknown]>([
    ['a path that climbs out', /files\[0\].path: expected a relative path/, (m) => withPath(m, '../model.onnx')],
    ['a path with .. inside', /files\[0\].path/, (m) => withPath(m, 'a/../../model.onnx')],
    ['an absolute path', /files\[0\].path/, (m) => withPath(m, '/etc/passwd')],
    ['a backslash', /files\[0\].path/, (m) => withPath(m, '..\\model.onnx')],
    ['a NUL byte', /files\[0\].path/, (m) => withPath(m, 'model\u0000.onnx')],
    ['a newline at the end', /files\[0\].path/, (m) => withPath(m, 'model.onnx\n')],
    ['an empty segment', /files\[0\].path/, (m) => withPath(m, 'a//b')],
    ['a whiteout of an OCI layer', /files\[0\].path/, (m) => withPath(m, 'a/.wh.b')],
    [
      'itself among files',
      /files: the manifest and its signature do not list themselves/,
      (m) => withPath(m, MANIFEST_FILE),
    ],
    [
      'what it abstains by names the label',
      /abstain\.output: is the output that names the label/,
      (m) => ({ ...m, abstain: { output: m.output.name, threshold: 0 } }),
    ],
    ['a score nobody knows', /abstain\.score/, (m) => ({ ...m, abstain: { score: 'luck', threshold: 0 } })],
    ['neither a score nor an output', /abstain/, (m) => ({ ...m, abstain: { threshold: 0 } })],
    [
      'golden images of neither alone',
      /golden\.images: none of them is to be answered with its label/,
      (m) => ({
        ...m,
        abstain: { output: 'known', threshold: 0 },
        golden: { ...m.golden, images: m.golden.images.map((image) => ({ ...image, abstained: true })) },
      }),
    ],
    [
      'abstains from a golden image and never abstains',
      /golden\.images: the model is expected to abstain/,
      (m) => ({
        ...m,
        golden: { ...m.golden, images: m.golden.images.map((image) => ({ ...image, abstained: true })) },
      }),
    ],
    ['a path twice', /files: a path is listed twice/, (m) => ({ ...m, files: [...m.files, m.files[0]] })],
    ['a file that is also a folder', /files: golden is both a file and a folder/, (m) => withPath(m, 'golden')],
    ['a folder named as the manifest', /manifest.json is both/, (m) => withPath(m, 'manifest.json/x')],
    [
      'a wrong digest form',
      /files\[0\].sha256: expected sha256/,
      (m) => ({ ...m, files: [{ ...m.files[0], sha256: 'abc' }] }),
    ],
    ['a negative size', /files\[0\].size/, (m) => ({ ...m, files: [{ ...m.files[0], size: -1 }] })],
    ['an unknown field', /\(top level\): Unrecognized key: "script"/, (m) => ({ ...m, script: 'x' })],
    [
      'an unknown field in a file',
      /files\[0\]: Unrecognized key/,
      (m) => ({ ...m, files: [{ ...m.files[0], mode: 7 }] }),
    ],
    ['a model that is not listed', /model: is not among files/, (m) => ({ ...m, model: 'other.onnx' })],
    [
      'a golden image that is not listed',
      /golden.images\[0\].file: is not among files/,
      (m) => ({ ...m, files: m.files.slice(1) }),
    ],
    [
      'a golden image that a wrong answer would pass',
      /golden.images\[0\]: cat wins by 0.015, less than the tolerance of 0.02/,
      (m) => withGolden(m, { label: 'cat', probabilities: { cat: 0.515, dog: 0.485 } }),
    ],
    [
      'a golden image of another label than its own probabilities answer',
      /golden.images\[0\]: its probabilities answer another label than dog/,
      (m) => withGolden(m, { label: 'dog', probabilities: { cat: 0.9, dog: 0.1 } }),
    ],
    ['no golden image', /golden.images: Too small/, (m) => ({ ...m, golden: { ...m.golden, images: [] } })],
    [
      'a tolerance that admits any answer',
      /golden.tolerance: Too big/,
      (m) => ({ ...m, golden: { ...m.golden, tolerance: 1 } }),
    ],
    [
      'a tolerance that admits every other label',
      /golden.images\[0\]: cat wins by 0.4, less than the tolerance of 0.45/,
      (m) => ({ ...m, golden: { ...m.golden, tolerance: 0.45 } }),
    ],
    ['another schema version', /schemaVersion/, (m) => ({ ...m, schemaVersion: 2 })],
    [
      'a label that objects have by nature',
      /probabilities: lacks label constructor/,
      (m) => ({ ...m, labels: ['cat', 'constructor'] }),
    ],
    ['no object', /\(top level\)/, () => []],
  ])('refuses a manifest with %s, naming the field', async (_, message, change) => {
    const { directory, manifest } = await aBundle();
    await writeFile(join(directory, MANIFEST_FILE), canonicalJson(change(manifest)));
    const error = await rejection(openBundle(directory));
    expect(error).toMatchObject({ code: 'BUNDLE_MANIFEST_INVALID', message: expect.stringMatching(message) });
  });

  it.each<[string, string | Buffer]>([
    ['no JSON', '{'],
    ['no UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
    ['empty', ''],
  ])('refuses a manifest that is %s', async (_, bytes) => {
    const directory = await aFolder();
    await writeFile(join(directory, MANIFEST_FILE), bytes);
    expect(await rejection(openBundle(directory))).toMatchObject({
      code: 'BUNDLE_MANIFEST_INVALID',
      message: 'manifest.json is not JSON in UTF-8',
    });
  });
});

describe('reading a file of an open bundle', () => {
  it('gives the bytes that the manifest lists', async () => {
    const { directory } = await aBundle();
    const bundle = await openBundle(directory);
    expect(Buffer.from(await bundle.read('model.onnx'))).toEqual(someBytes(300_000));
    expect((await bundle.readShared('model.onnx')).buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(Buffer.from(await bundle.readShared('model.onnx'))).toEqual(someBytes(300_000));
    expect(Buffer.from(await bundle.read('reference.json'))).toEqual(Buffer.from('{}\n'));
    expect(await rejection(bundle.read('manifest.json'))).toMatchObject({ code: 'BUNDLE_FILE_MISSING' });
  });

  it.each<[string, string, RegExp, (path: string) => Promise<void>]>([
    [
      'swapped for one of the same size',
      'BUNDLE_DIGEST_MISMATCH',
      /is sha256:/,
      (at) => writeFile(at, someBytes(300_000, 9)),
    ],
    ['cut', 'BUNDLE_DIGEST_MISMATCH', /has 299999 bytes; expected 300000/, (at) => truncate(at, 299_999)],
    ['gone', 'BUNDLE_STORE_UNREACHABLE', /^model.onnx of the bundle cannot be read \(ENOENT\)\.$/, (at) => rm(at)],
    [
      'a link to the same bytes elsewhere',
      'BUNDLE_FILE_MISSING',
      /leaves the bundle/,
      async (at) => {
        await linkOut(dirname(at), 'model.onnx');
      },
    ],
  ])('refuses one that was %s since', async (_, code, message, spoil) => {
    const { directory } = await aBundle();
    const bundle = await openBundle(directory);
    await spoil(join(directory, 'model.onnx'));
    for (const read of [() => bundle.read('model.onnx'), () => bundle.readShared('model.onnx')])
      expect(await rejection(read())).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('leaves the digest of the model to its reader, for who asks for that, and nothing else', async () => {
    const { directory } = await aBundle();
    await writeFile(join(directory, 'model.onnx'), someBytes(300_000, 9));
    const bundle = await openBundle(directory, { verifyModelWhenRead: true });
    expect(await rejection(bundle.read('model.onnx'))).toMatchObject({ code: 'BUNDLE_DIGEST_MISMATCH' });
    await writeFile(join(directory, 'reference.json'), '[]\n');
    expect(await rejection(openBundle(directory, { verifyModelWhenRead: true }))).toMatchObject({
      message: expect.stringContaining('reference.json'),
    });
    await truncate(join(directory, 'model.onnx'), 5);
    expect(await rejection(openBundle(directory, { verifyModelWhenRead: true }))).toMatchObject({
      message: 'model.onnx has 5 bytes; expected 300000',
    });
  });

  it('stops when it is aborted', async () => {
    const bundle = await openBundle((await aBundle()).directory);
    const reason = new Error('enough');
    expect(await rejection(bundle.read('model.onnx', AbortSignal.abort(reason)))).toBe(reason);
  });
});

const withPath = (manifest: Manifest, path: string) => ({
  ...manifest,
  files: [{ ...manifest.files[0], path }, ...manifest.files],
});

/** The manifest with another answer of its golden image. */
const withGolden = (manifest: Manifest, answer: Pick<GoldenImage, 'label' | 'probabilities'>) => ({
  ...manifest,
  golden: { ...manifest.golden, images: manifest.golden.images.map((image) => ({ ...image, ...answer })) },
});

async function linkOut(directory: string, name: string, to?: string): Promise<void> {
  const outside = to ?? (await aFolder());
  await mkdir(outside, { recursive: true });
  await rename(join(directory, name), join(outside, name));
  await symlink(join(outside, name), join(directory, name));
}
