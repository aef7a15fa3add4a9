import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { aBundle, anError, cleanFolders, instantClock } from '@pawl/test-kit/bundles';
import { startRegistry, type TestRegistry } from '@pawl/test-kit/registry';
import { digestOfBytes } from '../digest.ts';
import { MANIFEST_FILE } from '../manifest.ts';
import { contentOf, mediaTypes } from '../oci-image.ts';
import type { Bundle } from '../open-bundle.ts';
import { publishBundle } from '../publish-bundle.ts';
import { generateSigningKeyPair } from '../signature.ts';
import { checkReaders } from './check-readers.ts';
import { signStatement } from './dsse.ts';
import { IMAGE_SIGNATURE_PREDICATE, signImage, verifyImageSignature } from './image-signature.ts';
import { mlBomOf, ML_BOM_TYPE } from './ml-bom.ts';
import { publishReaders } from './publish-readers.ts';
import { describeReferrer, parseReferrers, referrersTag, withReferrers } from './referrer.ts';

const keys = generateSigningKeyPair();
const other = generateSigningKeyPair();
const REPOSITORY = 'models/catdog';

let registry: TestRegistry;
beforeEach(async () => {
  registry = await startRegistry();
});
afterEach(async () => {
  await registry.close();
  await cleanFolders();
});

const uri = (tag = '1') => `oci://${registry.host}/${REPOSITORY}:${tag}`;
const options = () => ({ insecureRegistry: true, clock: instantClock() });
const manifestAt = (reference: string) => registry.contents.get(`${REPOSITORY}/manifests/${reference}`);

async function published(tag = '1'): Promise<{ readonly bundle: Bundle; readonly image: string }> {
  const bundle = await aBundle({ privateKeyPem: keys.privateKeyPem });
  const { imageDigest = '' } = await publishBundle(bundle.directory, uri(tag), options());
  return { bundle, image: imageDigest };
}

async function check(bundle: Bundle, publicKeyPem?: string) {
  const manifestBytes = await readFile(join(bundle.directory, MANIFEST_FILE));
  const checked = await checkReaders({ ...bundle, manifestBytes }, uri(), { ...options(), publicKeyPem });
  return checked.map(({ kind, outcome, detail }) => ({ kind, outcome, detail }));
}

/** Attaches a document to the image, as anybody who may write to the registry can. */
function attach(image: string, artifactType: string, text: string, annotations: Record<string, string> = {}): string {
  const found = manifestAt(image);
  const subject = { mediaType: mediaTypes.index, digest: image, size: found?.bytes.length ?? 0 };
  const referrer = describeReferrer({ artifactType, bytes: Buffer.from(text), subject, annotations });
  for (const { digest, bytes } of referrer.blobs)
    registry.contents.set(`${REPOSITORY}/blobs/${digest}`, { type: '', bytes: Buffer.from(bytes) });
  put(referrer.manifest.digest, referrer.manifest);
  const tag = referrersTag(image);
  put(tag, withReferrers(manifestAt(tag)?.bytes, [referrer.descriptor]));
  return referrer.manifest.digest;
}

function put(reference: string, { mediaType, bytes }: { mediaType: string; bytes: Uint8Array }): void {
  registry.contents.set(`${REPOSITORY}/manifests/${reference}`, { type: mediaType, bytes: Buffer.from(bytes) });
}

const all = ['sigstore-bundle', 'model-signature', 'ml-bom', 'model-pack'];

describe('what others read of a published bundle', () => {
  it('is made beside the image, which does not change', async () => {
    const { bundle, image } = await published();
    const before = manifestAt('1')?.bytes;
    const readers = await publishReaders(bundle, uri(), { ...options(), publicKeyPem: keys.publicKeyPem });
    expect(readers.map(({ kind, outcome }) => [kind, outcome])).toEqual(all.map((kind) => [kind, 'published']));
    expect(readers.at(-1)?.uri).toBe(uri('1-modelpack'));
    expect(manifestAt('1')?.bytes).toEqual(before);
    expect(digestOfBytes(manifestAt('1')?.bytes ?? Buffer.of())).toBe(image);
    expect(parseReferrers(manifestAt(referrersTag(image))?.bytes ?? Buffer.of())).toHaveLength(4);
  });

  it('leaves an image of the digest that it had before there were other readers', async () => {
    const bundle = await aBundle();
    const { imageDigest } = await publishBundle(bundle.directory, uri(), options());
    await publishReaders(bundle, uri(), options());
    // Of this very bundle, unsigned, by the version of Pawl before them.
    expect(imageDigest).toBe('sha256:34b07d11d58703c9fd14da5159ca0dd2e3b6c8dc9d2e6c56df5fd7ab1c3c8de2');
    expect(digestOfBytes(manifestAt('1')?.bytes ?? Buffer.of())).toBe(imageDigest);
  });

  it('shares the layer of the image, byte for byte', async () => {
    const { bundle } = await published();
    const blobs = () => [...registry.contents.keys()].filter((path) => path.includes('/blobs/'));
    const before = new Set(blobs());
    await publishReaders(bundle, uri(), options());
    const large = blobs().filter(
      (path) => !before.has(path) && (registry.contents.get(path)?.bytes.length ?? 0) > 10_000,
    );
    expect(large).toEqual([]);
    const pack = JSON.parse(manifestAt('1-modelpack')?.bytes.toString() ?? '') as {
      artifactType: string;
      layers: { mediaType: string; digest: string; size: number }[];
    };
    expect(pack.artifactType).toBe('application/vnd.cncf.model.manifest.v1+json');
    expect(pack.layers).toHaveLength(1);
    expect(registry.contents.get(`${REPOSITORY}/blobs/${pack.layers[0]?.digest ?? ''}`)?.bytes).toHaveLength(
      pack.layers[0]?.size ?? 0,
    );
  });

  it('is published again without a write', async () => {
    const { bundle } = await published();
    await publishReaders(bundle, uri(), options());
    registry.requests.length = 0;
    const again = await publishReaders(bundle, uri(), options());
    expect(again.map(({ outcome }) => outcome)).toEqual(all.map(() => 'present'));
    expect(registry.requests.filter((line) => /^(PUT|POST)/.test(line))).toEqual([]);
  });

  it('leaves what others have attached in the list', async () => {
    const { bundle, image } = await published();
    const theirs = attach(image, 'application/vnd.example+json', '{}');
    await publishReaders(bundle, uri(), options());
    const listed = parseReferrers(manifestAt(referrersTag(image))?.bytes ?? Buffer.of()).map(({ digest }) => digest);
    expect(listed).toHaveLength(5);
    expect(listed).toContain(theirs);
  });

  it('joins a list that somebody overwrites in the same moment', async () => {
    const { bundle, image } = await published();
    const tag = referrersTag(image);
    let overwritten = 0;
    registry.interrupt = (line) => {
      // Another publisher's list is there the moment after ours was written: ours is gone.
      if (line === `GET /v2/${REPOSITORY}/manifests/${tag}` && manifestAt(tag) !== undefined && overwritten < 1) {
        overwritten += 1;
        put(tag, contentOf(mediaTypes.index, { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [] }));
      }
      return undefined;
    };
    await publishReaders(bundle, uri(), options());
    expect(overwritten).toBe(1);
    expect(parseReferrers(manifestAt(tag)?.bytes ?? Buffer.of())).toHaveLength(4);
  });

  it('asks for no tag where the registry keeps the list itself', async () => {
    const { bundle, image } = await published();
    const own = contentOf(mediaTypes.index, { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [] });
    registry.contents.set(`${REPOSITORY}/referrers/${image}`, { type: own.mediaType, bytes: Buffer.from(own.bytes) });
    const readers = await publishReaders(bundle, uri(), options());
    expect(readers.map(({ outcome }) => outcome)).toEqual(all.map(() => 'published'));
    expect(manifestAt(referrersTag(image))).toBeUndefined();
  });

  it('that a registry refuses does not lose the bundle, and says so', async () => {
    const { bundle, image } = await published();
    registry.interrupt = (line) =>
      line.startsWith('PUT') && line.includes('/manifests/') ? { status: 405, body: '{}' } : undefined;
    const readers = await publishReaders(bundle, uri(), options());
    expect(readers.map(({ outcome, problem }) => [outcome, problem?.code])).toEqual(
      all.map(() => ['refused', 'BUNDLE_STORE_REFUSED']),
    );
    expect(digestOfBytes(manifestAt('1')?.bytes ?? Buffer.of())).toBe(image);
  });

  it('without signatures is the ML-BOM and the ModelPack', async () => {
    const { bundle } = await published();
    for (const name of ['manifest.json.sigstore.json', 'model.sig']) await rm(join(bundle.directory, name));
    const readers = await publishReaders(bundle, uri(), options());
    expect(readers.map(({ kind }) => kind)).toEqual(['ml-bom', 'model-pack']);
  });

  it('is not made of a signature of another bundle, or by another key', async () => {
    const { bundle } = await published();
    await expect(publishReaders(bundle, uri(), { ...options(), publicKeyPem: other.publicKeyPem })).rejects.toThrow(
      anError({ code: 'BUNDLE_SIGNATURE_INVALID' }),
    );
    await writeFile(join(bundle.directory, 'model.sig'), signStatement('{}', keys.privateKeyPem));
    await expect(publishReaders(bundle, uri(), options())).rejects.toThrow(
      anError({ code: 'BUNDLE_SIGNATURE_INVALID' }),
    );
  });

  it('leaves a ModelPack tag that names something else, unless it is told to move it', async () => {
    const { bundle } = await published();
    put('1-modelpack', contentOf(mediaTypes.manifest, { schemaVersion: 2, layers: [] }));
    const readers = await publishReaders(bundle, uri(), options());
    expect(readers.at(-1)).toMatchObject({ outcome: 'refused', problem: { code: 'BUNDLE_ALREADY_PUBLISHED' } });
    const forced = await publishReaders(bundle, uri(), { ...options(), force: true });
    expect(forced.at(-1)?.outcome).toBe('published');
  });
});

describe('the signature of an image', () => {
  const sign = (bundle: Bundle, privateKeyPem: string) =>
    publishReaders(bundle, uri(), { ...options(), privateKeyPem });

  it('is made once by each key, and is right for this image alone', async () => {
    const { bundle, image } = await published();
    const kinds = (await sign(bundle, keys.privateKeyPem)).map(({ kind }) => kind);
    expect(kinds).toContain('image-signature');
    expect((await sign(bundle, keys.privateKeyPem)).map(({ outcome }) => outcome)).toEqual(kinds.map(() => 'present'));
    const lines = await check(bundle, keys.publicKeyPem);
    expect(lines).toContainEqual({
      kind: 'image-signature',
      outcome: 'pass',
      detail: 'by the given key, of the image',
    });
    await sign(bundle, other.privateKeyPem);
    const both = (await check(bundle, keys.publicKeyPem)).filter(({ kind }) => kind === 'image-signature');
    expect(both.map(({ outcome }) => outcome).sort()).toEqual(['pass', 'skipped']);
    const text = signImage(`sha256:${'1'.repeat(64)}`, keys.privateKeyPem);
    expect(() => {
      verifyImageSignature(text, image, keys.publicKeyPem);
    }).toThrow(anError({ code: 'BUNDLE_SIGNATURE_INVALID', message: expect.stringContaining('is of the image') }));
  });

  it('of another image is forged, whoever signed it', async () => {
    const { bundle, image } = await published();
    attach(
      image,
      'application/vnd.dev.sigstore.bundle.v0.3+json',
      signImage(`sha256:${'1'.repeat(64)}`, keys.privateKeyPem),
      {
        'dev.sigstore.bundle.content': 'dsse-envelope',
        'dev.sigstore.bundle.predicateType': IMAGE_SIGNATURE_PREDICATE,
      },
    );
    expect(await check(bundle, keys.publicKeyPem)).toMatchObject([{ kind: 'image-signature', outcome: 'fail' }]);
    const again = await sign(bundle, keys.privateKeyPem);
    expect(again.find(({ kind }) => kind === 'image-signature')?.outcome).toBe('published');
  });

  it('needs a key of P-256, and nothing is asked of the registry with another', async () => {
    const { bundle } = await published();
    await expect(sign(bundle, 'no key')).rejects.toThrow(anError({ code: 'BUNDLE_KEY_INVALID' }));
    expect([...registry.contents.keys()].some((path) => path.includes('modelpack'))).toBe(false);
  });
});

describe('what refers to a published bundle', () => {
  it('is checked, each by name', async () => {
    const { bundle } = await published();
    await publishReaders(bundle, uri(), options());
    expect(await check(bundle, keys.publicKeyPem)).toEqual([
      { kind: 'sigstore-bundle', outcome: 'pass', detail: 'by the given key, of manifest.json' },
      { kind: 'model-signature', outcome: 'pass', detail: 'by the given key, every file as in the bundle' },
      { kind: 'ml-bom', outcome: 'pass', detail: 'every line as in the bundle' },
      { kind: 'model-pack', outcome: 'pass', detail: 'over the layer of the image' },
    ]);
    expect((await check(bundle)).map(({ outcome }) => outcome)).toEqual(['skipped', 'skipped', 'pass', 'pass']);
    expect((await check(bundle, other.publicKeyPem)).slice(0, 2).map(({ detail }) => detail)).toEqual(
      Array(2).fill('by another key than the given one'),
    );
  });

  it('is nothing where nothing was attached', async () => {
    const { bundle } = await published();
    expect(await check(bundle)).toEqual([]);
  });

  it.each<[string, string, (bundle: Bundle) => string, Record<string, string>, RegExp]>([
    [
      'ml-bom',
      ML_BOM_TYPE,
      (bundle) => mlBomOf(bundle).replace('1.4.0', '1.4.1'),
      {},
      /is "catdog@1.4.1"; the bundle has/,
    ],
    ['ml-bom', ML_BOM_TYPE, () => 'no JSON', {}, /the document is not there/],
    ['sigstore-bundle', 'application/vnd.dev.sigstore.bundle.v0.3+json', () => '{}', {}, /is no Sigstore bundle/],
    [
      'model-signature',
      'application/vnd.dev.sigstore.bundle.v0.3+json',
      () => signStatement('{"predicateType":"https://model_signing/signature/v1.0"}', keys.privateKeyPem),
      { 'dev.sigstore.bundle.content': 'dsse-envelope' },
      /is no statement about files/,
    ],
  ])('is a forged %s, and is said to be', async (kind, artifactType, forge, annotations, message) => {
    const { bundle, image } = await published();
    attach(image, artifactType, forge(bundle), annotations);
    expect(await check(bundle, keys.publicKeyPem)).toEqual([
      { kind, outcome: 'fail', detail: expect.stringMatching(message) as string },
    ]);
  });

  it('is a right signature that names the key and does not verify', async () => {
    const { bundle, image } = await published();
    const text = await readFile(join(bundle.directory, 'manifest.json.sigstore.json'), 'utf8');
    const forged = JSON.parse(text) as { messageSignature: { signature: string } };
    forged.messageSignature.signature = Buffer.alloc(70, 7).toString('base64');
    attach(image, 'application/vnd.dev.sigstore.bundle.v0.3+json', JSON.stringify(forged));
    expect(await check(bundle, keys.publicKeyPem)).toMatchObject(
      [{ kind: 'sigstore-bundle', outcome: 'fail', detail: /does not match/ }].map((line) => ({
        ...line,
        detail: expect.stringMatching(line.detail) as string,
      })),
    );
  });

  it('is a ModelPack tag that was moved', async () => {
    const { bundle } = await published();
    await publishReaders(bundle, uri(), options());
    put('1-modelpack', contentOf(mediaTypes.manifest, { schemaVersion: 2, layers: [] }));
    expect((await check(bundle)).at(-1)).toMatchObject({
      kind: 'model-pack',
      outcome: 'fail',
      detail: expect.stringMatching(/^tag 1-modelpack: names sha256:/) as string,
    });
  });

  it('is listed and not looked at where it is of another kind', async () => {
    const { bundle, image } = await published();
    attach(image, 'application/vnd.example+json', '{}');
    expect(await check(bundle)).toEqual([{ kind: 'other', outcome: 'skipped', detail: 'not looked at' }]);
  });
});
