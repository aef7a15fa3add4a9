import { resolve } from 'node:path';
import type { Command } from 'commander';
import { outputOption, writeData, type Format } from '../output.ts';
import { STORES_HELP, withPageOptions, type PageOptions } from './publishing-options.ts';
import { themeOf, type Session } from '../session.ts';

interface DiffOptions extends PageOptions {
  readonly data?: string;
  readonly output?: Format;
}

export function addDiff(program: Command, session: Session): void {
  withPageOptions(
    program
      .command('diff')
      .summary('compare two bundles')
      .description(
        'Show two versions side by side: digest, sizes, metrics, labels, input and output, lineage, golden images. With --data, ask both about every test picture.',
      )
      .argument('<before>', 'address or folder of a bundle')
      .argument('<after>', 'address or folder of the other one')
      .option('--data <path>', 'prepared data set, a folder or a .tar, whose test pictures both are asked about')
      .addOption(outputOption('json', 'yaml')),
  )
    .addHelpText('after', STORES_HELP)
    .action((before: string, after: string, options: DiffOptions) => diff(session, [before, after], options));
}

async function diff(session: Session, sides: readonly [string, string], options: DiffOptions): Promise<void> {
  const { context } = session;
  const [{ withBundle }, { toUri }, { compareManifests, sideOf }, { parseBundleUri }] = await Promise.all([
    import('../../bundles/read-bundle.ts'),
    import('../../bundles/stores.ts'),
    import('../../bundles/diff/compare-manifests.ts'),
    import('@pawl/shared/bundle/bundle-uri'),
  ]);
  const [first, second] = [toUri(sides[0], context.cwd), toUri(sides[1], context.cwd)];
  const shown = (uri: string) => parseBundleUri(uri).display;
  const { comparison, answers } = await withBundle(context, first, {}, (a) =>
    withBundle(context, second, {}, async (b) => ({
      comparison: compareManifests(
        { manifest: a.manifest, side: sideOf(shown(first), a) },
        { manifest: b.manifest, side: sideOf(shown(second), b) },
      ),
      answers: options.data === undefined ? undefined : await askWith(session, options.data, a, b),
    })),
  );
  if (options.output === 'json' || options.output === 'yaml') {
    await writeData(context.stdout, options.output, answers === undefined ? comparison : { ...comparison, answers });
    return;
  }
  const { renderComparison } = await import('../../bundles/diff/render-comparison.ts');
  context.stdout.write(`${renderComparison(comparison, answers, themeOf(session, options)).join('\n')}\n`);
}

type Bundle = Awaited<ReturnType<typeof import('@pawl/shared/bundle/open-bundle').openBundle>>;

async function askWith({ context }: Session, data: string, before: Bundle, after: Bundle) {
  const [{ openDataset }, { preparedSize, resizedTwice }, { askBoth }, { compareAnswers }] = await Promise.all([
    import('../../ml/data/open-dataset.ts'),
    import('../../ml/data/prepared-size.ts'),
    import('../../bundles/diff/ask-bundles.ts'),
    import('../../bundles/diff/compare-answers.ts'),
  ]);
  const dataset = await openDataset(resolve(context.cwd, data), context.signal);
  try {
    const size = await preparedSize(dataset);
    for (const { manifest } of [before, after]) {
      const problem = resizedTwice(size, manifest.input);
      if (problem !== undefined)
        context.stderr.write(
          `warning: ${manifest.name} ${manifest.version}: ${problem}; its answers are not the service's.\n`,
        );
    }
    return compareAnswers(await askBoth(context, before, after, dataset));
  } finally {
    await dataset.close();
  }
}
