import type { Manifest } from '@pawl/shared/bundle/manifest';
import type { Theme, Tone } from '../../terminal/theme.ts';
import { onSamePictures } from './measured-on.ts';

/**
 * What became of a figure of the evaluation. `other-pictures` and `unknown-pictures`: the two were not, or not as far as is
 * known, measured on the same pictures, so that neither number says anything about the other.
 */
type MetricVerdict =
  'better' | 'worse' | 'same' | 'changed' | 'added' | 'removed' | 'other-pictures' | 'unknown-pictures';

/** What a comparison of metrics needs of a version. */
export type Measured = Pick<Manifest, 'metrics' | 'lineage'>;

/** One figure of two versions. */
export interface MetricChange {
  readonly name: string;
  readonly before?: number | undefined;
  readonly after?: number | undefined;
  readonly verdict: MetricVerdict;
}

/** A word of a metric's name that says which way is better. */
const SMALLER = /(^|_)(loss|ece|mce|brier|nll|error|errors|fpr|fnr|mae|mse|rmse|latency|ms|seconds|bytes|misses)(_|$)/;
const LARGER =
  /(^|_)(acc|accuracy|recall|precision|f1|auc|roc|specificity|sensitivity|kappa|mcc|tpr|tnr|coverage|map)(_|$)/;

/** Which way a metric gets better, by its name; undefined when the name does not say. */
export function betterDirection(name: string): 'larger' | 'smaller' | undefined {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toLowerCase();
  if (SMALLER.test(words)) return 'smaller';
  return LARGER.test(words) ? 'larger' : undefined;
}

/** Pure: the figures of two versions side by side, those that both have first, each group by name. */
export function compareMetrics(before: Measured, after: Measured): readonly MetricChange[] {
  const names = [...new Set([...Object.keys(before.metrics), ...Object.keys(after.metrics)])].sort();
  return names
    .map((name) => {
      const change = { name, before: before.metrics[name], after: after.metrics[name] };
      return { ...change, verdict: verdictOf(change, onSamePictures(before, after, name)) };
    })
    .sort((a, b) => Number(isOneSided(a.verdict)) - Number(isOneSided(b.verdict)));
}

const isOneSided = (verdict: MetricVerdict): boolean => verdict === 'added' || verdict === 'removed';

function verdictOf(
  { name, before, after }: Omit<MetricChange, 'verdict'>,
  samePictures: boolean | undefined,
): MetricVerdict {
  if (before === undefined) return 'added';
  if (after === undefined) return 'removed';
  if (samePictures !== true) return samePictures === false ? 'other-pictures' : 'unknown-pictures';
  if (before === after) return 'same';
  const direction = betterDirection(name);
  if (direction === undefined) return 'changed';
  return after > before === (direction === 'larger') ? 'better' : 'worse';
}

/** A figure with as many digits as tell versions apart. */
export function figure(value: number | undefined): string {
  if (value === undefined) return '-';
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) < 0.001 ? value.toPrecision(3) : String(Number(value.toFixed(4)));
}

/** What is said in place of an arrow where two figures cannot be compared. */
export const incomparable: Partial<Record<MetricVerdict, string>> = {
  'other-pictures': 'measured on other pictures',
  'unknown-pictures': 'pictures not on record',
};

/** `▲ better`, `▼ worse`: the arrow says where the figure went, the word and the tone whether that is good. */
export function verdictCell(change: MetricChange, theme: Theme): { readonly text: string; readonly tone: Tone } {
  const { before, after, verdict } = change;
  const reason = incomparable[verdict];
  if (reason !== undefined) return { text: reason, tone: 'dim' };
  if (before === undefined || after === undefined || verdict === 'same')
    return { text: verdict === 'same' ? '=' : verdict, tone: 'dim' };
  const arrow = after > before ? theme.symbols.up : theme.symbols.down;
  const difference = `${after > before ? '+' : '-'}${figure(Math.abs(after - before))}`;
  const tone = ({ better: 'good', worse: 'bad' } as Partial<Record<MetricVerdict, Tone>>)[verdict] ?? 'plain';
  return { text: `${arrow} ${difference}${verdict === 'changed' ? '' : ` ${verdict}`}`, tone };
}
