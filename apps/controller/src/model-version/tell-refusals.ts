import type { ModelVersion } from '@pawl/shared/modelversion/model-version';
import type { Action, Decision } from './decision.ts';
import type { Facts } from './facts.ts';
import { idOf } from './refusals.ts';
import { milliseconds } from './time.ts';

/**
 * Adds to the decision about the target what the API server refused the last time; without it the status would announce what
 * does not happen. After the time that canary pods have to become ready, the version is stalled until somebody acts.
 */
export function withRefusal(decision: Decision, actions: readonly Action[], facts: Facts): Decision {
  if (decision.kind !== 'promoting' && decision.kind !== 'canary') return decision;
  const known = decision.isRefused === true ? decision.message : undefined;
  const words = unreadRoute(facts) ?? known ?? actions.map((action) => told(action, facts)).find(isSaid);
  if (words === undefined) return decision;
  if (decision.kind === 'promoting') return { ...decision, message: words, isRefused: true, refused: words };
  const since = decision.record?.rollout?.since;
  const limit = facts.policy.kind === 'valid' ? facts.policy.policy.canary.readyTimeoutSeconds * 1000 : Infinity;
  const isStalled = since !== undefined && facts.now - milliseconds(since) > limit;
  return { ...decision, reason: 'CanaryHeldUp', message: words, isRefused: true, isStalled, refused: words };
}

/** By uid: the refusal that each version meets, whatever its state. @param other version to tell of what is no single version's. */
export function refusalsByVersion(
  actions: readonly Action[],
  facts: Facts,
  other: ModelVersion | undefined,
): ReadonlyMap<string, string> {
  const met = new Map<string, string>();
  const meet = (owner: ModelVersion | undefined, words: string | undefined): void => {
    if (owner !== undefined && words !== undefined && !met.has(owner.metadata.uid)) met.set(owner.metadata.uid, words);
  };
  meet(other, unreadRoute(facts));
  meet(other, facts.refusals.get(idOf({ kind: 'read-objects' })));
  for (const action of actions) meet(ownerOf(action, facts) ?? other, told(action, facts));
  return met;
}

/** The version for whose sake an action is taken; undefined: for the model's, or its version is gone. */
function ownerOf(action: Action, { versions, canaries }: Facts): ModelVersion | undefined {
  const byCanary = (canary: (typeof canaries)[number] | undefined) =>
    versions.find(({ metadata }) => metadata.name === canary?.version);
  const named = (name: string | undefined) => byCanary(canaries.find((canary) => canary.name === name));
  switch (action.kind) {
    case 'verify':
    case 'ask-acceptance':
    case 'apply-canary':
    case 'apply-stable':
      return action.version;
    case 'adopt-canary':
    case 'delete-canary':
      return named(action.name);
    case 'mark-withdrawn':
    case 'write-comparison':
    case 'set-route-weight':
      return named(action.canary);
    case 'admit-pods':
    case 'withdraw-pods':
      return byCanary(canaries.find(({ pods }) => pods.some(({ name }) => action.pods.includes(name))));
  }
}

const told = (action: Action, { refusals }: Facts): string | undefined => refusals.get(idOf(action));

/** What the API server says about reading the route, which it refuses; undefined where it was read or is not needed. */
export const unreadRoute = ({ refusals }: Facts): string | undefined => refusals.get(idOf({ kind: 'read-route' }));

const isSaid = (words: string | undefined): boolean => words !== undefined;
