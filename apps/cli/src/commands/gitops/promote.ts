import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { CliError } from '../../errors/cli-error.ts';
import { plain } from '../../terminal/text.ts';
import { requestOf, type RequestOptions } from '../cluster/rollout-request.ts';
import { parseKeep } from './release.ts';
import { parseTime, themeOf, withClusterOptions, type Session } from '../session.ts';
import { noteSpelling } from '../spelling.ts';

interface PromotionOptions extends RequestOptions {
  readonly from?: string;
  readonly to?: string;
  readonly version?: string;
  readonly environments: string;
  readonly verdict?: string;
  readonly maxAge: number;
  readonly servingFor?: number;
  readonly withoutAnalysis?: boolean;
  readonly again?: boolean;
  readonly keep: number;
  /** True: under our own name. */
  readonly branch?: string | true;
  readonly push?: boolean;
  readonly dryRun?: boolean;
  readonly message?: string;
}

const EXAMPLES = `
A promotion is a commit that puts the version which --from proved into the folder of --to, the same bytes under the
same digest. It is refused unless the version serves there for long enough, answered the acceptance images and
passed the analysis. Nothing in a cluster is changed; Argo CD does that, from the commit.
Undone by: pawl rollback MODEL --env ENV

Within one environment, to skip the remaining steps of a canary: pawl rollout promote NAME

Examples:
  pawl promote catdog --from staging --to prod --dry-run
  pawl promote catdog --from staging --to prod --push
  pawl promote catdog --from staging --to prod --branch --push
  pawl promote catdog --from staging --to prod --verdict http://localhost:9090/verdicts/
`;

/** Options that mean nothing without `--from` and `--to`, by the names that commander gives them. */
const OF_PROMOTION = [
  'version',
  'environments',
  'verdict',
  'maxAge',
  'servingFor',
  'withoutAnalysis',
  'again',
  'keep',
  'branch',
  'push',
  'dryRun',
  'message',
] as const;
/** Options of the old spelling of `rollout promote`. */
const OF_REQUEST = ['wait', 'timeout'] as const;

export function addPromote(program: Command, session: Session): void {
  const command = program
    .command('promote')
    .summary('bring a proved version to the next environment')
    .description('Bring a version that one environment proved to the next one, as a commit.')
    .argument('<model>', 'a model, such as catdog');
  command
    .optionsGroup('From one environment to the next:')
    .option('--from <env>', 'environment that proved the version')
    .option('--to <env>', 'environment that takes it')
    .option('--version <version>', 'default: the highest that --from has in Git')
    .option('--environments <folder>', 'folder of the environments', 'k8s/environments')
    .option(
      '--verdict <file|url>',
      'what --from says of the version, where its cluster cannot be reached: its ModelVersion as JSON, as the controller serves it at /verdicts/NAME; NAME is added to an address that ends in /',
    )
    .addOption(
      new Option('--max-age <time>', 'oldest verdict of --verdict that counts')
        .argParser(parseTime)
        .default(15 * 60_000, '15m'),
    )
    .option(
      '--serving-for <time>',
      "how long it must have served, in place of what --to's environment.yaml asks",
      parseSpan,
    )
    .option('--without-analysis', 'promote what was not compared with the version before; the commit says so')
    .option('--again', 'promote also what was rolled back there before')
    .option('--keep <n>', 'versions of the model that stay in the folder, at least 2', parseKeep, 3)
    .option('--branch [name]', 'commit on another branch than the one that is checked out (default: promote/…)')
    .option('--push', 'push the commit; decides again when others pushed first')
    .option('--dry-run', 'show the evidence and the change, and write nothing')
    .option('--message <text>', 'subject of the commit')
    .addHelpText('after', EXAMPLES);
  withClusterOptions(command.optionsGroup('The cluster of --from, and output:'))
    // Of the old spelling.
    .addOption(new Option('--wait').hideHelp())
    .addOption(new Option('--no-wait').hideHelp())
    .addOption(new Option('--timeout <time>').argParser(parseTime).default(60_000).hideHelp())
    .action((name: string, options: PromotionOptions) => {
      const given = (keys: readonly string[]) => keys.filter((key) => command.getOptionValueSource(key) === 'cli');
      const promotes = options.from !== undefined || options.to !== undefined;
      const [stray] = given(promotes ? OF_REQUEST : OF_PROMOTION);
      if (stray !== undefined)
        throw new CliError(
          'USAGE',
          `--${stray.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} ${promotes ? 'means nothing with --from and --to' : 'needs --from and --to'}.`,
          'See pawl promote --help.',
        );
      if (promotes) return promoteModel(session, name, options);
      noteSpelling(session, 'promote NAME', 'rollout promote NAME');
      return requestOf(session, 'promote', name, options);
    });
}

/** {@link parseTime}, or `0`. */
const parseSpan = (text: string): number => (/^0(ms|s|m|h)?$/.test(text) ? 0 : parseTime(text));

async function promoteModel(session: Session, model: string, options: PromotionOptions): Promise<void> {
  const { context } = session;
  const { stdout, stderr } = context;
  const { from, to, dryRun = false, push = false } = options;
  if (from === undefined || to === undefined)
    throw new CliError('USAGE', 'A promotion needs --from and --to.', `pawl promote ${model} --from staging --to prod`);
  if (push && dryRun) throw new CliError('USAGE', '--push needs the commit.', 'Leave out --dry-run.');
  const [{ promote }, { renderEvidence, renderPromotion, shownFolder }, { renderPromotionOutcome }] = await Promise.all(
    [
      import('../../gitops/promotion/promote.ts'),
      import('../../gitops/promotion/render-promotion.ts'),
      import('../../gitops/promotion/render-outcome.ts'),
    ],
  );
  const theme = themeOf(session, options);
  const folder = shownFolder(context.cwd, resolve(context.cwd, options.environments));
  const pages = pagesOf(session);
  const { requestTimeout: requestTimeoutMs, kubeconfig, context: contextName, namespace } = options;
  const promoted = await promote(
    context,
    {
      model,
      from,
      to,
      version: options.version,
      environments: options.environments,
      verdict:
        options.verdict === undefined
          ? {
              kind: 'cluster',
              options: {
                ...(kubeconfig === undefined ? {} : { kubeconfig }),
                ...(contextName === undefined ? {} : { context: contextName }),
                ...(namespace === undefined ? {} : { namespace }),
                requestTimeoutMs,
                signal: context.signal,
              },
            }
          : { kind: 'file', location: options.verdict, namespace, timeoutMs: requestTimeoutMs },
      maxAgeMs: options.maxAge,
      servingForMs: options.servingFor,
      withoutAnalysis: options.withoutAnalysis === true,
      again: options.again === true,
      keep: options.keep,
      branch: options.branch === true ? '' : options.branch,
      push,
      dryRun,
      message: options.message,
    },
    {
      judged: (candidate, findings) => {
        pages.show(renderEvidence(candidate, { from, to }, findings, theme));
      },
      proposed: (promotion) => {
        pages.show(renderPromotion(promotion, folder, theme));
      },
      warn: (message) => void stderr.write(`warning: ${plain(message)}\n`),
    },
  );
  const lines = renderPromotionOutcome(promoted, { dryRun, already: promoted.proposal.proposal === undefined });
  if (lines.length > 0) stdout.write(`\n${lines.join('\n')}\n`);
}

/** Shows every page once, also when a race makes it be decided twice. */
export function pagesOf({ context: { stdout } }: Session): { show(lines: readonly string[]): void } {
  const shown = new Set<string>();
  return {
    show: (lines) => {
      const page = lines.join('\n');
      if (!shown.has(page)) stdout.write(`${page}\n`);
      shown.add(page);
    },
  };
}
