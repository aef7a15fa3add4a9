import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import type { Context } from '../../terminal/context.ts';
import { CliError } from '../../errors/cli-error.ts';
import { plain } from '../../terminal/text.ts';
import { STORES_HELP, withPageOptions, type PageOptions } from '../bundles/publishing-options.ts';
import { quote } from '../../terminal/quote.ts';
import { themeOf, type Session } from '../session.ts';

interface ReleaseOptions extends PageOptions {
  readonly env: string;
  readonly environments: string;
  readonly from?: string;
  readonly key?: string;
  readonly keep: number;
  readonly dryRun?: boolean;
  readonly commit: boolean;
  readonly push?: boolean;
  readonly message?: string;
  readonly allowUncompared?: boolean;
}

export function addRelease(program: Command, session: Session): void {
  withPageOptions(
    program
      .command('release')
      .summary('offer a published bundle to an environment, as a commit')
      .description(
        "Write the ModelVersion of a published bundle into an environment's folder, pinned by digest, and commit it. The bundle's version must be what its change from the version before demands: labels, input or output changed: major; weights only: minor.",
      )
      .argument('[uri]', 'address of the bundle, or @FILE that holds it (pawl publish --address-file)')
      .requiredOption('--env <name>', 'environment, such as staging')
      .option('--environments <folder>', 'folder of the environments', 'k8s/environments')
      .option('--from <model>', 'a registered model instead of an address: models:/catdog@champion, models:/catdog/3')
      .option('--key <file>', "public key that must have signed it (default: the environment's, where it has one)")
      .option('--keep <n>', 'versions of the model that stay in the folder, at least 2', parseKeep, 3)
      .option('--dry-run', 'show the change and write nothing')
      .option('--no-commit', 'write the files and commit nothing')
      .option('--push', 'push the commit; decides again when others pushed first')
      .option('--message <text>', 'subject of the commit')
      .option('--allow-uncompared', 'go on when the version before cannot be fetched'),
  )
    .addHelpText('after', STORES_HELP)
    .action((uri: string | undefined, options: ReleaseOptions) => releaseBundle(session, uri, options));
}

/** @throws InvalidArgumentError for less than 2. */
export function parseKeep(text: string): number {
  if (!/^\d{1,6}$/.test(text) || Number(text) < 2)
    throw new InvalidArgumentError('Expected a number of 2 or more: the version before is what a rollback returns to.');
  return Number(text);
}

async function releaseBundle(session: Session, given: string | undefined, options: ReleaseOptions): Promise<void> {
  const { context } = session;
  const address = given?.startsWith('@') === true ? await addressIn(context, given.slice(1)) : given;
  const { stdout, stderr } = context;
  if ((address === undefined) === (options.from === undefined))
    throw new CliError(
      'USAGE',
      'pawl release takes an address or --from, one of them.',
      'pawl release oci://… --env staging',
    );
  if (address !== undefined && !address.includes('://'))
    throw new CliError(
      'USAGE',
      `${address} is no address; a cluster cannot fetch a folder of this machine.`,
      `Publish it first: pawl publish ${quote(address)} oci://REGISTRY/NAME:VERSION`,
    );
  if (options.push === true && (!options.commit || options.dryRun === true))
    throw new CliError('USAGE', '--push needs the commit.', 'Leave out --no-commit and --dry-run.');
  const [{ release }, { readKey }, { renderProposal }, { findInRegistry }] = await Promise.all([
    import('../../gitops/release/release.ts'),
    import('../../bundles/read-bundle.ts'),
    import('../../gitops/release/render-release.ts'),
    import('../../ml/tracking/model-registry.ts'),
  ]);
  const theme = themeOf(session, options);
  const artifact =
    options.from === undefined
      ? { uri: address ?? '', digest: undefined }
      : await findInRegistry(context, options.from);
  let shown = '';
  const released = await release(
    context,
    {
      ...artifact,
      environment: options.env,
      environments: options.environments,
      publicKeyPem: options.key === undefined ? undefined : await readKey(context, options.key, 'public'),
      keep: options.keep,
      dryRun: options.dryRun === true,
      commit: options.commit,
      push: options.push === true,
      message: options.message,
      allowUncompared: options.allowUncompared === true,
    },
    {
      proposed: (proposal) => {
        const page = renderProposal(proposal, context.cwd, theme).join('\n');
        if (shown !== '' && shown !== page) stderr.write('Others pushed first; on top of theirs the release is:\n');
        if (shown !== page) stdout.write(`${page}\n`);
        shown = page;
      },
      warn: (message) => void stderr.write(`warning: ${plain(message)}\n`),
    },
  );
  const { commit, pushed, plan } = released;
  const lines = [
    ...(commit === undefined ? [] : [`Committed ${commit.hash} on ${commit.branch}: ${commit.subject}`]),
    ...(pushed === undefined ? [] : [`Pushed to ${pushed.remote}/${pushed.branch}.`]),
    ...(options.dryRun === true && plan.kind === 'release' ? ['Nothing was written (--dry-run).'] : []),
    ...(commit !== undefined && pushed === undefined ? ['next: git push'] : []),
    ...(commit === undefined && plan.kind === 'release' && options.dryRun !== true ? ['Written, not committed.'] : []),
  ];
  if (lines.length > 0) stdout.write(`\n${lines.join('\n')}\n`);
}

/** What `pawl publish --address-file` wrote. @throws CliError FILE_NOT_FOUND. */
async function addressIn(context: Context, file: string): Promise<string> {
  try {
    return (await readFile(resolve(context.cwd, file), 'utf8')).trim();
  } catch (cause) {
    throw new CliError(
      'FILE_NOT_FOUND',
      `${file} cannot be read.`,
      'Write it with pawl publish --address-file.',
      cause,
    );
  }
}
