import type {
  Condition,
  ConditionReason,
  ConditionType,
  ModelVersion,
  ModelVersionStatus,
  Phase,
  Verdict,
} from '@pawl/shared/modelversion/model-version';
import type { Decision, Recorded } from './decision.ts';
import { timestamp } from './time.ts';

/** One condition before it is compared with the recorded one. */
type Statement = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

/** The state of a version, in the words of its status. */
interface Standing {
  readonly phase: Phase;
  readonly message: string;
  readonly progressing: Statement;
  /** Absent while superseded: there is nothing to wait for. */
  readonly ready?: Statement | undefined;
  readonly stalled?: Statement | undefined;
}

/**
 * The status of a version after a decision. `Degraded` and `Refused` exist only while True, and say nothing about `Ready`: what
 * serves, serves. Conditions and phase are made only here, from the decision and the record.
 * Follows the rules of kstatus: `Ready` is True exactly while Serving, `Stalled` exists only while True, and
 * `observedGeneration` speaks of a generation that was judged.
 * @param weight percent of the requests that the version answers now.
 */
export function summarize(version: ModelVersion, decision: Decision, weight: number, now: number): ModelVersionStatus {
  const previous: Partial<ModelVersionStatus> = version.status ?? {};
  const record: Recorded = 'record' in decision ? (decision.record ?? {}) : {};
  const artifact = record.artifact ?? previous.artifact;
  const acceptance = record.acceptance ?? previous.acceptance;
  const analysis = record.analysis ?? previous.analysis;
  const verdict = record.verdict ?? previous.verdict;
  const rollout = isUnderWay(decision) ? (record.rollout ?? previous.rollout) : undefined;
  const servedAt = decision.kind === 'serving' ? (previous.servedAt ?? timestamp(now)) : previous.servedAt;
  const handled = record.promote === undefined ? previous.handled : { ...previous.handled, promote: record.promote };
  const standing = stand(decision, verdict);
  const statements = [
    verification(decision, artifact !== undefined, verdict),
    accepted(decision, acceptance, verdict),
    standing.progressing,
    standing.ready,
    standing.stalled,
    decision.kind === 'serving' && decision.degraded !== undefined
      ? yes('Degraded', decision.degraded.reason, decision.degraded.message)
      : undefined,
    decision.refused === undefined ? undefined : yes('Refused', 'ApiRefused', decision.refused),
  ].filter((statement) => statement !== undefined);
  return {
    observedGeneration: version.metadata.generation,
    phase: standing.phase,
    weight,
    message: standing.message,
    conditions: statements.map((statement) =>
      condition(statement, previous.conditions, version.metadata.generation, now),
    ),
    ...(artifact && { artifact }),
    ...(rollout && { rollout }),
    ...(acceptance && { acceptance }),
    ...(analysis && { analysis }),
    ...(verdict && { verdict }),
    ...(servedAt !== undefined && { servedAt }),
    ...(handled && { handled }),
  };
}

/** Whether the status has a rollout; a suspended one keeps its record. */
const isUnderWay = ({ kind }: Decision) =>
  kind === 'canary' || kind === 'promoting' || kind === 'suspended' || kind === 'blocked';

function stand(decision: Decision, verdict: Verdict | undefined): Standing {
  switch (decision.kind) {
    case 'serving': {
      const message = 'Every stable pod serves it';
      return standing('Serving', message, no('Progressing', 'Serving', message), yes('Ready', 'Serving', message));
    }
    case 'superseded': {
      const message = `${decision.by.spec.version} (${decision.by.metadata.name}) is wanted instead`;
      return standing('Superseded', message, no('Progressing', 'Superseded', message));
    }
    case 'failed': {
      const { reason, message } = verdict ?? { reason: 'ArtifactInvalid' as const, message: '' };
      return standing(
        'Failed',
        message,
        no('Progressing', reason, message),
        no('Ready', reason, message),
        yes('Stalled', reason, message),
      );
    }
    case 'suspended': {
      const { message } = decision;
      return standing('Suspended', message, no('Progressing', 'Suspended', message), no('Ready', 'Suspended', message));
    }
    case 'blocked': {
      const { reason, message } = decision;
      return standing(
        'Pending',
        message,
        no('Progressing', reason, message),
        no('Ready', reason, message),
        yes('Stalled', reason, message),
      );
    }
    case 'verifying':
    case 'canary':
    case 'promoting': {
      const { reason, message } = decision;
      const phase = ({ verifying: 'Verifying', canary: 'Canary', promoting: 'Promoting' } as const)[decision.kind];
      const ready = no('Ready', reason, message);
      return decision.isStalled === true
        ? standing(phase, message, no('Progressing', reason, message), ready, yes('Stalled', reason, message))
        : standing(phase, message, yes('Progressing', reason, message), ready);
    }
  }
}

function verification(decision: Decision, isVerified: boolean, verdict: Verdict | undefined): Statement {
  if (isVerified)
    return yes('ArtifactVerified', 'Verified', 'Digest, files and, where a key is configured, signature are right');
  if (verdict?.outcome === 'Failed' && verdict.reason !== 'Aborted')
    return no('ArtifactVerified', verdict.reason, verdict.message);
  if (decision.kind === 'verifying') return unknown('ArtifactVerified', decision.reason, decision.message);
  if (decision.kind === 'blocked' && decision.reason === 'KeyInvalid')
    return unknown('ArtifactVerified', decision.reason, decision.message);
  return unknown('ArtifactVerified', 'NotVerified', 'It was not verified yet');
}

function accepted(
  decision: Decision,
  acceptance: ModelVersionStatus['acceptance'],
  verdict: Verdict | undefined,
): Statement {
  if (acceptance !== undefined) {
    const message = `${acceptance.correct} of ${acceptance.total} images were answered with their label; ${acceptance.required} must be`;
    return acceptance.correct >= acceptance.required
      ? yes('Accepted', 'ImagesAnswered', message)
      : no('Accepted', 'AcceptanceFailed', message);
  }
  if (verdict?.outcome === 'Passed')
    return unknown('Accepted', 'NoImages', 'It passed without acceptance images being asked');
  if (decision.kind === 'canary' && decision.reason === 'Accepting')
    return unknown('Accepted', 'Accepting', decision.message);
  return unknown('Accepted', 'NotAccepted', 'Acceptance images were not asked yet');
}

const standing = (
  phase: Phase,
  message: string,
  progressing: Statement,
  ready?: Statement,
  stalled?: Statement,
): Standing => ({
  phase,
  message,
  progressing,
  ready,
  stalled,
});

const statement =
  (status: Condition['status']) =>
  (type: ConditionType, reason: ConditionReason, message: string): Statement => ({
    type,
    status,
    reason,
    message,
  });
const yes = statement('True');
const no = statement('False');
const unknown = statement('Unknown');

/** `lastTransitionTime` moves only with `status` (Kubernetes API conventions). */
function condition(
  next: Statement,
  previous: readonly Condition[] | undefined,
  generation: number,
  now: number,
): Condition {
  const standing = previous?.find(({ type }) => type === next.type);
  const lastTransitionTime = standing?.status === next.status ? standing.lastTransitionTime : timestamp(now);
  return { ...next, lastTransitionTime, observedGeneration: generation };
}
