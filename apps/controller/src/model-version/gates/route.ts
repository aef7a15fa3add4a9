import { onCanary, POLL_MS, progressAt } from '../rollout-plan.ts';
import { milliseconds, timestamp } from '../time.ts';
import type { Gate } from './gate.ts';

/**
 * The gateways take the HTTPRoute as it is: before that no request counts. One that only has not answered yet is no news. Where
 * they do not take it in time, the stable pods keep all requests, and the step waits: that is not the fault of the weights.
 */
export const routeAccepted: Gate = {
  name: 'routeAccepted',
  judge: (facts) => {
    const { routeTrouble, routeWeight, step, now, policy, canary } = facts;
    if (policy.traffic.gateway === undefined || routeTrouble === undefined || step === 0) return undefined;
    const unroutedSince = facts.status.rollout?.unroutedSince ?? timestamp(now);
    const seconds = policy.canary.readyTimeoutSeconds;
    const isLate = now - milliseconds(unroutedSince) >= seconds * 1000;
    const where = `Step ${step} of ${policy.canary.steps.length}`;
    const record = { rollout: { ...progressAt(step, facts), unroutedSince } };
    if (!isLate)
      return onCanary(
        facts,
        routeTrouble.isRefused ? 'RouteNotAccepted' : 'StepRunning',
        `${where} waits for the HTTPRoute. ${routeTrouble.message}`,
        { record, requeueAfterMs: POLL_MS },
      );
    const isBack = routeWeight === 0;
    return onCanary(
      facts,
      'RouteNotAccepted',
      `${where} waits: the HTTPRoute was not taken within ${seconds} s, and the stable pods keep all requests. ${routeTrouble.message}`,
      {
        record,
        actions: isBack || canary === undefined ? [] : [{ kind: 'set-route-weight', weight: 0, canary: canary.name }],
        requeueAfterMs: POLL_MS,
        isStalled: true,
      },
    );
  },
};
