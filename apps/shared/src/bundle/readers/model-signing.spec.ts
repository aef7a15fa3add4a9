import { execFile } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import { appendFile, cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { aBundle, aFolder, anError, cleanFolders } from '@pawl/test-kit/bundles';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import type { Bundle } from '../open-bundle.ts';
import { generateSigningKeyPair } from '../signature.ts';
import { openStatement, signStatement } from './dsse.ts';
import { signModel, verifyModelSignature } from './model-signing.ts';

const run = promisify(execFile);
const keys = generateSigningKeyPair();
const other = generateSigningKeyPair();

afterEach(cleanFolders);

/** A statement with some of its text replaced, signed again by the same key: only its content is wrong. */
function changed(signature: string, from: string | RegExp, to: string): string {
  const { statement } = openStatement(signature);
  const text = statement.replace(from, to);
  expect(text).not.toBe(statement);
  return signStatement(text, keys.privateKeyPem);
}

const refusal = (message: string | RegExp) =>
  anError({ code: 'BUNDLE_SIGNATURE_INVALID', message: expect.stringMatching(message) });

describe('the OpenSSF signature of a bundle', () => {
  let bundle: Bundle;
  let signature: string;
  beforeEach(async () => {
    bundle = await aBundle();
    signature = signModel(bundle, keys.privateKeyPem);
  });
  const verify =
    (text: string, pem: string | undefined = keys.publicKeyPem) =>
    () => {
      verifyModelSignature(text, bundle, pem);
    };

  it('holds for the bundle that it was made of, by any one of the keys', () => {
    expect(verify(signature)).not.toThrow();
    expect(verify(signature, other.publicKeyPem + keys.publicKeyPem)).not.toThrow();
    verifyModelSignature(signature, bundle, undefined);
  });

  it('says whose it is, before it is checked', () => {
    const sealed = openStatement(signature);
    expect(sealed.names(keys.publicKeyPem)).toBe(true);
    expect(sealed.names(other.publicKeyPem)).toBe(false);
  });

  it('lists every file and the manifest by the segments of their paths', () => {
    const { predicate } = JSON.parse(openStatement(signature).statement) as {
      predicate: { resources: { name: string; digest: string }[] };
    };
    expect(predicate.resources.map(({ name }) => name)).toEqual([
      'golden/cat-1.jpg',
      'manifest.json',
      'model.onnx',
      'reference.json',
    ]);
    expect(`sha256:${predicate.resources[1]?.digest ?? ''}`).toBe(bundle.digest);
  });

  it('is refused by another key, and when a byte of the statement or of the signature differs', () => {
    expect(verify(signature, other.publicKeyPem)).toThrow(refusal('does not match its bytes and the public key'));
    const envelope = JSON.parse(signature) as { dsseEnvelope: { payload: string; signatures: { sig: string }[] } };
    const { statement } = openStatement(signature);
    envelope.dsseEnvelope.payload = Buffer.from(`${statement} `).toString('base64');
    expect(verify(JSON.stringify(envelope))).toThrow(refusal('does not match'));
    // The bare payload, signed without its type, is another protocol's signature.
    const bare = sign('sha256', Buffer.from(statement), keys.privateKeyPem).toString('base64');
    const swapped = JSON.parse(signature) as typeof envelope;
    swapped.dsseEnvelope.signatures = [{ sig: bare }];
    expect(verify(JSON.stringify(swapped))).toThrow(refusal('does not match'));
  });

  it.each<[string, string | RegExp, string, RegExp]>([
    ['other bytes of a file', /("name":"model.onnx","algorithm":"sha256","digest":")[0-9a-f]{4}/, '$10000', /digest/],
    ['a file less', /,\{"name":"reference.json"[^}]*\}/, '', /digest/],
    ['another kind of statement', 'signature/v1.0', 'signature/v2.0', /predicateType/],
    ['another way of hashing', '"method":"files"', '"method":"shards"', /serialization.method/],
    ['another digest', '"hash_type":"sha256"', '"hash_type":"blake3"', /hash_type/],
  ])('by the right key is refused when it speaks of %s', (_, from, to, message) => {
    expect(verify(changed(signature, from, to))).toThrow(refusal(message));
  });

  it('is refused for another bundle, and names the first file that differs', async () => {
    const second = await aBundle({ modelSize: 1000 });
    expect(() => {
      verifyModelSignature(signature, second, keys.publicKeyPem);
    }).toThrow(refusal(/lists manifest.json as sha256:/));
  });

  it.each([
    ['no JSON', '{'],
    ['a signature of bytes', '{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","messageSignature":{}}'],
    ['another version', '{"mediaType":"application/vnd.dev.sigstore.bundle+json;version=0.1"}'],
  ])('is refused when it is %s', (_, text) => {
    expect(verify(text)).toThrow(refusal('is no Sigstore bundle v0.3 with a statement'));
  });

  it('needs keys of P-256', () => {
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    const pem = p384.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    expect(verify(signature, pem)).toThrow(anError({ code: 'BUNDLE_KEY_INVALID' }));
  });
});

describeWhenSet('PAWL_TEST_MODEL_SIGNING', 'the OpenSSF signature, with the real model_signing', (tool) => {
  const keyFiles = async () => {
    const folder = await aFolder();
    const [privateKey, publicKey, strange] = ['pawl.key', 'pawl.pub', 'other.pub'].map((name) => join(folder, name));
    await writeFile(privateKey ?? '', keys.privateKeyPem);
    await writeFile(publicKey ?? '', keys.publicKeyPem);
    await writeFile(strange ?? '', other.publicKeyPem);
    return { privateKey: privateKey ?? '', publicKey: publicKey ?? '', strange: strange ?? '' };
  };
  const verifyWith = async (folder: string, key: string) =>
    await run(tool, ['verify', 'key', folder, '--signature', join(folder, 'model.sig'), '--public_key', key]);

  it('is accepted by it with all forms of the signature in the folder', async () => {
    const { directory } = await aBundle({ privateKeyPem: keys.privateKeyPem });
    const { publicKey } = await keyFiles();
    expect((await verifyWith(directory, publicKey)).stdout).toContain('Verification succeeded');
  });

  it('is refused by it for a changed file, one more and one less', async () => {
    const { directory } = await aBundle({ privateKeyPem: keys.privateKeyPem });
    const { publicKey } = await keyFiles();
    await appendFile(join(directory, 'model.onnx'), 'x');
    await writeFile(join(directory, 'extra.py'), '');
    await rm(join(directory, 'reference.json'));
    await expect(verifyWith(directory, publicKey)).rejects.toThrow(
      /Extra files found.*extra\.py.*Missing files.*reference\.json.*Hash mismatch for .*model\.onnx/,
    );
  });

  it('is refused by it for another key', async () => {
    const { directory } = await aBundle({ privateKeyPem: keys.privateKeyPem });
    const { strange } = await keyFiles();
    await expect(verifyWith(directory, strange)).rejects.toThrow(/Key mismatch/);
  });

  it('of its own making is accepted here, also over a folder that Pawl had signed, and refused for another bundle', async () => {
    const bundle = await aBundle({ privateKeyPem: keys.privateKeyPem });
    const { privateKey } = await keyFiles();
    const folder = join(await aFolder(), 'copy');
    await cp(bundle.directory, folder, { recursive: true });
    const signature = join(folder, 'model.sig');
    await rm(signature);
    await run(tool, ['sign', 'key', folder, '--signature', signature, '--private_key', privateKey]);
    const text = await readFile(signature, 'utf8');
    verifyModelSignature(text, bundle, keys.publicKeyPem);
    const second = await aBundle({ modelSize: 1000 });
    for (const [model, pem] of [
      [second, keys.publicKeyPem],
      [bundle, other.publicKeyPem],
    ] as const)
      expect(() => {
        verifyModelSignature(text, model, pem);
      }).toThrow(anError({ code: 'BUNDLE_SIGNATURE_INVALID' }));
  });
});
