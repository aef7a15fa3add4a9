import { resolve } from 'node:path';
import type { Command } from 'commander';
import { quote } from '../../terminal/quote.ts';
import { STORES_HELP, withPageOptions, type PageOptions } from './publishing-options.ts';
import { themeOf, type Session } from '../session.ts';

interface PullOptions extends PageOptions {
  readonly key?: string;
  readonly digest?: string;
}

export function addPull(program: Command, session: Session): void {
  withPageOptions(
    program
      .command('pull')
      .summary('fetch a bundle into a folder')
      .description(
        'Fetch a bundle, verify every byte of it, and put it into a folder, with the signatures that other tools read: manifest.json.sigstore.json for cosign, model.sig for OpenSSF Model Signing.',
      )
      .argument('<uri>', 'address of the bundle')
      .argument('<folder>', 'new folder, or one that holds a bundle')
      .option('--key <file>', 'public key that must have signed it')
      .option('--digest <digest>', 'sha256:… that it must have'),
  )
    .addHelpText('after', STORES_HELP)
    .action((uri: string, folder: string, options: PullOptions) => pull(session, uri, folder, options));
}

async function pull(session: Session, text: string, folder: string, options: PullOptions): Promise<void> {
  const { context } = session;
  const [{ pullBundle }, { readKey }, { toUri }] = await Promise.all([
    import('../../bundles/pull-bundle.ts'),
    import('../../bundles/read-bundle.ts'),
    import('../../bundles/stores.ts'),
  ]);
  const theme = themeOf(session, options);
  const publicKeyPem = options.key === undefined ? undefined : await readKey(context, options.key, 'public');
  const { manifest, digest, signatures } = await pullBundle(context, {
    uri: toUri(text, context.cwd),
    directory: resolve(context.cwd, folder),
    digest: options.digest,
    publicKeyPem,
  });
  const signed = publicKeyPem === undefined ? '' : ', signed by the given key';
  context.stdout.write(
    [
      `Pulled ${theme.paint('strong', `${manifest.name} ${manifest.version}`)}${signed}`,
      `  folder  ${folder}`,
      `  digest  ${digest}`,
      ...(signatures.length === 0 ? [] : [`  beside  ${signatures.join(', ')}`]),
      theme.asCalled(`next: pawl verify ${quote(folder)}`),
      '',
    ].join('\n'),
  );
}
