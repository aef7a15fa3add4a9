import { generateKeyPairSync, sign } from 'node:crypto';
import { signatureOfSigstoreBundle, toSigstoreBundle } from '@pawl/shared/bundle/sigstore';
import { verifyManifestSignature } from '@pawl/shared/bundle/signature';
import { ensure, type FuzzTarget } from '../engine/target.ts';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
const signed = Buffer.from('{"schemaVersion":1}');
const right = sign('sha256', signed, privateKey);

/** `manifest.json.sig`, plain or a Sigstore bundle, by whoever can write to a store: no change of a signature is another one. */
export const target: FuzzTarget = {
  kind: 'bytes',
  codes: ['BUNDLE_SIGNATURE_INVALID'],
  iterations: 800,
  words: ['{', '"signature":', '=', '\n', ' ', '"messageSignature":{', '\u0000'],
  seeds: () => {
    const text = right.toString('base64');
    return Promise.resolve([
      Buffer.from(text),
      Buffer.from(`${text}\n`),
      Buffer.from(toSigstoreBundle(signed, text, pem)),
    ]);
  },
  run: (input) => {
    verifyManifestSignature(signed, input, pem);
    const text = Buffer.from(input).toString('latin1').trim();
    const given = Buffer.from(text.startsWith('{') ? signatureOfSigstoreBundle(text) : text, 'base64');
    ensure(given.equals(right), 'only the signature that was made is accepted');
  },
};
