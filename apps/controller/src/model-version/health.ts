import type { Degradation } from './decision.ts';
import type { Facts, StableTrack } from './facts.ts';
import { whyNoneIsReady } from './pods.ts';

/**
 * What is not well with the stable pods. A pod that restarts, or is replaced, is no news: only one that says why it does not
 * become ready, a Deployment that Kubernetes gave up on, and one of which no pod is ready are.
 */
export function degradationOf(stable: StableTrack): Degradation | undefined {
  const { name, pods, replicas } = stable;
  const ready = pods.filter(({ isReady }) => isReady).length;
  const sick = pods.find((pod) => !pod.isReady && (pod.crashed ?? pod.heldUp) !== undefined);
  const isShort = stable.podsRefused !== undefined && ready < replicas;
  if (sick !== undefined || isShort || (stable.isStuck && !stable.isRolledOut) || (ready === 0 && replicas > 0)) {
    const words = whyNoneIsReady([sick, ...pods]) ?? stable.podsRefused;
    const which = sick === undefined ? '' : `pod ${sick.name} `;
    const why = words === undefined ? `the events of ${name} may say why` : `${which}${words}`;
    return { reason: 'PodsNotReady', message: `${ready} of ${replicas} stable pods are ready: ${why}` };
  }
  if (replicas === 0)
    return { reason: 'PodsNotReady', message: `The Deployment ${name} is scaled to 0: nothing serves` };
  if (stable.isPaused && !stable.isRolledOut)
    return {
      reason: 'DeploymentPaused',
      message: `The Deployment ${name} is paused, and its pods are not those that it asks for; \`kubectl rollout resume deployment/${name}\` lets it go on`,
    };
  return undefined;
}

/** A gateway that refuses the route sends no request by it. One that has not answered is about to. */
export const unroutedOf = ({ routeTrouble }: Facts): Degradation | undefined =>
  routeTrouble?.isRefused === true
    ? { reason: 'RouteNotAccepted', message: `Requests do not follow the HTTPRoute. ${routeTrouble.message}` }
    : undefined;
