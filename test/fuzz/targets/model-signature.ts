import { openStatement } from '@pawl/shared/bundle/readers/dsse';
import { signModel, verifyModelSignature } from '@pawl/shared/bundle/readers/model-signing';
import { parseSigstoreBundle } from '@pawl/shared/bundle/sigstore';
import { generateSigningKeyPair } from '@pawl/shared/bundle/signature';
import { catdogModel } from '../support/catdog-model.ts';
import { ensure, type FuzzTarget } from '../engine/target.ts';

const { privateKeyPem, publicKeyPem } = generateSigningKeyPair();

/** `model.sig`, by whoever can write to a registry: no changed statement is taken for the one that was signed. */
export const target: FuzzTarget = {
  kind: 'json',
  codes: ['BUNDLE_SIGNATURE_INVALID'],
  iterations: 400,
  words: ['application/vnd.in-toto+json', 'dsseEnvelope', 'messageSignature', 'hint', ''],
  seeds: async () => [Buffer.from(signModel(await catdogModel(), privateKeyPem))],
  run: async (input) => {
    const text = Buffer.from(input).toString('utf8');
    const model = await catdogModel();
    ensure(['signature', 'statement'].includes(parseSigstoreBundle(text).content), 'a bundle holds one of the two');
    verifyModelSignature(text, model, publicKeyPem);
    const { subject } = JSON.parse(openStatement(text).statement) as { subject: readonly { readonly name: string }[] };
    ensure(subject[0]?.name === model.manifest.name, 'only the statement that was signed is accepted');
  },
};
