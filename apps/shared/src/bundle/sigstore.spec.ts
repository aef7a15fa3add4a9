import { anError } from '@pawl/test-kit/bundles';
import { generateSigningKeyPair, signManifest, verifyManifestSignature } from './signature.ts';
import { signatureOfSigstoreBundle, toSigstoreBundle } from './sigstore.ts';

const manifest = Buffer.from('hello\n');
const keys = generateSigningKeyPair();
const signature = signManifest(manifest, keys.privateKeyPem);

/** What cosign 3.1.3 wrote for `hello` with a key: `sign-blob --bundle --use-signing-config=false --tlog-upload=false`. */
const byCosign =
  '{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{"hint":"jFEw5qu4zNMJhrw98el2nqCIDa6OLogCLfIAjbVCpos="}},"messageSignature":{"messageDigest":{"algorithm":"SHA2_256","digest":"WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM="},"signature":"MEQCIBkhQcwaY2RicGh5JcqR4s6jq7BeeEvODM6OE3Vup+DZAiB5lLswUZ8BetmoNK7A4w4+0i7ot4ZjvkFicKUT/nJA9Q=="}}';
const keyOfCosign = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAET3oHXZ1ZEzPQ221ZYmjV4uP143wX
ELUxqRaduRtP+u0uPRrB985YSjhRDjf7d6G14XBwMZWAgWj2t6xbxCutkw==
-----END PUBLIC KEY-----
`;

describe('a signature as a Sigstore bundle', () => {
  it('is, but for the signature, what cosign writes, of either half of the key', () => {
    expect(toSigstoreBundle(manifest, signatureOfSigstoreBundle(byCosign), keyOfCosign)).toBe(byCosign);
    expect(toSigstoreBundle(manifest, signature, keys.privateKeyPem)).toBe(
      toSigstoreBundle(manifest, signature, keys.publicKeyPem),
    );
  });

  it('verifies as the plain one does', () => {
    const bundle = toSigstoreBundle(manifest, signature, keys.publicKeyPem);
    expect(signatureOfSigstoreBundle(bundle)).toBe(signature);
    verifyManifestSignature(manifest, Buffer.from(`${bundle}\n`), keys.publicKeyPem);
    verifyManifestSignature(manifest, byCosign, keyOfCosign);
    for (const [bytes, key] of [
      [Buffer.from('other'), keys.publicKeyPem],
      [manifest, keyOfCosign],
    ] as const)
      expect(() => {
        verifyManifestSignature(bytes, bundle, key);
      }).toThrow(anError({ code: 'BUNDLE_SIGNATURE_INVALID', message: expect.stringContaining('does not match') }));
  });

  it.each([
    ['no JSON', '{', /no JSON object/],
    ['another document', '{"mediaType":"application/json"}', /\(mediaType\)/],
    ['an attestation', byCosign.replace('messageSignature', 'dsseEnvelope'), /\(messageSignature\)/],
    ['a signature that is no base64', byCosign.replace('MEQC', '!!!!'), /\(messageSignature.signature\)/],
  ])('is refused when it is %s', (_, text, message) => {
    expect(() => signatureOfSigstoreBundle(text)).toThrow(
      anError({ code: 'BUNDLE_SIGNATURE_INVALID', message: expect.stringMatching(message) }),
    );
  });
});
