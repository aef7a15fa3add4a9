import type { Answer } from '@pawl/shared/execution/answer';

/** What became of one picture. */
export type AnswerRow =
  | { readonly kind: 'answered'; readonly file: string; readonly answer: Answer }
  | {
      readonly kind: 'unreadable';
      readonly file: string;
      /** A code of the service (README, "Error codes"), or of the file system, such as `ENOENT`. */
      readonly code: string;
      /** One sentence. */
      readonly message: string;
    };

/** How many pictures got which answer. */
export interface Tally {
  /** By label; those of none of the labels are not among them. */
  readonly labels: ReadonlyMap<string, number>;
  /** Pictures that the model abstained from. */
  readonly neither: number;
  readonly unreadable: number;
}

/** What a row counts as. */
export type Outcome =
  { readonly kind: 'label'; readonly label: string } | { readonly kind: 'neither' } | { readonly kind: 'unreadable' };

/** Pure: what a row counts as. */
export function outcomeOf(row: AnswerRow): Outcome {
  if (row.kind === 'unreadable') return { kind: 'unreadable' };
  return row.answer.abstained === true ? { kind: 'neither' } : { kind: 'label', label: row.answer.label };
}

/** Counts outcomes. */
export class TallyCounter implements Tally {
  readonly labels: Map<string, number>;
  neither = 0;
  unreadable = 0;

  /** @param labels of the model, in its order; each is in the tally, seen or not. */
  constructor(labels: readonly string[]) {
    this.labels = new Map(labels.map((label) => [label, 0]));
  }

  add(outcome: Outcome): void {
    if (outcome.kind === 'label') this.labels.set(outcome.label, (this.labels.get(outcome.label) ?? 0) + 1);
    else this[outcome.kind] += 1;
  }
}
