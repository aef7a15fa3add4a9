import { basename, resolve } from 'node:path';
import { CliError } from '../../../errors/cli-error.ts';
import type { AbstainReport } from '../evaluation/abstain.ts';
import { violationsOf } from '../evaluation/gate.ts';
import { assessAbstaining, figuresOf, intervalFigures, type Familiar } from './assess.ts';
import type { PreviousComparison } from './compare-previous.ts';
import { shown, type Inputs, type Learned } from './inputs.ts';
import { askNeither } from './neither.ts';
import { writeReports } from './reports.ts';
import type { LocalModel } from '../../../bundles/local-model.ts';
import { renderAssessment } from './summary.ts';

/**
 * Reports, records and prints all figures.
 *
 * @param comparison with the bundle that is replaced.
 * @throws CliError GATE_FAILED.
 */
export async function judgeModel(
  inputs: Inputs,
  learned: Learned & { readonly familiar: Familiar | undefined },
  model: LocalModel,
  comparison: PreviousComparison | undefined,
): Promise<AbstainReport | undefined> {
  const { context, options, theme, dataset, backbone, tracker } = inputs;
  const { features, trained, assessment, familiar } = learned;
  const { abstain, gate } = options.params;
  const neither =
    abstain.neither === '' || abstain.rate === 0
      ? undefined
      : await askNeither(model, assessment.head, resolve(context.cwd, abstain.neither), context.signal);
  const abstaining = assessAbstaining(assessment, abstain.rate, { familiar, neither });
  const paired = comparison?.kind === 'compared' ? comparison.paired : undefined;
  const violations = violationsOf({ evaluation: assessment.test.evaluation, paired }, gate);
  const figures = {
    ...figuresOf(assessment, abstaining),
    ...intervalFigures(assessment.test.evaluation, gate),
    ...(paired !== undefined && {
      replaced_accuracy: paired.accuracyBefore,
      paired_fixed: paired.fixed,
      paired_broken: paired.broken,
      paired_p: Number(paired.p.toPrecision(6)),
    }),
  };
  const testItems = features.items.test;
  const reports = await writeReports(options.reports, { dataset, testItems, trained, assessment, figures });
  await tracker.metrics({
    ...figures,
    best_epoch: trained.bestEpoch,
    // Of the head that is kept; the last val_loss is of the last epoch.
    best_val_loss: trained.history.find(({ epoch }) => epoch === trained.bestEpoch)?.val_loss ?? NaN,
    test_loss: assessment.test.evaluation.logLoss,
    test_acc: assessment.test.evaluation.accuracy,
  });
  if (abstaining === undefined && abstain.rate > 0)
    context.stderr.write(
      `warning: the model never abstains: to find the ${abstain.rate * 100} % of abstain.rate it takes ${Math.ceil(1 / abstain.rate) - 1} validation pictures, and there are ${features.items.val.length}.\n`,
    );
  for (const source of reports) await tracker.artifact({ source, path: basename(source) });
  const lines = renderAssessment({ assessment, violations, abstaining, comparison }, gate, theme);
  const seen = backbone.lineage['backbone'];
  const caution =
    seen === undefined
      ? []
      : [
          '',
          `Backbone: ${seen}.`,
          'Where these pictures were among those, the figures above are optimistic; test on another source.',
        ];
  context.stdout.write(`\n${[...lines, ...caution].join('\n')}\n\n`);
  if (violations.length === 0) return abstaining;
  throw new CliError(
    'GATE_FAILED',
    `No bundle is written: ${violations.map(({ message }) => message.replace(/\.$/, '')).join('; ')}.`,
    `Look at ${shown(context, options.reports)}/mistakes.png; more or cleaner photographs help most. The limits are "gate" in params.yaml.`,
  );
}
