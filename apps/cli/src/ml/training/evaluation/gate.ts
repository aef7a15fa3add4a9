import { shareInterval, trialsFor, type ShareInterval } from '@pawl/shared/statistics/share-interval';
import { changesOf, type Paired } from '../../../bundles/diff/paired.ts';
import type { GateParams } from '../../params/params.ts';
import type { Evaluation, GateViolation } from '../../types.ts';

/** What the gate judges. */
export interface Judged {
  readonly evaluation: Evaluation;
  /** Against the bundle that is replaced; undefined where there is none to compare with. */
  readonly paired?: Paired | undefined;
}

/** Level of intervals that are shown where the gate sets none. */
const CUSTOMARY = 0.95;

/** Level of the intervals that a gate makes. */
export const levelOf = ({ confidence }: Pick<GateParams, 'confidence'>): number =>
  confidence === 0 ? CUSTOMARY : confidence;

/**
 * The limits that a model misses, in the order of `params.yaml`; none: it may be published. Of accuracy and recall the lower
 * end of the interval counts, so that a few lucky pictures prove nothing. A measure that is not a number misses every limit
 * but the one that lets all pass.
 */
export function violationsOf({ evaluation, paired }: Judged, gate: GateParams): GateViolation[] {
  const { accuracy, recall } = sharesOf(evaluation);
  const violations = [
    atLeastOf('accuracy', 'Accuracy', accuracy, gate),
    ...Object.entries(recall).map(([label, share]) => {
      const missed = atLeastOf('recall', `Recall of ${label}`, share, gate);
      return missed && { ...missed, label };
    }),
    atLeast('roc_auc', evaluation.rocAuc, gate.roc_auc, 'ROC AUC'),
    atMost('log_loss', evaluation.logLoss, gate.log_loss, 'Log loss'),
    atMost('ece', evaluation.ece, gate.ece, 'Expected calibration error'),
    paired === undefined ? undefined : notWorse(paired, gate.not_worse),
  ];
  return violations.filter((violation) => violation !== undefined);
}

/** A share of pictures. */
interface Share {
  readonly hits: number;
  readonly count: number;
}

/** What accuracy and recall are shares of. */
function sharesOf({ confusion, count, recall }: Evaluation): {
  readonly accuracy: Share;
  readonly recall: Readonly<Record<string, Share>>;
} {
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  const right = confusion.map((row, index) => row[index] ?? 0);
  return {
    accuracy: { hits: sum(right), count },
    recall: Object.fromEntries(
      Object.keys(recall).map((label, row) => [label, { hits: right[row] ?? 0, count: sum(confusion[row] ?? []) }]),
    ),
  };
}

/** Intervals of what was measured; NaN for the recall of a label without a picture. */
export interface ShareIntervals {
  readonly accuracy: ShareInterval;
  readonly recall: Readonly<Record<string, ShareInterval>>;
}

/** The exact intervals of accuracy and recall, at the level of the gate. */
export function shareIntervals(evaluation: Evaluation, gate: Pick<GateParams, 'confidence'>): ShareIntervals {
  const { accuracy, recall } = sharesOf(evaluation);
  return {
    accuracy: intervalOf(accuracy, gate),
    recall: Object.fromEntries(Object.entries(recall).map(([label, share]) => [label, intervalOf(share, gate)])),
  };
}

const intervalOf = ({ hits, count }: Share, gate: Pick<GateParams, 'confidence'>): ShareInterval =>
  count === 0 ? { lower: NaN, upper: NaN } : shareInterval(hits, count, levelOf(gate));

function atLeastOf(measure: 'accuracy' | 'recall', name: string, share: Share, gate: GateParams) {
  const { hits, count } = share;
  const limit = gate[measure];
  const value = hits / count;
  if (gate.confidence === 0 || !(value >= limit)) return atLeast(measure, value, limit, name);
  const { lower } = intervalOf(share, gate);
  if (limit <= 0 || lower >= limit) return undefined;
  return {
    measure,
    value: lower,
    limit,
    message:
      `${name} is ${shown(value, limit)} of only ${pictures(count)} and may be as low as ${shown(lower, limit)} ` +
      `(${100 * gate.confidence} % interval), which must be at least ${limit}${shortage(count, trialsFor(limit, gate.confidence))}.`,
  };
}

/** What is said where no answers to so few pictures could do. */
function shortage(count: number, needed: number): string {
  if (needed === Infinity) return '; no number of pictures proves that';
  return count < needed ? `; that takes at least ${needed} pictures, all of them answered rightly` : '';
}

/** Significantly worse than what it replaces, on the same pictures. */
function notWorse(paired: Paired, level: number): GateViolation | undefined {
  const { fixed, broken, p, count } = paired;
  if (broken <= fixed || p >= level) return undefined;
  return {
    measure: 'not_worse',
    value: p,
    limit: level,
    message: `It is worse than the bundle it replaces on the same ${count} test pictures: ${changesOf(paired)}, which chance does in less than ${level} of all cases.`,
  };
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

const pictures = (count: number): string => (count === 1 ? '1 test picture' : `${count} test pictures`);
