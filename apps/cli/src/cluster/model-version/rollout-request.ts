import type { ModelVersion } from '@pawl/shared/modelversion/model-version';
import { annotations } from '@pawl/shared/modelversion/names';
import { CliError } from '../../errors/cli-error.ts';
import { hasFailed, isUnderWay, referenceTo, titleOf } from './order.ts';

/** What can be asked of a controller by an annotation of that name. */
export type RolloutRequest = 'abort' | 'retry' | 'promote';

/**
 * Pure: what a request will do to a version as it is, in one sentence.
 *
 * @param serving the version that the stable pods have, if it is another one
 * @param flags what a command must repeat to reach the same cluster
 * @throws CliError `ACT_REFUSED`
 */
export function announce(
  request: RolloutRequest,
  version: ModelVersion,
  serving: ModelVersion | undefined,
  flags = '',
): string {
  const refuse = (why: string, hint: string): never => {
    throw new CliError('ACT_REFUSED', `cannot ${request} ${version.metadata.name}: ${why}`, hint);
  };
  const { name } = version.metadata;
  const phase = version.status?.phase;
  const isNow = phase === undefined ? 'no controller has seen it yet' : `it is ${phase}`;
  const stays = serving === undefined ? '' : `; ${referenceTo(serving)} goes on serving`;
  switch (request) {
    case 'abort': {
      if (hasFailed(version))
        refuse('it has failed already, and nothing of it runs', `See why: pawl explain ${name}${flags}`);
      if (!isUnderWay(version)) {
        const hint =
          phase === 'Serving'
            ? 'To stop serving it, delete it or revert it in Git: the previous version returns.'
            : `To keep it from beginning: pawl rollout suspend ${name}${flags}`;
        refuse(`a rollout under way was expected, and ${isNow}`, hint);
      }
      return `The rollout of ${titleOf(version)} stops for good: its canary gets no more requests and goes away, and it is marked Failed (Aborted)${stays}.`;
    }
    case 'retry': {
      if (!hasFailed(version)) {
        refuse(`a Failed version was expected, and ${isNow}`, `See where it is: pawl explain ${name}${flags}`);
      }
      const reason = version.status?.verdict?.reason;
      return `The verdict of ${titleOf(version)}${reason === undefined ? '' : ` (${reason})`} is forgotten, and it begins again with verification if it is the highest version${stays}.`;
    }
    case 'promote': {
      if (version.spec.suspend === true)
        refuse('it is suspended', `Let it go on first: pawl rollout resume ${name}${flags}`);
      if (phase !== 'Canary') {
        const hint =
          phase === 'Failed'
            ? `See why, and what can be done: pawl explain ${name}${flags}`
            : `See where it is: pawl explain ${name}${flags}`;
        refuse(`a version in its canary steps was expected, and ${isNow}`, hint);
      }
      const { rollout, acceptance } = version.status ?? {};
      const accepted = acceptance !== undefined || (rollout?.step ?? 0) > 0;
      return `${accepted ? '' : 'Once it is accepted, '}${titleOf(version)} skips ${
        rollout === undefined ? 'its remaining steps' : `the rest of step ${rollout.step} of ${rollout.steps}`
      } and their analysis, and goes to all stable pods${accepted ? '' : '; acceptance cannot be skipped'}.`;
    }
  }
}

/** A merge patch that makes a request: any new value counts once. `uid` guards against another object of the name. */
export function requestPatch(request: RolloutRequest, version: ModelVersion, value: string): object {
  return { metadata: { uid: version.metadata.uid, annotations: { [annotations[request]]: value } } };
}

/** A value that was never used before: a time for people, random characters for two people in the same second. */
export function requestValue(now: Date, random: string): string {
  return `${now.toISOString().replace(/\.\d+Z$/, 'Z')}-${random}`;
}

export const suspendPatch = (version: ModelVersion, suspend: boolean): object => ({
  metadata: { uid: version.metadata.uid },
  spec: { suspend },
});

/** What suspending or resuming will do, in one sentence. */
export function suspension(version: ModelVersion, suspend: boolean): string {
  const title = titleOf(version);
  const { phase, rollout } = version.status ?? {};
  if (!suspend) {
    return rollout === undefined
      ? `${title} is a candidate again: if it is the highest version, its rollout begins.`
      : `The rollout of ${title} goes on at step ${rollout.step} of ${rollout.steps}.`;
  }
  if (phase === 'Serving') return `${title} goes on serving, and the controller leaves it as it is.`;
  if (rollout !== undefined) {
    return `The rollout of ${title} holds at step ${rollout.step} of ${rollout.steps}: its canary keeps ${version.status?.weight ?? 0} % of the requests.`;
  }
  return `${title} does not begin until it is resumed; lower versions are served meanwhile.`;
}
