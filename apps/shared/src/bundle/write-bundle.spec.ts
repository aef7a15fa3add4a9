import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { canonicalJson } from './canonical-json.ts';
import { openBundle } from './open-bundle.ts';
import { generateSigningKeyPair } from './signature.ts';
import { aBundle, aFolder, cleanFolders, rejection, someBytes, someDraft, someSources } from '@pawl/test-kit/bundles';
import { writeBundle } from './write-bundle.ts';

afterEach(cleanFolders);

describe('canonicalJson', () => {
  it('sorts keys at every depth, keeps the order of lists, and ends with a newline', () => {
    expect(canonicalJson({ b: [{ z: 1, a: 2 }, 1], a: undefined, B: null })).toBe(
      '{\n  "B": null,\n  "b": [\n    {\n      "a": 2,\n      "z": 1\n    },\n    1\n  ]\n}\n',
    );
  });
});

describe('writeBundle', () => {
  it('writes a bundle that opens, and nothing beside it', async () => {
    const bundle = await aBundle();
    expect(await openBundle(bundle.directory, { digest: bundle.digest })).toMatchObject({ manifest: bundle.manifest });
    expect(bundle.manifest.files.map((file) => file.path)).toEqual([
      'golden/cat-1.jpg',
      'model.onnx',
      'reference.json',
    ]);
    expect(await readdir(dirname(bundle.directory))).toEqual(['bundle']);
  });

  it('gives the same bytes whatever the order of sources and keys, from files or from memory', async () => {
    const folder = await aFolder();
    const first = await aBundle();
    await writeFile(join(folder, 'weights'), someBytes(300_000));
    await utimes(join(folder, 'weights'), 1, 1);
    const [, ...rest] = someSources();
    const draft = Object.fromEntries(Object.entries(someDraft({ metrics: {} })).reverse()) as ReturnType<
      typeof someDraft
    >;
    const second = await writeBundle(join(folder, 'again'), draft, [
      ...rest.reverse(),
      { path: 'model.onnx', source: join(folder, 'weights') },
    ]);
    expect(second.digest).toBe(first.digest);
    const bytes = (directory: string) => readFile(join(directory, 'manifest.json'), 'utf8');
    expect(await bytes(second.directory)).toBe(await bytes(first.directory));
  });

  it('gives another digest for other bytes and for other metadata', async () => {
    const folder = await aFolder();
    const write = async (version: string, modelSize: number) =>
      (await writeBundle(join(folder, 'bundle'), someDraft({ version }), someSources(modelSize))).digest;
    const digests = [await write('1.0.0', 10), await write('1.0.1', 10), await write('1.0.0', 11)];
    expect(new Set(digests).size).toBe(3);
  });

  it('signs on request without changing the digest, also over the same bundle unsigned', async () => {
    const keys = generateSigningKeyPair();
    const plain = await aBundle();
    const options = { privateKeyPem: keys.privateKeyPem };
    const signed = await writeBundle(plain.directory, someDraft(), someSources(), options);
    expect(signed.digest).toBe(plain.digest);
    await openBundle(plain.directory, { publicKeyPem: keys.publicKeyPem });
  });

  it('replaces an earlier bundle, but nothing else', async () => {
    const { directory } = await aBundle();
    const next = await writeBundle(directory, someDraft({ version: '1.4.1' }), someSources(50));
    expect((await openBundle(directory)).digest).toBe(next.digest);
    expect(await readdir(dirname(directory))).toEqual(['bundle']);

    const precious = await aFolder();
    await writeFile(join(precious, 'thesis.tex'), 'x');
    const error = await rejection(writeBundle(precious, someDraft(), someSources()));
    expect(error).toMatchObject({ code: 'BUNDLE_TARGET_INVALID', message: expect.stringContaining('not a bundle') });
    expect(await readdir(precious)).toEqual(['thesis.tex']);
  });

  it.each<[string, string, () => [Parameters<typeof writeBundle>[1], Parameters<typeof writeBundle>[2]]]>([
    [
      'a source that climbs out',
      'BUNDLE_MANIFEST_INVALID',
      () => [someDraft(), [...someSources(), { path: '../evil', source: Buffer.from('x') }]],
    ],
    [
      'a source that does not exist',
      'BUNDLE_FILE_MISSING',
      () => [someDraft(), [...someSources(), { path: 'x', source: '/nonexistent/x' }]],
    ],
    ['a draft that is not valid', 'BUNDLE_MANIFEST_INVALID', () => [someDraft({ version: 'one' }), someSources()]],
  ])('refuses %s and leaves nothing behind', async (_, code, input) => {
    const folder = await aFolder();
    expect(await rejection(writeBundle(join(folder, 'inner', 'bundle'), ...input()))).toMatchObject({ code });
    expect((await readdir(folder, { recursive: true })).filter((name) => name !== 'inner')).toEqual([]);
  });
});
