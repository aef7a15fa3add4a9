import type { Action, Rollout } from '../decision.ts';
import type { CanaryTrack } from '../facts.ts';
import type { RolloutFacts } from '../rollout-facts.ts';
import { blocked, failed, onCanary, POLL_MS, progressAt, type RolloutPlan } from '../rollout-plan.ts';
import { milliseconds, timestamp } from '../time.ts';
import type { Gate } from './gate.ts';
import { judgeKills, type Kills } from './kills.ts';

/** Longest value of a label. */
const LABEL_LENGTH = 63;

/** The name of the version is a label of its canary, by which its pods are found. */
export const nameFits: Gate = {
  name: 'nameFits',
  judge: ({ version }) => {
    const { length } = version.metadata.name;
    if (length <= LABEL_LENGTH) return undefined;
    const message = `Its name has ${length} characters, and a label of its canary has room for ${LABEL_LENGTH}; offer these weights under a shorter name`;
    return blocked('CanaryHeldUp', message);
  },
};

/** Enough canary pods of the current template are Ready, none of them crashes, and it does not take too long. */
export const canaryReady: Gate = {
  name: 'canaryReady',
  judge: (facts) => {
    const { canary, stable } = facts;
    if (canary === undefined) return making('Its first pod is being started', facts);
    if (canary.template !== stable.template)
      return making('The pods are made again: the template of the stable pods changed', facts);
    const kills = judgeKills(canary, facts);
    if (kills?.isByWeights === true) return failed(facts, 'CanaryCrashed', kills.message);
    const crashed = canary.pods.find((pod) => pod.crashed !== undefined && pod.killed === undefined);
    if (crashed !== undefined) return failed(facts, 'CanaryCrashed', `Pod ${crashed.name} ${crashed.crashed ?? ''}`);
    // Kubernetes keeps pods that were evicted, and makes others.
    const live = { ...canary, pods: canary.pods.filter((pod) => pod.killed?.isEvicted !== true) };
    const isScaled = canary.replicas === facts.replicas || canary.replicas === facts.replicasAhead;
    const ready = canary.pods.filter((pod) => pod.isReady).length;
    const scaling = isScaled ? [] : [apply(facts, facts.replicas)];
    if (ready < facts.replicas && kills !== undefined) return killed(kills, canary, scaling, facts);
    if (ready < facts.replicas) return waiting(live, scaling, facts);
    if (isScaled) return undefined;
    return starting('The number of its pods follows the stable ones', progressAt(facts.step, facts), facts, {
      actions: [apply(facts, facts.replicas)],
    });
  },
};

const apply = ({ version, canaryName }: RolloutFacts, replicas: number): Action => ({
  kind: 'apply-canary',
  version,
  name: canaryName,
  replicas,
});

/** The canary starts, or starts again, with one pod. Its time runs on while the API server refuses it. */
function making(why: string, facts: RolloutFacts): RolloutPlan {
  const progress = progressAt(0, facts);
  const since = facts.wasHeldUp ? progress.since : timestamp(facts.now);
  return starting(why, { ...progress, since }, facts, { actions: [apply(facts, 1)] });
}

/** It waits for its pods as long as it takes: each was ready once, and a picture or its node may be to blame. */
function killed(
  { wasReached, message }: Kills,
  canary: CanaryTrack,
  scaling: readonly Action[],
  facts: RolloutFacts,
): RolloutPlan {
  const said = wasReached ? `Step ${facts.step} of ${facts.policy.canary.steps.length} holds. ${message}` : message;
  // A route, unlike a Service, sends its share also to pods that are not there.
  const isRouted = typeof facts.routeWeight === 'number' && facts.routeWeight > 0;
  const withdrawal: Action[] = isRouted ? [{ kind: 'set-route-weight', weight: 0, canary: canary.name }] : [];
  return starting(said, progressAt(facts.step, facts), facts, {
    actions: [...withdrawal, ...scaling],
    reason: 'CanaryKilled',
  });
}

/** Fewer pods are ready than the step needs: decides whether to wait or to fail, by the time and the cause. */
function waiting(canary: CanaryTrack, actions: readonly Action[], facts: RolloutFacts): RolloutPlan {
  const { now, replicas } = facts;
  const timeoutSeconds = facts.policy.canary.readyTimeoutSeconds;
  const pending = canary.pods.find((pod) => !pod.isReady);
  // The time of a pod that was held up begins when nothing holds it up any longer.
  const isFreed = facts.wasHeldUp && pending !== undefined && pending.heldUp === undefined;
  const unreadySince = (isFreed ? undefined : facts.status.rollout?.unreadySince) ?? timestamp(now);
  const progress = { ...progressAt(facts.step, facts), unreadySince };
  if (pending?.heldUp !== undefined)
    return starting(`A pod is held up: ${pending.heldUp}`, progress, facts, { actions, reason: 'CanaryHeldUp' });
  // A quota or an admission rule that lets no pod be made is not the weights' fault either.
  if (canary.podsRefused !== undefined && canary.pods.length < replicas) {
    const message = `The cluster lets no more pods of it be made: ${canary.podsRefused}`;
    return starting(message, progress, facts, { actions, reason: 'CanaryHeldUp' });
  }
  const ready = canary.pods.filter((pod) => pod.isReady).length;
  const left = milliseconds(unreadySince) + timeoutSeconds * 1000 - now;
  if (left > 0) {
    const message = `${ready} of ${replicas} pods are ready: ${pending?.waiting ?? 'the others are starting'}`;
    return starting(message, progress, facts, { actions, requeueAfterMs: left });
  }
  if (pending === undefined && canary.pods.length < replicas) {
    const message = `Only ${canary.pods.length} of ${replicas} pods could be made; the events of the ReplicaSet say why`;
    return starting(message, progress, facts, { actions, reason: 'CanaryHeldUp' });
  }
  const message = `${ready} of ${replicas} canary pods were ready after ${timeoutSeconds} s: ${pending?.waiting ?? 'no pod said why'}`;
  return failed(facts, 'CanaryNotReady', message);
}

/** The canary's pods are not there yet. */
const starting = (
  message: string,
  rollout: Rollout,
  facts: RolloutFacts,
  {
    actions,
    reason = 'CanaryStarting',
    requeueAfterMs = POLL_MS,
  }: {
    readonly actions: readonly Action[];
    readonly reason?: 'CanaryStarting' | 'CanaryHeldUp' | 'CanaryKilled';
    readonly requeueAfterMs?: number;
  },
): RolloutPlan => onCanary(facts, reason, message, { record: { rollout }, actions, requeueAfterMs });
