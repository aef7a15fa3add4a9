/** A share of the canary's and of the stable pods' requests, and by how much the policy lets it differ. */
export interface Difference {
  /** In [0, 1]. */
  readonly canary: number;
  readonly stable: number;
  /** What the canary's share may exceed the stable one by. */
  readonly margin: number;
  /** A canary's share below this is never too large; 0 where there is no such floor. */
  readonly floor?: number;
}

/**
 * Fewest requests to the canary that any test needs on average which is wrong in at most `alpha` of all rollouts and finds the
 * fault sooner or later, even one that knows both shares beforehand: ln(1/alpha) over the divergence of what is from the
 * closest explanation within the limit (Wald, "Sequential tests of statistical hypotheses", Annals of Mathematical
 * Statistics 1945).
 * @param stablePerCanary requests to the stable pods for each one to the canary
 */
export function leastRequests(
  { canary, stable, margin, floor = 0 }: Difference,
  stablePerCanary: number,
  alpha: number,
) {
  const POINTS = 20_000;
  let least = floor > 0 ? divergence(canary, floor) : Infinity;
  for (let i = 0; i <= POINTS; i++) {
    const share = (i / POINTS) * (1 - margin);
    least = Math.min(
      least,
      (canary > share + margin ? divergence(canary, share + margin) : 0) + stablePerCanary * divergence(stable, share),
    );
  }
  return Math.log(1 / alpha) / least;
}

/** Kullback and Leibler's divergence of two shares, nats. */
const divergence = (p: number, q: number) => term(p, q) + term(1 - p, 1 - q);
const term = (p: number, q: number) => (p === 0 ? 0 : p * Math.log(p / q));
