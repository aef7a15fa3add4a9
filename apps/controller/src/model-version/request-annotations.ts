import { digestOfBytes } from '@pawl/shared/bundle/digest';
import { annotations } from '@pawl/shared/modelversion/names';
import type { ModelVersion, ModelVersionStatus } from '@pawl/shared/modelversion/model-version';
import { timestamp } from './time.ts';

/**
 * A version with what its annotations `pawl.dev/retry` and `pawl.dev/abort` ask for applied to its status. Each new value
 * acts once. A request that has nothing to act on counts as done: a retry of a version that did not fail, an abort of
 * one without a rollout. `pawl.dev/promote` waits for acceptance and is read there.
 */
export function applyRequests(version: ModelVersion, now: number): ModelVersion {
  let status = version.status;
  const retry = asked(version, annotations.retry);
  if (retry !== undefined && retry !== status?.handled?.retry) {
    if (status?.verdict?.outcome === 'Failed') status = forget(status);
    status = withHandled(status, { retry });
  }
  const abort = asked(version, annotations.abort);
  if (abort !== undefined && abort !== status?.handled?.abort) {
    const isUnderWay =
      status?.verdict === undefined || (status.verdict.outcome === 'Passed' && status.rollout !== undefined);
    if (isUnderWay)
      status = {
        ...(status ?? blank),
        verdict: {
          outcome: 'Failed',
          reason: 'Aborted',
          message: `Aborted by hand (${annotations.abort}: ${abort.slice(0, 64)})`,
          at: timestamp(now),
        },
      };
    status = withHandled(status, { abort });
  }
  return status === version.status ? version : { ...version, status: status ?? blank };
}

/** A new value of `pawl.dev/promote` that was not acted on yet. */
export function promoteRequest(version: ModelVersion): string | undefined {
  const promote = asked(version, annotations.promote);
  return promote === version.status?.handled?.promote ? undefined : promote;
}

/** Longest value that a status has room for. */
const LONGEST = 256;

/** What an annotation asks for, as it is recorded once it was acted on: a long value by its digest, which no other one has. */
function asked({ metadata }: ModelVersion, annotation: string): string | undefined {
  const value = metadata.annotations?.[annotation];
  return value === undefined || value.length <= LONGEST ? value : digestOfBytes(Buffer.from(value));
}

/** The status of an object that has none yet; a summary replaces all of it. */
const blank: ModelVersionStatus = { observedGeneration: 0, phase: 'Pending', weight: 0, message: '', conditions: [] };

/** What a new attempt keeps: when conditions last changed, when it first served, and which requests were acted on. */
const forget = ({ conditions, servedAt, handled }: ModelVersionStatus): ModelVersionStatus => ({
  ...blank,
  conditions,
  ...(servedAt !== undefined && { servedAt }),
  ...(handled !== undefined && { handled }),
});

function withHandled(
  status: ModelVersionStatus | undefined,
  value: NonNullable<ModelVersionStatus['handled']>,
): ModelVersionStatus {
  return { ...(status ?? blank), handled: { ...status?.handled, ...value } };
}

/** Identity of one attempt of a version: a retry is another attempt, and uses no results of the one before. */
export const attemptOf = (version: ModelVersion): string =>
  `${version.metadata.uid}/${version.status?.handled?.retry ?? ''}`;
