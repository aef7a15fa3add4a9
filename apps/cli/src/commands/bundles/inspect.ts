import type { Command } from 'commander';
import { outputOption, writeData, type Format } from '../output.ts';
import { STORES_HELP, withPageOptions, type PageOptions } from './publishing-options.ts';
import { themeOf, type Session } from '../session.ts';

interface InspectOptions extends PageOptions {
  readonly key?: string;
  readonly output?: Format;
}

export function addInspect(program: Command, session: Session): void {
  withPageOptions(
    program
      .command('inspect')
      .summary('show what a bundle is')
      .description('Fetch and verify a bundle, and show all that it says of itself.')
      .argument('<uri>', 'address or folder of the bundle')
      .option('--key <file>', 'public key that must have signed it')
      .addOption(outputOption('json', 'yaml', 'cyclonedx')),
  )
    .addHelpText('after', STORES_HELP)
    .action((uri: string, options: InspectOptions) => inspect(session, uri, options));
}

async function inspect(session: Session, text: string, options: InspectOptions): Promise<void> {
  const { context } = session;
  const [{ describeBundle }, { pinnedUri, readKey, withBundle }, { readersOf }, { toUri }, { parseBundleUri }] =
    await Promise.all([
      import('../../bundles/describe-bundle.ts'),
      import('../../bundles/read-bundle.ts'),
      import('../../bundles/readers-of.ts'),
      import('../../bundles/stores.ts'),
      import('@pawl/shared/bundle/bundle-uri'),
    ]);
  const address = toUri(text, context.cwd);
  const { display } = parseBundleUri(address);
  const publicKeyPem = options.key === undefined ? undefined : await readKey(context, options.key, 'public');
  const pinned = await pinnedUri(context, address);
  if (options.output === 'cyclonedx') {
    const { mlBomOf } = await import('@pawl/shared/bundle/readers/ml-bom');
    const bom = await withBundle(context, pinned, { publicKeyPem }, (bundle) => Promise.resolve(mlBomOf(bundle)));
    context.stdout.write(bom);
    return;
  }
  const description = await withBundle(context, pinned, { publicKeyPem }, async (bundle) =>
    describeBundle(bundle, {
      uri: display,
      pinnedUri: pinned === address ? display : pinned,
      checked: publicKeyPem !== undefined,
      readers: await readersOf(context, address, bundle, publicKeyPem),
    }),
  );
  if (options.output === 'json' || options.output === 'yaml') {
    await writeData(context.stdout, options.output, description);
    return;
  }
  const { renderBundle } = await import('../../bundles/render-bundle.ts');
  context.stdout.write(`${renderBundle(description, themeOf(session, options)).join('\n')}\n`);
}
