import { mcnemarP } from '@pawl/shared/statistics/mcnemar';

/** What two graphs, each asked alone, say of one labelled picture. */
export interface StageRow {
  /** Of the first stage, in logits; -Infinity where it does not take the picture for one of the labels. */
  readonly margin: number;
  readonly firstRight: boolean;
  readonly finalRight: boolean;
}

/** What one picture costs a stage, decoding included, ms; of a picture alone, median. */
export interface StageCosts {
  readonly first: number;
  readonly final: number;
}

/** What two stages do when the first answers from a margin on. */
export interface CurvePoint {
  /** The margin, logits. */
  readonly sure: number;
  /** Share of the pictures that the final stage is asked about, 0..1. */
  readonly passedOn: number;
  /** Of both stages together, 0..1. */
  readonly accuracy: number;
  /** Pictures that both stages answer rightly and the final stage alone does not. */
  readonly fixed: number;
  /** The other way round. */
  readonly broken: number;
  /** Share of the pictures that are lost by asking the first stage, -1..1; negative: they are won. */
  readonly lost: number;
  /** Whether as many differ by chance, 0..1; exact McNemar, two-sided. */
  readonly p: number;
  /** Estimate of the time of one picture, ms. */
  readonly ms: number;
}

/** Margins that are tried, logits. */
export const MARGINS: readonly number[] = Array.from({ length: 41 }, (_, i) => i / 4);

/**
 * Below this p a difference counts as a loss. Large for a test: the error to fear is not to see a loss, and few pictures
 * tell the stages apart. Four pictures lost and none gained are a loss, three are not.
 */
const LOSS_P = 0.2;

/** A larger share of lost pictures is a loss, whatever p: among few pictures p could never be small. Three of 1,500. */
const LOSS_SHARE = 0.002;

/** Pure: what two stages do at each of some margins. @param rows at least one. */
export function stageCurve(rows: readonly StageRow[], costs: StageCosts, margins: readonly number[]): CurvePoint[] {
  return margins.map((sure) => {
    const count = (test: (row: StageRow) => boolean) => rows.filter(test).length;
    const answersFirst = ({ margin }: StageRow) => margin >= sure;
    const passedOn = count((row) => !answersFirst(row)) / rows.length;
    const right = count((row) => (answersFirst(row) ? row.firstRight : row.finalRight));
    const fixed = count((row) => answersFirst(row) && row.firstRight && !row.finalRight);
    const broken = count((row) => answersFirst(row) && !row.firstRight && row.finalRight);
    return {
      ...{ sure, passedOn, accuracy: right / rows.length, fixed, broken },
      lost: (broken - fixed) / rows.length,
      p: mcnemarP(fixed, broken),
      ms: costs.first + passedOn * costs.final,
    };
  });
}

/** Whether two stages are worse than the final stage alone. */
export const isLoss = ({ lost, p }: CurvePoint): boolean => lost > LOSS_SHARE || (lost > 0 && p < LOSS_P);

/**
 * Pure: the smallest margin at which nothing is lost, there and at every larger one: what lies below a loss owes its
 * figures to chance. Undefined where the largest margin loses already.
 *
 * @param curve by ascending margin.
 */
export function chooseSure(curve: readonly CurvePoint[]): CurvePoint | undefined {
  return curve[curve.findLastIndex(isLoss) + 1];
}
