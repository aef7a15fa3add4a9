import type { GateParams } from '../../params/params.ts';
import type { Evaluation, GateViolation } from '../../types.ts';

/**
 * The thresholds that a model misses, in the order of `params.yaml`; none: it may be published. A measure that is not a
 * number misses every threshold but the one that lets all pass.
 */
export function violationsOf(evaluation: Evaluation, gate: GateParams): GateViolation[] {
  const [worst, recall] = worstRecall(evaluation);
  const violations = [
    atLeast('accuracy', evaluation.accuracy, gate.accuracy, 'Accuracy'),
    atLeast('recall', recall, gate.recall, `Recall of ${worst}`),
    atLeast('roc_auc', evaluation.rocAuc, gate.roc_auc, 'ROC AUC'),
    atMost('log_loss', evaluation.logLoss, gate.log_loss, 'Log loss'),
    atMost('ece', evaluation.ece, gate.ece, 'Expected calibration error'),
  ];
  return violations.filter((violation) => violation !== undefined);
}

/** The label that is found least often, and how often, 0..1; NaN for a label that the split has no photograph of. */
export function worstRecall({ recall }: Pick<Evaluation, 'recall'>): readonly [label: string, recall: number] {
  const entries = Object.entries(recall);
  const absent = entries.find(([, value]) => Number.isNaN(value));
  return absent ?? entries.reduce((worst, entry) => (entry[1] < worst[1] ? entry : worst), ['no label', Infinity]);
}

function atLeast(measure: GateViolation['measure'], value: number, limit: number, name: string) {
  if (limit <= 0 || value >= limit) return undefined;
  return violation(measure, value, limit, name, 'must be at least');
}

function atMost(measure: GateViolation['measure'], value: number, limit: number, name: string) {
  if (limit === Infinity || value <= limit) return undefined;
  return violation(measure, value, limit, name, 'may be at most');
}

function violation(
  measure: GateViolation['measure'],
  value: number,
  limit: number,
  name: string,
  demand: string,
): GateViolation {
  const is = Number.isNaN(value)
    ? 'cannot be measured, because a label has no photograph in this split,'
    : `is ${shown(value, limit)}`;
  return { measure, value, limit, message: `${name} ${is} and ${demand} ${limit}.` };
}

/** Four decimals, or as many as it takes to differ from the limit. */
function shown(value: number, limit: number): string {
  const decimals = [4, 6, 8].find((digits) => Number(value.toFixed(digits)) !== limit);
  return decimals === undefined ? String(value) : value.toFixed(decimals);
}
