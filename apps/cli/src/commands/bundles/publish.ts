import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import type { Context } from '../../terminal/context.ts';
import { CliError } from '../../errors/cli-error.ts';
import { writeError } from '../../errors/write-error.ts';
import { outputOption, writeData, type Format } from '../output.ts';
import { STORES_HELP, withPageOptions, type PageOptions } from './publishing-options.ts';
import type { Publication } from '../../bundles/publish.ts';
import { readerNames } from '../../bundles/reader-names.ts';
import { quote } from '../../terminal/quote.ts';
import { themeOf, type Session } from '../session.ts';

interface PublishFlags extends PageOptions {
  readonly key?: string;
  readonly signImage?: string;
  readonly force?: boolean;
  readonly addressFile?: string;
  readonly output?: Format;
}

export function addPublish(program: Command, session: Session): void {
  withPageOptions(
    program
      .command('publish')
      .summary('put a bundle into a store')
      .description(
        'Verify the bundle in a folder and put it into a store; into a registry also what other tools read of it. The same bundle again changes nothing; another one under the same address is refused.',
      )
      .argument('<folder>', 'folder of the bundle')
      .argument('<uri>', 'oci://, s3:// or file:// address; {name}, {version} and {digest} are filled in')
      .option('--key <file>', 'public key that must have signed it')
      .option(
        '--sign-image <file>',
        'private key that also signs the image, for cosign verify and admission controllers',
      )
      .option('--force', 'move a tag that names another bundle')
      .option('--address-file <file>', 'also write the pinned address there, for pawl release @FILE')
      .addOption(outputOption('json', 'yaml')),
  )
    .addHelpText('after', STORES_HELP)
    .action((folder: string, uri: string, options: PublishFlags) => publishBundle(session, folder, uri, options));
}

async function publishBundle(session: Session, folder: string, template: string, options: PublishFlags): Promise<void> {
  const { context } = session;
  const [{ publish }, { pinnedUri, readKey }, { toUri }, { noteInRegistry }] = await Promise.all([
    import('../../bundles/publish.ts'),
    import('../../bundles/read-bundle.ts'),
    import('../../bundles/stores.ts'),
    import('../../ml/tracking/model-registry.ts'),
  ]);
  const address = template.includes('{') ? await filled(context, folder, template) : template;
  assertDestination(address);
  const uri = toUri(address, context.cwd);
  const publicKeyPem = options.key === undefined ? undefined : await readKey(context, options.key, 'public');
  const privateKeyPem =
    options.signImage === undefined ? undefined : await readKey(context, options.signImage, 'private');
  const result = await publish(context, {
    directory: resolve(context.cwd, folder),
    uri,
    publicKeyPem,
    privateKeyPem,
    force: options.force === true,
  });
  const { manifest, digest, imageDigest } = result;
  // What was published, even when somebody moves the tag this very moment.
  const pinned =
    imageDigest === undefined || uri.includes('@') ? await pinnedUri(context, uri) : `${uri}@${imageDigest}`;
  if (options.addressFile !== undefined) await writeAddress(resolve(context.cwd, options.addressFile), pinned);
  warnOfReaders(context, result.readers);
  const asData = options.output === 'json' || options.output === 'yaml' ? options.output : undefined;
  if (asData === undefined)
    renderPublication(session, options, { result, uri, pinned, checked: publicKeyPem !== undefined });
  const noted = await noteInRegistry(context, manifest, { uri: pinned, digest }).catch((error: unknown) => {
    context.signal.throwIfAborted();
    const message = error instanceof Error ? error.message : String(error);
    context.stderr.write(
      `warning: the model registry was not told where the bundle is: ${message} Publishing again tells it.\n`,
    );
    return undefined;
  });
  if (asData !== undefined) await writeData(context.stdout, asData, publicationAsData(result, pinned, noted));
  else if (noted !== undefined) context.stdout.write(`Noted in the model registry: ${noted}\n`);
}

function renderPublication(
  session: Session,
  options: PublishFlags,
  {
    result,
    uri,
    pinned,
    checked,
  }: { readonly result: Publication; readonly uri: string; readonly pinned: string; readonly checked: boolean },
): void {
  const theme = themeOf(session, options);
  const { manifest, digest, outcome, signed, readers } = result;
  const said = {
    published: 'Published',
    present: 'Already published, nothing to do:',
    signature: 'Published the signature of',
    moved: 'Published, and moved the tag to',
  }[outcome];
  const signature = signed ? (checked ? ', signed by the given key' : ', with a signature') : '';
  const there = readers.filter((reader) => reader.outcome !== 'refused');
  const beside = there.map(({ kind, uri: at }) =>
    kind === 'model-pack' ? `${readerNames[kind]} ${at}` : readerNames[kind],
  );
  session.context.stdout.write(
    [
      `${said} ${theme.paint('strong', `${manifest.name} ${manifest.version}`)}${signature}`,
      `  uri     ${pinned}`,
      `  digest  ${digest}`,
      ...(beside.length === 0 ? [] : [`  beside  ${beside.join(', ')}`]),
      theme.asCalled(`next: pawl release ${quote(uri)} --env staging`),
      '',
    ].join('\n'),
  );
}

/** The bundle is published: what others cannot read of it is no reason to fail. */
function warnOfReaders(context: Context, readers: Publication['readers']): void {
  for (const { kind, problem } of readers)
    if (problem !== undefined)
      context.stderr.write(
        `warning: the ${readerNames[kind]} is not there: ${problem.message} [${problem.code}] The bundle is published; publishing again tries it again.\n`,
      );
}

const publicationAsData = (
  { manifest, digest, imageDigest, outcome, signed, readers }: Publication,
  uri: string,
  noted: string | undefined,
) => ({
  name: manifest.name,
  version: manifest.version,
  uri,
  digest,
  imageDigest,
  outcome,
  signed,
  readers: readers.map(({ problem, ...reader }) => ({
    ...reader,
    ...(problem !== undefined && { error: { code: problem.code, message: problem.message } }),
  })),
  ...(noted !== undefined && { modelRegistry: noted }),
});

/**
 * What is written like a reference of an image is no folder: `catdog:1.1.0` would become one of that name, and the registry
 * would be told that the bundle is there.
 *
 * @throws CliError USAGE.
 */
function assertDestination(address: string): void {
  if (address.includes('://') || /^([A-Za-z]:)?[./\\]/.test(address) || !/[:@]/.test(address)) return;
  throw new CliError(
    'USAGE',
    `${address} is no address.`,
    `Did you mean oci://${address.includes('/') ? '' : 'REGISTRY/'}${address}? A folder of that name is ./${address}`,
  );
}

/** The address of the bundle in a folder, by what its manifest says. */
async function filled(context: Context, folder: string, template: string): Promise<string> {
  const [{ fillAddress }, { readStoredManifest }] = await Promise.all([
    import('../../gitops/release/fill-address.ts'),
    import('../../bundles/read-bundle.ts'),
  ]);
  const { manifest, digest } = await readStoredManifest(context, pathToFileURL(resolve(context.cwd, folder)).href);
  return fillAddress(template, manifest, digest);
}

async function writeAddress(path: string, address: string): Promise<void> {
  try {
    await writeFile(path, `${address}\n`);
  } catch (cause) {
    const elsewhere =
      'name another file with --address-file; the bundle is published, and publishing again changes nothing';
    throw writeError(path, cause, { elsewhere });
  }
}
