import { basename, resolve } from 'node:path';
import { CliError } from '../../../errors/cli-error.ts';
import type { AbstainReport } from '../evaluation/abstain.ts';
import { assessAbstaining, figuresOf } from './assess.ts';
import { shown, type Inputs, type Learned } from './inputs.ts';
import { askNeither } from './neither.ts';
import { writeReports } from './reports.ts';
import type { LocalModel } from '../../../bundles/local-model.ts';
import { renderAssessment } from './summary.ts';

/** Reports, records and prints all figures. @throws CliError GATE_FAILED. */
export async function judgeModel(
  inputs: Inputs,
  learned: Learned,
  model: LocalModel,
): Promise<AbstainReport | undefined> {
  const { context, options, theme, dataset, backbone, tracker } = inputs;
  const { features, trained, assessment } = learned;
  const { abstain, gate } = options.params;
  const neither =
    abstain.neither === '' || abstain.rate === 0
      ? undefined
      : await askNeither(model, assessment.head, resolve(context.cwd, abstain.neither), context.signal);
  const abstaining = assessAbstaining(assessment, abstain.rate, neither);
  const figures = figuresOf(assessment, abstaining);
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
  for (const source of reports) await tracker.artifact({ source, path: basename(source) });
  const lines = renderAssessment(assessment, abstaining, gate, theme);
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
  if (assessment.violations.length === 0) return abstaining;
  throw new CliError(
    'GATE_FAILED',
    `No bundle is written: ${assessment.violations.map(({ message }) => message.replace(/\.$/, '')).join('; ')}.`,
    `Look at ${shown(context, options.reports)}/mistakes.png; more or cleaner photographs help most. The limits are "gate" in params.yaml.`,
  );
}
