/** What a check can find. Codes are an API for scripts: they are added, never renamed. */
export type FindingCode =
  // Files of an environment
  | 'ENVIRONMENT_INVALID'
  | 'PROMOTION_INVALID'
  | 'MODEL_INVALID'
  | 'POLICY_INVALID'
  | 'KEY_INVALID'
  | 'ACCEPTANCE_INVALID'
  | 'ACCEPTANCE_MISSING'
  | 'ACCEPTANCE_UNCHECKED'
  | 'PROJECT_MISSING'
  | 'PROJECT_WIDE'
  | 'APPLICATION_DUPLICATE'
  // What would reach beyond the environment
  | 'KIND_FOREIGN'
  | 'NAMESPACE_FOREIGN'
  | 'SOURCE_FOREIGN'
  // ModelVersions
  | 'VERSION_INVALID'
  | 'VERSION_MISNAMED'
  | 'VERSION_DUPLICATE'
  | 'VERSION_ORPHANED'
  | 'VERSION_NOT_PINNED'
  | 'VERSION_CHANGED'
  | 'VERSION_MISMATCH'
  | 'VERSION_UNCHECKED'
  | 'VERSION_WITHDRAWN'
  | 'VERSION_UNPROVEN'
  | 'VERSION_UNTRIED'
  | 'VERSION_RETURNS'
  | 'ORDER_UNCHECKED'
  // What is rendered
  | 'RENDER_FAILED'
  | 'OBJECT_INVALID'
  | 'OBJECT_DUPLICATE'
  | 'BASE_NOT_RENDERED'
  // What lies outside
  | 'PROGRAM_MISSING'
  | 'PROGRAM_FAILED';

/** Codes that say that something could not be looked at, not that it is wrong. */
export const outsideCodes: readonly FindingCode[] = ['PROGRAM_MISSING', 'PROGRAM_FAILED'];

/** Something that people should know before a change is taken. */
export interface Finding {
  readonly code: FindingCode;
  /** An error refuses the change; a notice does not. */
  readonly severity: 'error' | 'notice';
  /** Path of the file, as people type it; undefined when it is about no single file. */
  readonly file?: string | undefined;
  /** What is wrong and what was expected, a sentence. */
  readonly message: string;
  /** What to do. */
  readonly hint: string;
}

/** One thing that was looked at. */
export interface EnvironmentCheck {
  /** Environment, or the folder that is none. */
  readonly environment: string;
  /** What was looked at, such as `catdog: policy`. */
  readonly name: string;
  /** What was found, in a few words. */
  readonly found: string;
  readonly findings: readonly Finding[];
  /** True when it was not looked at, on purpose. */
  readonly skipped?: boolean;
}

export type CheckOutcome = 'pass' | 'notice' | 'fail' | 'skip';

/** Pure: the worst of what a check found. */
export function outcomeOf({ findings, skipped = false }: EnvironmentCheck): CheckOutcome {
  if (findings.some(({ severity }) => severity === 'error')) return 'fail';
  if (findings.length > 0) return 'notice';
  return skipped ? 'skip' : 'pass';
}

/** An error of a file. */
export const problem = (code: FindingCode, file: string | undefined, message: string, hint: string): Finding => ({
  code,
  severity: 'error',
  file,
  message,
  hint,
});

/** What should be known of a file, and refuses nothing. */
export const notice = (code: FindingCode, file: string | undefined, message: string, hint: string): Finding => ({
  code,
  severity: 'notice',
  file,
  message,
  hint,
});
