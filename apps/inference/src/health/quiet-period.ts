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
  /** Time without a request after which no client is expected to send another. */
  readonly quietMs: number;
  /** Longest time in total; a value below `quietMs` counts as `quietMs`. */
  readonly maxMs: number;
}

/**
 * How much longer a draining process listens, ms; 0: it stops listening.
 *
 * A fixed delay assumes how fast every proxy learns that a pod ends. When the API server hangs for longer, users lose
 * requests: the kubelet ends the pod in time, and the proxies still send to it. A request that arrives shows that a
 * proxy has not learned it yet, so it starts the quiet time again (the design of Knative's
 * `pkg/network/handlers.Drainer`), up to a limit, for clients that would never go elsewhere.
 */
export function msToListen({ startedAt, lastRequestAt, now }: DrainMoments, { quietMs, maxMs }: DrainLimits): number {
  const quietAt = Math.max(startedAt, lastRequestAt) + quietMs;
  const latest = startedAt + Math.max(quietMs, maxMs);
  return Math.max(0, Math.min(quietAt, latest) - now);
}
