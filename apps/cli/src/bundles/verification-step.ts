/** One line of the checklist. */
export interface VerificationStep {
  /** What was looked at: `manifest`, `digest`, `signature`, a file of the bundle, or what others read of it. */
  readonly subject: string;
  readonly outcome: 'pass' | 'fail' | 'skipped';
  readonly detail: string;
}
