import { relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { exitCodes } from '../../errors/cli-error.ts';
import { quote } from '../../terminal/quote.ts';
import { themeOf, type Session } from '../session.ts';
import { withPageOptions, type PageOptions } from './publishing-options.ts';

/**
 * What cosign 2 and 3 take beside the key, in the bundle's folder. A signature by a key of one's own is in no transparency log,
 * so there is none to ask.
 */
const COSIGN_ARGUMENTS = '--bundle manifest.json.sigstore.json --insecure-ignore-tlog manifest.json';

interface GenerateOptions extends PageOptions {
  readonly out: string;
}

export function addKeys(program: Command, session: Session): void {
  const keys = program
    .command('keys')
    .summary('make keys to sign bundles with')
    .description('Keys to sign bundles with.');
  withPageOptions(
    keys
      .command('generate')
      .summary('make a key pair')
      .description('Make an ECDSA P-256 key pair in PEM, which cosign takes too. Nothing is overwritten.')
      .option('--out <folder>', 'where the pair goes', '.'),
  ).action((options: GenerateOptions) => generate(session, options));
}

async function generate(session: Session, options: GenerateOptions): Promise<void> {
  const { context } = session;
  const { writeKeyPair } = await import('../../bundles/keys.ts');
  const { privatePath, publicPath } = await writeKeyPair(resolve(context.cwd, options.out));
  const theme = themeOf(session, options);
  const shown = (path: string) => quote(relative(context.cwd, path));
  const strong = (text: string) => theme.paint('strong', text);
  const uses = [
    ['Sign a bundle', `pawl sign models/candidate --key ${shown(privatePath)}`],
    ['Give it to GitHub Actions', `gh secret set PAWL_SIGNING_KEY < ${shown(privatePath)}`],
    ['Let a cluster ask for it', `helm upgrade … --set-file publicKey=${shown(publicPath)}`],
    ['Let releases ask for it', `cp ${shown(publicPath)} k8s/environments/staging/public-key.pem`],
    ['Verify with cosign', `cosign verify-blob --key ${shown(publicPath)} ${COSIGN_ARGUMENTS}`],
  ] as const;
  context.stdout.write(
    [
      `${strong('private')}  ${shown(privatePath)}  signs; only you can read it. It is not encrypted; .gitignore beside it keeps it out of Git.`,
      `${strong('public')}   ${shown(publicPath)}  verifies; everybody may have it.`,
      '',
      ...uses.map(([what, command]) => `${`${what}:`.padEnd(27)}${theme.asCalled(command)}`),
      '',
    ].join('\n'),
  );
  session.exitCode = exitCodes.ok;
}
