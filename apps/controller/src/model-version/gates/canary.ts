import type { Action } from '../decision.ts';
import { type Rollout, type RolloutPlan } from '../rollout.ts';
import { milliseconds, timestamp } from '../time.ts';

/** Enough canary pods of the current template are Ready, none of them crashes, and it does not take too long. */
export function canaryReady(rollout: Rollout): RolloutPlan | undefined {
  const canary = rollout.canary;
  const replicas = rollout.wantedReplicas();
  const apply: Action = { kind: 'apply-canary', version: rollout.version, name: rollout.canaryName, replicas };
  if (canary === undefined || canary.template !== rollout.stable.template) {
    const why =
      canary === undefined
        ? 'Its first pod is being started'
        : 'The pods are made anew: the chart changed their template';
    return rollout.starting(why, { ...rollout.progress(0), since: timestamp(rollout.facts.now) }, [
      { ...apply, replicas: 1 },
    ]);
  }
  const crashed = canary.pods.find((pod) => pod.crashed !== undefined);
  if (crashed !== undefined) return rollout.fail('CanaryCrashed', `Pod ${crashed.name} ${crashed.crashed ?? ''}`);
  const ready = canary.pods.filter((pod) => pod.isReady).length;
  const fits = canary.replicas === replicas || canary.replicas === rollout.replicasAhead;
  if (ready >= replicas && fits) return undefined;
  const actions = fits ? [] : [apply];
  const pending = canary.pods.find((pod) => !pod.isReady);
  // While something held a pod up, its time did not run: it begins when nothing does any more.
  const isFreed = rollout.wasHeldUp && pending !== undefined && pending.heldUp === undefined;
  const unreadySince = (isFreed ? undefined : rollout.status.rollout?.unreadySince) ?? timestamp(rollout.facts.now);
  const progress = { ...rollout.progress(rollout.step), unreadySince };
  if (pending?.heldUp !== undefined)
    return rollout.starting(`A pod is held up: ${pending.heldUp}`, progress, actions, 'CanaryHeldUp');
  const left = milliseconds(unreadySince) + rollout.policy.canary.readyTimeoutSeconds * 1000 - rollout.facts.now;
  const why = pending?.waiting ?? 'the others are starting';
  // A quota or an admission rule that lets no pod be made is not the weights' fault either.
  if (left <= 0 && pending === undefined && canary.pods.length < replicas)
    return rollout.starting(
      `Only ${canary.pods.length} of ${replicas} pods could be made; the events of the ReplicaSet say why`,
      progress,
      actions,
      'CanaryHeldUp',
    );
  if (left <= 0)
    return rollout.fail(
      'CanaryNotReady',
      `${ready} of ${replicas} canary pods were ready after ${rollout.policy.canary.readyTimeoutSeconds} s: ${pending?.waiting ?? 'no pod said why'}`,
    );
  if (ready >= replicas && actions.length > 0)
    return rollout.starting('The number of its pods follows the stable ones', rollout.progress(rollout.step), actions);
  return rollout.starting(`${ready} of ${replicas} pods are ready: ${why}`, progress, actions, 'CanaryStarting', left);
}
