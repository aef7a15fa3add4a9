import { maskUri } from '@pawl/shared/errors/mask-uri';
import type { ModelVersionStatus } from '@pawl/shared/modelversion/model-version';
import { CliError, type CliErrorCode } from '../../errors/cli-error.ts';
import type { ReleasedVersion } from '../environments/environment.ts';
import { shortDigest, span } from '../../terminal/text.ts';
import type { ObservedVersion } from './verdict.ts';

/** Everything by which an environment proves a version for the next one. */
export interface VerdictQuestion {
  /** The version as Git has it in the environment that it comes from. */
  readonly candidate: ReleasedVersion;
  readonly from: string;
  readonly to: string;
  readonly observed: ObservedVersion;
  /** Namespace of the environment that it comes from, where that is known. */
  readonly namespace: string | undefined;
  readonly now: Date;
  /** Oldest observation that counts, ms. */
  readonly maxAgeMs: number;
  /** How long it must have served, ms. */
  readonly servingForMs: number;
  /** What the next environment asks for, ms, where somebody asks for another time; undefined: the above is that. */
  readonly overriddenMs?: number | undefined;
  /** Whether the next environment has any version of the model: the first one cannot be compared anywhere. */
  readonly targetHasModel: boolean;
  /** Somebody takes the responsibility for an analysis that is missing. */
  readonly withoutAnalysis: boolean;
}

/** What one gate found. */
export interface GateResult {
  /** Such as `acceptance`. */
  readonly subject: string;
  readonly outcome: 'pass' | 'waived' | 'fail';
  /** A clause, for the evidence that is shown and committed. */
  readonly detail: string;
  /** Of a failed one: what ends the command, when it is the first. */
  readonly refusal?: CliError;
}

/** What the clocks of two machines may differ by. */
const SKEW_MS = 60_000;

/**
 * Pure: the gates of a promotion, in their order. A version is promoted when no one failed; the first that did says why not.
 * Gates after one whose answer they build on are left out.
 */
export function judgeVerdict(question: VerdictQuestion): readonly GateResult[] {
  const findings: GateResult[] = [];
  for (const gate of [identity, age, presence, generation, serving]) {
    const finding = gate(question);
    findings.push(finding);
    // Nothing further down means anything about another object, an older one, or one that does not serve.
    if (finding.outcome === 'fail') return findings;
  }
  return [...findings, servingFor(question), health(question), acceptance(question), analysis(question)];
}

/** The first refusal; undefined: it may be promoted. */
export const refusalOf = (findings: readonly GateResult[]): CliError | undefined =>
  findings.find(({ refusal }) => refusal !== undefined)?.refusal;

const pass = (subject: string, detail: string): GateResult => ({ subject, outcome: 'pass', detail });
const fail = (subject: string, code: CliErrorCode, detail: string, message: string, hint: string): GateResult => ({
  subject,
  outcome: 'fail',
  detail,
  refusal: new CliError(code, message, hint),
});

const titleOf = ({ candidate, from }: VerdictQuestion): string =>
  `${candidate.spec.model} ${candidate.spec.version} in ${from}`;
/** What a command must be told to find the object. */
const nameOf = ({ candidate, namespace }: VerdictQuestion): string =>
  `${candidate.name}${namespace === undefined ? '' : ` -n ${namespace}`}`;

/** That the object is the one of Git, bit for bit. */
function identity(question: VerdictQuestion): GateResult {
  const { candidate, from, observed, namespace } = question;
  const { model, version, artifact } = candidate.spec;
  const it = observed.spec;
  const of = (what: string, found: string, expected: string) =>
    fail(
      'verdict',
      'VERDICT_INVALID',
      `of ${what}${found}, not ${expected}`,
      `the verdict is of ${what}${found}; ${expected} was expected.`,
      `Name the verdict of ${candidate.name} in ${from}.`,
    );
  if (it.model !== model || it.version !== version || observed.name !== candidate.name)
    return of('', `${it.model} ${it.version} (${observed.name})`, `${model} ${version} (${candidate.name})`);
  if (namespace !== undefined && observed.namespace !== undefined && observed.namespace !== namespace)
    return of('namespace ', observed.namespace, namespace);
  const differs = (what: string, found: string, expected: string) =>
    fail(
      'digest',
      'DIGEST_DIFFERS',
      `${what} ${found} is not ${expected}`,
      `${titleOf(question)} has the ${what} ${found}, and Git says ${expected}: what was proved there is not what would be promoted.`,
      `Commit what ${from} is meant to have and let it prove that; a version that changed is released under a new number.`,
    );
  const verified = observed.status?.artifact?.digest;
  if (it.artifact.digest !== artifact.digest) return differs('digest', it.artifact.digest, artifact.digest);
  if (verified !== undefined && verified !== artifact.digest)
    return differs('verified digest', verified, artifact.digest);
  if (it.artifact.uri !== artifact.uri) return differs('address', maskUri(it.artifact.uri), maskUri(artifact.uri));
  return pass('digest', `${shortDigest(artifact.digest)} in ${from}, as in Git`);
}

/** That the verdict is not from long ago. */
function age({ observed, now, maxAgeMs }: VerdictQuestion): GateResult {
  const ageMs = now.getTime() - observed.observedAt.getTime();
  const at = observed.observedAt.toISOString();
  if (ageMs < -SKEW_MS)
    return fail(
      'observed',
      'VERDICT_OLD',
      `at ${at}, in the future`,
      `the verdict was observed at ${at}, which is ${span(-ageMs)} from now.`,
      'One of the two clocks is wrong: compare date -u here and where the verdict was written.',
    );
  if (ageMs > maxAgeMs)
    return fail(
      'observed',
      'VERDICT_OLD',
      `${span(ageMs)} ago`,
      `the verdict was observed ${span(ageMs)} ago (${at}); at most ${span(maxAgeMs)} counts.`,
      'Fetch it again; --max-age TIME lets an older one count.',
    );
  return pass('observed', ageMs < 1000 ? 'now' : `${span(ageMs)} ago`);
}

/** That nobody takes it away, or holds it. */
function presence(question: VerdictQuestion): GateResult {
  const { candidate, from, observed } = question;
  if (observed.deleting)
    return fail(
      'offered',
      'VERSION_DELETED',
      'it is being deleted',
      `${titleOf(question)} is being deleted.`,
      `See what Git says: git log -- …/${from}/models/${candidate.file}`,
    );
  if (observed.spec.suspend === true || candidate.spec.suspend === true || observed.status?.phase === 'Suspended')
    return fail(
      'offered',
      'VERSION_SUSPENDED',
      'it is suspended',
      `${titleOf(question)} is suspended: somebody holds it on purpose.`,
      `Ask why; to let it go on: pawl rollout resume ${nameOf(question)}`,
    );
  return pass('offered', 'not suspended, not being deleted');
}

/** That the status speaks of the spec as it is now. */
function generation(question: VerdictQuestion): GateResult {
  const { observed } = question;
  const seen = observed.status?.observedGeneration;
  if (seen === observed.generation) return pass('status', `of generation ${seen}, the newest`);
  const words =
    seen === undefined ? 'no controller has seen it yet' : `of generation ${seen}, not ${observed.generation}`;
  return fail(
    'status',
    'VERDICT_OUTDATED',
    words,
    `${titleOf(question)} has no status of what it is now: ${words}.`,
    `Wait until the controller has seen it: pawl rollout status ${nameOf(question)}; if it stays so, see that a controller runs.`,
  );
}

const readyOf = (status: ModelVersionStatus | undefined) => status?.conditions.find(({ type }) => type === 'Ready');

/** That it serves. */
function serving(question: VerdictQuestion): GateResult {
  const { observed } = question;
  const { phase, message, verdict } = observed.status ?? {};
  const ready = readyOf(observed.status);
  if (phase === 'Serving' && ready?.status === 'True' && ready.observedGeneration === observed.generation)
    return pass('phase', 'Serving');
  const failed = verdict?.outcome === 'Failed' ? verdict : undefined;
  const is = phase === 'Serving' ? `Serving, but Ready is ${ready?.status ?? 'missing'}` : (phase ?? 'unknown');
  const why =
    failed === undefined ? (phase === 'Serving' ? ready?.message : message) : `${failed.reason}: ${failed.message}`;
  const hint =
    failed !== undefined || phase === 'Superseded'
      ? `See what there is: pawl explain ${nameOf(question)}; promote another version with --version, or release one that fixes it.`
      : `Wait until it serves: pawl rollout status ${nameOf(question)}`;
  return fail(
    'phase',
    'NOT_SERVING',
    `${is}${why === undefined ? '' : `, ${why}`}`,
    `${titleOf(question)} is ${is}${why === undefined ? '' : `: ${why.replace(/\.$/, '')}`}.`,
    hint,
  );
}

/** That it has served long enough. As far as it was observed: what came after nobody has seen. */
function servingFor(question: VerdictQuestion): GateResult {
  const { observed, servingForMs, overriddenMs, to } = question;
  const since = Date.parse(readyOf(observed.status)?.lastTransitionTime ?? '');
  const servedMs = Number.isNaN(since) ? 0 : Math.max(0, observed.observedAt.getTime() - since);
  const asked =
    overriddenMs === undefined
      ? ''
      : ` by hand, where ${to} asks for ${overriddenMs === 0 ? 'none' : span(overriddenMs)}`;
  if (servedMs >= servingForMs) {
    const least = servingForMs === 0 && asked === '' ? '' : ` of ${span(servingForMs)} asked for${asked}`;
    return pass('serving', `for ${span(servedMs)}${least}`);
  }
  return fail(
    'serving',
    'NOT_SERVING_LONG',
    `for ${span(servedMs)} of ${span(servingForMs)} asked for${asked}`,
    `${titleOf(question)} has served for ${span(servedMs)}; ${overriddenMs === undefined ? to : '--serving-for'} asks for ${span(servingForMs)}.`,
    `Run the command again in ${span(Math.ceil((servingForMs - servedMs) / 1000) * 1000)}; --serving-for TIME asks for less.`,
  );
}

/** That its pods are well. It goes on serving when they are not, but what it proves then is not what the next environment asks. */
function health(question: VerdictQuestion): GateResult {
  const { observed } = question;
  const degraded = observed.status?.conditions.find(({ type, status }) => type === 'Degraded' && status === 'True');
  if (degraded === undefined) return pass('health', 'its stable pods are well');
  return fail(
    'health',
    'NOT_WELL',
    degraded.message,
    `${titleOf(question)} serves, but its stable pods are not well: ${degraded.message.replace(/\.$/, '')}.`,
    `Mend the pods: pawl explain ${nameOf(question)}; then run the command again.`,
  );
}

/** That it answered the environment's own images. */
function acceptance(question: VerdictQuestion): GateResult {
  const { from, observed } = question;
  const record = observed.status?.acceptance;
  if (record === undefined || record.total === 0)
    return fail(
      'acceptance',
      'NOT_ACCEPTED',
      'not asked',
      `${titleOf(question)} was never asked labelled images: healthy is not right.`,
      `Give ${from} acceptance images and its canary, and release a new version there.`,
    );
  const answered = `${record.correct}/${record.total} right, ${record.required} required`;
  if (record.correct >= record.required) return pass('acceptance', answered);
  return fail(
    'acceptance',
    'NOT_ACCEPTED',
    answered,
    `${titleOf(question)} answered ${record.correct} of ${record.total} images with their label; ${record.required} must be.`,
    'Release better weights under a new version.',
  );
}

/** That it was compared with the version before it under real requests. */
function analysis(question: VerdictQuestion): GateResult {
  const { observed, from, to, targetHasModel, withoutAnalysis } = question;
  const { verdict, analysis: record } = observed.status ?? {};
  const reason = verdict?.outcome === 'Passed' ? verdict.reason : undefined;
  const problem = ((): string | undefined => {
    if (reason === undefined) return 'no verdict of its rollout is recorded';
    if (reason === 'CanaryOff') return `${from} has the canary switched off`;
    if (reason === 'PromotedByHand') return `its remaining steps in ${from} were skipped by hand`;
    if (reason === 'FirstVersion')
      return targetHasModel ? `it was the first in ${from}, compared with nothing, and ${to} has one` : undefined;
    if (record === undefined) return 'there is no record of an analysis';
    return record.verdict === 'Pass' ? undefined : `the last analysis says ${record.verdict}`;
  })();
  if (problem === undefined)
    return pass(
      'analysis',
      record === undefined
        ? `none: the first version, in ${from} and in ${to}`
        : `step ${record.step}: ${record.checks.map(({ name, verdict: check }) => `${name} ${check}`).join(', ')}`,
    );
  if (withoutAnalysis) return { subject: 'analysis', outcome: 'waived', detail: problem };
  return fail(
    'analysis',
    'NOT_ANALYSED',
    problem,
    `${titleOf(question)} was not compared under real requests: ${problem}.`,
    `Let it, or a new version, go through the canary steps of ${from}; --without-analysis takes the responsibility and says so in the commit.`,
  );
}
