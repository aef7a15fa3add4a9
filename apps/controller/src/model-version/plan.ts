import type { ConditionReason, ModelVersion } from '@pawl/shared/modelversion/model-version';
import { type RolloutPolicy, rolloutPolicySchema } from '@pawl/shared/modelversion/rollout-policy';
import { degradationOf, unroutedOf } from './health.ts';
import { planRollout } from './plan-rollout.ts';
import { rank, type Ranking } from './ranking.ts';
import { applyRequests } from './request-annotations.ts';
import { isSettled } from './rollout-facts.ts';
import { blocked, type RolloutPlan } from './rollout-plan.ts';
import { refusalsByVersion, unreadRoute, withRefusal } from './tell-refusals.ts';
import type { Action, Decision, Plan } from './decision.ts';
import type { StableTrack, Facts } from './facts.ts';

/**
 * Decides what to do for a model from its facts: pure, and the same for the same facts. Decisions are recorded in the
 * versions' statuses before any action is taken, so after a crash the next controller continues from the record.
 */
export function plan(facts: Facts): Plan {
  const decisions = new Map<string, Decision>();
  const decide = (version: ModelVersion, decision: Decision) => decisions.set(version.metadata.uid, decision);
  const track = facts.stable.kind === 'found' ? facts.stable.track : undefined;
  const versions = facts.versions.map((version) => applyRequests(version, facts.now));
  const hasBegun = (version: ModelVersion) =>
    version.status?.rollout !== undefined || version.spec.artifact.digest === track?.digest;

  const takesPrereleases = facts.policy.kind !== 'valid' || facts.policy.policy.versions.prerelease;
  const ranking = rank(versions, { hasBegun, takesPrereleases });
  const { target } = ranking;
  for (const version of versions) {
    if (version === target) continue;
    const ineligible = ineligibility(version, ranking);
    if (version.status?.verdict?.outcome === 'Failed') decide(version, { kind: 'failed' });
    else if (ineligible !== undefined) decide(version, ineligible);
    else if (version.spec.suspend === true)
      decide(version, { kind: 'suspended', message: 'Suspended before it began' });
    else if (target !== undefined) decide(version, { kind: 'superseded', by: target });
  }

  const rollout = target === undefined ? undefined : planTarget(target, facts);
  const missingRoute: Action[] = facts.routeWeight === 'missing' ? [{ kind: 'set-route-weight', weight: 0 }] : [];
  const leftovers = facts.canaries.filter((canary) => canary.name !== rollout?.canary);
  const wanted = [
    ...missingRoute,
    ...restored(versions, target, facts),
    ...leftovers.flatMap((canary) => remove(canary, facts)),
    ...adopted(rollout, facts),
    ...(rollout?.actions ?? []),
  ];
  // Nothing is changed while nobody can tell where the requests go.
  const actions = unreadRoute(facts) === undefined ? wanted : wanted.filter(changesNothing);
  if (rollout !== undefined && target !== undefined) decide(target, withRefusal(rollout.decision, actions, facts));
  for (const [uid, decision] of keepServing(versions, decisions, rollout?.decision, track))
    decisions.set(uid, decision);
  const degraded = track === undefined ? undefined : (degradationOf(track) ?? unroutedOf(facts));
  for (const [uid, decision] of decisions)
    if (decision.kind === 'serving' && degraded !== undefined) decisions.set(uid, { ...decision, degraded });
  const serves = versions.find(({ metadata }) => decisions.get(metadata.uid)?.kind === 'serving');
  for (const [uid, refused] of refusalsByVersion(actions, facts, target ?? serves)) {
    const decision = decisions.get(uid);
    if (decision !== undefined) decisions.set(uid, { ...decision, refused });
  }

  return {
    decisions,
    versions,
    actions,
    requeueAfterMs:
      leftovers.length > 0 ? Math.min(REMOVAL_CHECK_MS, rollout?.requeueAfterMs ?? Infinity) : rollout?.requeueAfterMs,
  };
}

/**
 * A stable Deployment that is told to serve nothing, because it was made again, gets the weights that served last, while a newer
 * version is still on its way.
 */
function restored(versions: readonly ModelVersion[], target: ModelVersion | undefined, facts: Facts): Action[] {
  if (facts.stable.kind === 'missing' || facts.stable.track.digest !== undefined) return [];
  if (target === undefined || target.status?.verdict?.outcome === 'Passed') return [];
  const served = ({ status }: ModelVersion) => (status?.verdict?.outcome === 'Passed' ? (status.servedAt ?? '') : '');
  const [last] = versions.toSorted((a, b) => (served(a) < served(b) ? 1 : -1));
  return last === undefined || served(last) === '' ? [] : [{ kind: 'apply-stable', version: last }];
}

/** It runs in the background and only reads. */
const changesNothing = ({ kind }: Action): boolean => kind === 'verify' || kind === 'ask-acceptance';

/**
 * The canary that stays belongs to the stable Deployment, whatever its rollout waits for. Another owner is of an earlier controller,
 * or a stable Deployment that was made again.
 */
function adopted(rollout: RolloutPlan | undefined, { stable, canaries }: Facts): Action[] {
  const canary = canaries.find(({ name }) => name === rollout?.canary);
  if (canary === undefined || stable.kind === 'missing' || canary.owners.includes(stable.track.uid)) return [];
  return [{ kind: 'adopt-canary', name: canary.name }];
}

/** Time until a canary that is being deleted is checked again, ms. */
const REMOVAL_CHECK_MS = 1_000;
/** Time that a gateway has to follow a route that no longer names the canary, ms; then its pods are deleted. */
const ROUTE_SETTLE_MS = 4_000;

/** The rollout of the target, unless something of the environment is missing. */
function planTarget(target: ModelVersion, facts: Facts): RolloutPlan {
  const { stable, policy } = facts;
  const canary = facts.canaries.find(({ version }) => version === target.metadata.name)?.name;
  if (stable.kind === 'missing') return blocked('StableMissing', stable.message, canary);
  // What was proved is served, and returned to, without a policy; it says only how to prove more.
  if (policy.kind !== 'valid' && target.status?.verdict?.outcome === 'Passed')
    return planRollout(target, stable.track, { policy: policyFor(stable.track), images: 0 }, facts);
  if (policy.kind === 'missing') return blocked('PolicyMissing', policy.message, canary);
  if (policy.kind === 'invalid') return blocked('PolicyInvalid', policy.message, canary);
  return planRollout(target, stable.track, { policy: policy.policy, images: policy.images }, facts);
}

/** The defaults, with the way in which the stable pods get their weights now. */
const policyFor = ({ mount }: StableTrack): RolloutPolicy => rolloutPolicySchema.parse({ artifact: { mount } });

/** Why a version cannot be the target, whatever the others are; undefined: it could be. */
function ineligibility({ metadata, spec }: ModelVersion, ranking: Ranking): Decision | undefined {
  const blockedBy = (reason: ConditionReason, message: string): Decision => ({ kind: 'blocked', reason, message });
  const { version } = spec;
  const older = ranking.duplicates.get(metadata.uid);
  if (ranking.invalid.has(metadata.uid))
    return blockedBy(
      'VersionInvalid',
      `spec.version ${version} is no semantic version (semver.org); a version such as 1.4.0 was expected. Delete this object and offer the weights under another version`,
    );
  if (older !== undefined)
    return blockedBy(
      'DuplicateVersion',
      `${older.metadata.name} already offers ${version}; release these weights under a new version`,
    );
  if (ranking.prereleases.has(metadata.uid))
    return blockedBy(
      'PrereleaseNotAllowed',
      `${version} is a prerelease, and the policy takes none (versions.prerelease); release these weights under a version without -${version.slice(version.indexOf('-') + 1)}, or let the policy take prereleases`,
    );
  return undefined;
}

/** Until the target serves, the version whose weights the stable pods have goes on serving. */
function* keepServing(
  versions: readonly ModelVersion[],
  decisions: ReadonlyMap<string, Decision>,
  target: Decision | undefined,
  track: StableTrack | undefined,
): Iterable<[string, Decision]> {
  if (target?.kind === 'serving' || track?.digest === undefined) return;
  const serving = versions.find(
    (version) =>
      version.spec.artifact.digest === track.digest &&
      version.status?.verdict?.outcome === 'Passed' &&
      decisions.get(version.metadata.uid)?.kind === 'superseded',
  );
  if (serving !== undefined && (track.isRolledOut || isSettled(serving, track)))
    yield [serving.metadata.uid, { kind: 'serving' }];
}

/** Requests leave a canary before its pods do. */
function remove(canary: Facts['canaries'][number], facts: Facts): Action[] {
  const inService = canary.pods.filter((pod) => pod.isInService);
  const routed = facts.routeWeight !== undefined;
  const actions: Action[] = [];
  if (typeof facts.routeWeight === 'number' && facts.routeWeight > 0)
    actions.push({ kind: 'set-route-weight', weight: 0 });
  if (inService.length > 0) actions.push({ kind: 'withdraw-pods', pods: inService.map((pod) => pod.name) });
  if (!routed) return [...actions, { kind: 'delete-canary', name: canary.name }];
  if (canary.withdrawnAt === undefined) return [...actions, { kind: 'mark-withdrawn', canary: canary.name }];
  return facts.now - canary.withdrawnAt < ROUTE_SETTLE_MS
    ? actions
    : [...actions, { kind: 'delete-canary', name: canary.name }];
}
