import { resolve } from 'node:path';
import type { Command } from 'commander';
import { CliError } from '../../errors/cli-error.ts';
import { pagesOf } from './promote.ts';
import { withPageOptions, type PageOptions } from '../bundles/publishing-options.ts';
import { themeOf, type Session } from '../session.ts';

interface RollbackOptions extends PageOptions {
  readonly env: string;
  readonly to?: string;
  readonly environments: string;
  readonly reason?: string;
  /** True: under our own name. */
  readonly branch?: string | true;
  readonly push?: boolean;
  readonly dryRun?: boolean;
}

const NOTES = `
A rollback is a commit like git revert's: it takes away the versions above the one that is to serve, brings back
what their commits removed of this model, and touches nothing else. It asks no cluster and no store. Argo CD applies
it; weights that served before return at once, without a canary.

Run twice it does nothing twice. It goes further back only when --to says so. What was rolled back is not promoted
again by accident: pawl promote refuses it without --again.

Examples:
  pawl rollback catdog --env prod --dry-run
  pawl rollback catdog --env prod --reason "takes dogs for cats" --push
  pawl rollback catdog --env prod --to 1.0.0 --push
`;

/** Adds `rollback`. */
export function addRollback(program: Command, session: Session): void {
  withPageOptions(
    program
      .command('rollback')
      .summary('go back to an earlier version in an environment, as a commit')
      .description("Take back the commits that brought a model's highest version to an environment, as one commit.")
      .argument('<model>', 'such as catdog')
      .requiredOption('--env <name>', 'environment, such as prod')
      .option('--to <version>', 'version to go back to (default: the one below the highest)')
      .option('--environments <folder>', 'folder of the environments', 'k8s/environments')
      .option('--reason <text>', 'why, for the commit')
      .option('--branch [name]', 'commit on another branch than the one that is checked out (default: rollback/…)')
      .option('--push', 'push the commit; when others pushed first it is decided again, and never goes further')
      .option('--dry-run', 'show the change and write nothing'),
  )
    .addHelpText('after', NOTES)
    .action((model: string, options: RollbackOptions) => rollBackModel(session, model, options));
}

async function rollBackModel(session: Session, model: string, options: RollbackOptions): Promise<void> {
  const { context } = session;
  const { dryRun = false, push = false } = options;
  if (push && dryRun) throw new CliError('USAGE', '--push needs the commit.', 'Leave out --dry-run.');
  const [{ rollBack }, { renderRollback, shownFolder }, { renderPromotionOutcome }] = await Promise.all([
    import('../../gitops/promotion/roll-back.ts'),
    import('../../gitops/promotion/render-promotion.ts'),
    import('../../gitops/promotion/render-outcome.ts'),
  ]);
  const theme = themeOf(session, options);
  const folder = shownFolder(context.cwd, resolve(context.cwd, options.environments));
  const pages = pagesOf(session);
  const rolledBack = await rollBack(
    context,
    {
      model,
      environment: options.env,
      to: options.to,
      environments: options.environments,
      reason: options.reason,
      branch: options.branch === true ? '' : options.branch,
      push,
      dryRun,
    },
    (rollback) => {
      pages.show(renderRollback(rollback, folder, theme));
    },
  );
  const already = rolledBack.proposal.plan.kind === 'already';
  const lines = renderPromotionOutcome(rolledBack, { dryRun, already });
  if (lines.length > 0) context.stdout.write(`\n${lines.join('\n')}\n`);
}
