/** Moments of one clock, ms. */
export interface DrainMoments {
  /** When draining started. */
  readonly startedAt: number;
  /** When a request last arrived; -Infinity: never. */
  readonly lastRequestAt: number;
  readonly now: number;
}

/** How long a draining process listens, ms. */
export interface DrainLimits {
  /** Time without a request after which nobody is taken to send any more. */
  readonly quietMs: number;
  /** Longest in all; what `quietMs` exceeds counts as `quietMs`. */
  readonly maxMs: number;
}

/**
 * How much longer a draining process listens, ms; 0: not any more.
 *
 * A fixed delay bets on how fast the news of an ending pod reaches every proxy. An API server that hangs for longer loses
 * the bet, and users lose requests: the kubelet ends the pod in time, and the proxies go on sending to it. A request that
 * arrives shows that the news has not arrived, so it starts the quiet time anew (the design of Knative's
 * `pkg/network/handlers.Drainer`), up to a limit, for clients that would never go elsewhere.
 */
export function msToListen({ startedAt, lastRequestAt, now }: DrainMoments, { quietMs, maxMs }: DrainLimits): number {
  const quietAt = Math.max(startedAt, lastRequestAt) + quietMs;
  const latest = startedAt + Math.max(quietMs, maxMs);
  return Math.max(0, Math.min(quietAt, latest) - now);
}
