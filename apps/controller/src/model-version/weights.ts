/**
 * Canary pods that come nearest to a weight when every pod gets the same number of requests: `c / (c + stable)`. Stable
 * pods are never taken away for it, so 50 % needs as many canary pods as there are stable ones.
 * @param weight percent, 1 to 99.
 */
export function canaryReplicas(weight: number, stable: number, most: number): number {
  return Math.min(most, Math.max(1, Math.round((weight * stable) / (100 - weight))));
}

/** How exact a weight by pods can be, for people. */
export function granularity(canaryPods: number, stablePods: number): string {
  const all = canaryPods + stablePods;
  if (all === 0) return 'no pod gets requests';
  return `${canaryPods} of ${all} pods that get requests; one pod is ${Math.round(100 / all)} %`;
}

/** The part of a pod that the weight of a version depends on. */
interface ServingPod {
  readonly digest?: string | undefined;
  readonly isReady: boolean;
  readonly isInService: boolean;
}

/**
 * Percent of the requests that each digest answers now, rounded. By pods: its share of the ready pods in service. By a
 * route: the canary's weight, the stable pods sharing the rest.
 */
export function weightsByDigest(
  stable: readonly ServingPod[],
  canary: readonly ServingPod[],
  routeWeight: number | undefined,
): ReadonlyMap<string, number> {
  const serving = (pods: readonly ServingPod[], isRouted: boolean) =>
    pods.filter((pod) => pod.isReady && pod.digest !== undefined && (isRouted || pod.isInService));
  const shares = new Map<string, number>();
  const spread = (pods: readonly ServingPod[], percent: number) => {
    for (const { digest } of pods)
      if (digest !== undefined) shares.set(digest, (shares.get(digest) ?? 0) + percent / pods.length);
  };
  if (routeWeight === undefined) spread([...serving(stable, false), ...serving(canary, false)], 100);
  else {
    const routed = serving(canary, true);
    spread(routed, routeWeight);
    spread(serving(stable, false), 100 - routeWeight);
  }
  return new Map([...shares].map(([digest, share]) => [digest, Math.round(share)]));
}
