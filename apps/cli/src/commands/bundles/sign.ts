import { resolve } from 'node:path';
import type { Command } from 'commander';
import { themeFor } from '../../terminal/theme.ts';
import { quote } from '../../terminal/quote.ts';
import type { Session } from '../session.ts';

interface SignOptions {
  readonly key: string;
}

export function addSign(program: Command, session: Session): void {
  program
    .command('sign')
    .summary('sign a bundle')
    .description(
      'Verify every file of the bundle in a folder, then write its signature: manifest.json.sig, manifest.json.sigstore.json for cosign, and model.sig for OpenSSF Model Signing. The digest of the bundle stays the same.',
    )
    .argument('<folder>', 'folder of the bundle')
    .requiredOption('--key <file>', 'private key, ECDSA P-256 in PEM (pawl keys generate)')
    .action((folder: string, options: SignOptions) => sign(session, folder, options));
}

async function sign(session: Session, folder: string, { key }: SignOptions): Promise<void> {
  const { context } = session;
  const [{ signBundle }, { readKey }] = await Promise.all([
    import('../../bundles/keys.ts'),
    import('../../bundles/read-bundle.ts'),
  ]);
  const pem = await readKey(context, key, 'private');
  const { manifest, digest, outcome } = await signBundle(resolve(context.cwd, folder), pem, context.signal);
  const what = {
    signed: 'Signed',
    already: 'Already signed by this key:',
    replaced: 'Signed, in place of a signature by another key:',
  }[outcome];
  context.stdout.write(`${what} ${manifest.name} ${manifest.version} ${digest}\n`);
  const tag = manifest.version.replaceAll('+', '_');
  const next = `next: pawl publish ${quote(folder)} oci://REGISTRY/${manifest.name}:${tag}\n`;
  context.stdout.write(themeFor(context.stdout, context.env).asCalled(next));
}
