import type { Command } from 'commander';
import { exitCodes } from '../../errors/cli-error.ts';
import { explain } from '../../cluster/explain/explain.ts';
import type { Explanation, Section } from '../../cluster/explain/explanation.ts';
import { gather } from '../../cluster/explain/gather.ts';
import { renderExplanation } from '../../cluster/explain/render.ts';
import { outputOption, writeData } from '../output.ts';
import { flagsOf, themeOf, withCluster, withClusterOptions, type ClusterOptions, type Session } from '../session.ts';

interface ExplainOptions extends ClusterOptions {
  readonly output?: 'json' | 'yaml';
}

export function addExplain(program: Command, session: Session): void {
  withClusterOptions(
    program
      .command('explain')
      .summary('why a version is serving or not, and what to do')
      .description(
        'Say why a version is serving or not: the answer, one paragraph, what that rests on, and the next step.',
      )
      .argument('<name>', 'a ModelVersion')
      .addOption(outputOption('json', 'yaml')),
  ).action((name: string, options: ExplainOptions) =>
    withCluster(session, options, async (cluster) => {
      const { context } = session;
      const explanation = explain(await gather(cluster, name, context, flagsOf(options)));
      if (options.output === undefined) context.stdout.write(renderExplanation(explanation, themeOf(session, options)));
      else await writeData(context.stdout, options.output, asData(explanation, name, cluster.namespace));
      return exitCodes.ok;
    }),
  );
}

/** An explanation without what only matters on a terminal. */
function asData(explanation: Explanation, name: string, namespace: string): object {
  const { warning, headline, summary, evidence, next, lineage } = explanation;
  const rows = ({ table }: Section): object =>
    table === undefined
      ? {}
      : { rows: table.rows.map((row) => row.map((cell) => (typeof cell === 'string' ? cell : cell.text))) };
  return {
    name,
    namespace,
    ...(warning && { warning }),
    headline: headline.text,
    summary,
    evidence: evidence.map((section) => ({
      title: section.title,
      ...(section.lines === undefined ? {} : { lines: section.lines }),
      ...(section.table?.header === undefined ? {} : { columns: section.table.header }),
      ...rows(section),
    })),
    next,
    ...(lineage && { lineage: lineage.lines }),
  };
}
