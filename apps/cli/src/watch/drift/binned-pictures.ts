import type { Period } from '../prometheus/period.ts';

/**
 * Pictures of a period by the bins of the reference: all that the analysis of drift needs to know of them, whoever counted
 * them. Counts of processes, and of steps, add up.
 */
export interface BinnedPictures {
  readonly period: Period;
  /** By step, then as the reference's watched statistics, then by bin. */
  readonly counts: readonly (readonly (readonly number[])[])[];
  /** What these counts lack, for whoever reads the report. */
  readonly warnings: readonly string[];
}
