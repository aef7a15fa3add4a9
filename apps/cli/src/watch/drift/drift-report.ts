/** The report of drift, as it is saved. Evidence is log10 of an e-value. */

/** Which way a statistic moved. */
export type Direction = 'up' | 'down' | 'wider' | 'narrower' | 'other';

/** One bin: of numbers from `from` (included) to `to`; null where it has no end. */
export interface BinReport {
  /** As in the service's metrics. */
  readonly bin: string;
  readonly from: number | null;
  readonly to: number | null;
  /** Share of the reference's pictures, 0..1. */
  readonly reference_share: number;
  /** Share of the pictures from `shown_from` to `shown_until`; null where there are none. */
  readonly share: number | null;
}

export interface StatisticReport {
  readonly name: string;
  readonly reference_pictures: number;
  /** Of the whole period. */
  readonly pictures: number;
  /** At the end of the period. */
  readonly evidence: number;
  readonly highest_evidence: number;
  /** ISO 8601: when its own evidence reached the alarm first. */
  readonly first_moved: string | null;
  /** ISO 8601: since when the pictures look most unlike the reference; of statistics that moved. */
  readonly changed_at: string | null;
  /** ISO 8601: since when they look like it again, the evidence having fallen to a thousandth; null while they do not. */
  readonly ended_at: string | null;
  /** What `bins` show: the time of the change, or the whole period where nothing moved. */
  readonly shown_from: string;
  readonly shown_until: string;
  readonly shown_pictures: number;
  /** Of statistics that moved. */
  readonly direction: Direction | null;
  /** Total variation distance of the shown shares from the reference's: 0 alike, 1 nothing in common. */
  readonly distance: number | null;
  readonly bins: readonly BinReport[];
  /** One a step. */
  readonly evidence_by_step: readonly number[];
}

/** What a movement probably means. */
export interface Meaning {
  /** The statistics that it explains. */
  readonly statistics: readonly string[];
  readonly says: string;
  /** What to look at. */
  readonly check: string;
}

export interface DriftReport {
  readonly model: string;
  readonly version: string;
  readonly digest: string;
  /** ISO 8601. */
  readonly since: string;
  readonly until: string;
  readonly step_seconds: number;
  readonly pictures: number;
  /** From which evidence on there is an alarm. */
  readonly alarm_evidence: number;
  /** Whether there is one at the end of the period. */
  readonly alarm: boolean;
  /** ISO 8601: the first one. */
  readonly first_alarm: string | null;
  /** Of all statistics together, at the end of the period. */
  readonly evidence: number;
  readonly highest_evidence: number;
  /** What moved, the first one first. */
  readonly moved: readonly string[];
  readonly meaning: readonly Meaning[];
  readonly statistics: readonly StatisticReport[];
  readonly warnings: readonly string[];
  /** ISO 8601, the ends of the steps. */
  readonly at: readonly string[];
  readonly pictures_by_step: readonly number[];
  /** Of all statistics together, one a step. */
  readonly evidence_by_step: readonly number[];
}
