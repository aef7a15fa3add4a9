import type { Table } from '../../terminal/table.ts';
import type { Tone } from '../../terminal/theme.ts';
import type { WatchWarning } from '../controller/watch.ts';
import { originOf } from '../model-version/origin.ts';
import type { Evidence } from './evidence.ts';

/** One thing to do, with the exact command where there is one. */
export interface NextStep {
  readonly text: string;
  readonly command?: string;
}

/** One kind of evidence. */
export interface Section {
  readonly title: string;
  readonly lines?: readonly string[];
  readonly table?: Table;
}

export interface Explanation {
  /** Before everything else: why the rest may not be true any more. */
  readonly warning?: WatchWarning;
  /** The answer: the state, and what to do. */
  readonly headline: { readonly text: string; readonly tone: Tone };
  /** One paragraph in plain words. */
  readonly summary: string;
  readonly evidence: readonly Section[];
  readonly next: readonly NextStep[];
  /** What the weights were made from; after everything else. */
  readonly lineage?: Section;
}

/** What the texts about one situation consist of. */
export interface Words {
  readonly headline: string;
  /** What to do, in a few words. */
  readonly todo: string;
  readonly tone: Tone;
  readonly sentences: readonly string[];
  readonly next: readonly NextStep[];
}

/** Said only while everything is as it should be: each pod of the model is well, and the controller looks. */
export const NOTHING = 'nothing is needed';
/** Whether a text says that nothing is to be done now. */
export const isNothing = (text: string): boolean => text.startsWith(NOTHING);

/** A message of the controller as a sentence: it writes them without a full stop. */
export function sentence(text: string | undefined): string {
  const trimmed = (text ?? '').trim();
  if (trimmed === '') return '';
  // A host name or a path stays as it is.
  const capital = /^[a-z]+[ ,]/.test(trimmed) ? trimmed.charAt(0).toUpperCase() + trimmed.slice(1) : trimmed;
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}

export const pawl = (evidence: Evidence, command: string): string =>
  `pawl ${command} ${evidence.version.metadata.name}${evidence.flags}`;

export const kubectl = (evidence: Evidence, rest: string): string =>
  `kubectl${evidence.flags.includes(' -n ') ? '' : ` -n ${evidence.namespace}`}${evidence.flags} ${rest}`;

/** Offer fixed weights: an object that failed stays failed. */
export function newVersion(evidence: Evidence, doing = 'fix the weights'): NextStep {
  const { model, version } = evidence.version.spec;
  return { text: `${doing}, and offer the result as a new ModelVersion of ${model} with a version above ${version}` };
}

/** Try the same object again, after its environment was fixed. */
export function retry(evidence: Evidence, when: string): NextStep {
  return {
    text: `${when}${when.endsWith('; then') ? '' : ','} try the same weights again`,
    command: pawl(evidence, 'rollout retry'),
  };
}

/** Take the version back from where it came. */
export function retract(evidence: Evidence): NextStep {
  const { name } = evidence.version.metadata;
  const origin = originOf(evidence.version);
  if (origin.kind === 'git') {
    return {
      text: `or take it out of Git, from where ${origin.words} applies it: revert the commit that added ${name}`,
      command: 'git revert COMMIT',
    };
  }
  if (origin.kind === 'helm') return { text: `or take ${name} out of the values of ${origin.words} and upgrade` };
  return {
    text: 'or withdraw it',
    command: kubectl(evidence, `delete modelversion ${evidence.version.metadata.name}`),
  };
}
