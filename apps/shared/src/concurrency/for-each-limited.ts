/**
 * Runs `work` for every item, at most `limit` at a time. The first failure aborts the signal that the others were
 * given, waits until they have ended (so that nothing writes behind the caller's back), and is thrown.
 */
export async function forEachLimited<Item>(
  items: readonly Item[],
  limit: number,
  work: (item: Item, signal: AbortSignal) => Promise<unknown>,
  signal?: AbortSignal,
): Promise<void> {
  signal?.throwIfAborted();
  const stop = new AbortController();
  const combined = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const queue = items.values();
  let failure: { readonly error: unknown } | undefined;
  const lane = async () => {
    // The lanes share one iterator: each takes the next item when it is free.
    for (const item of queue) {
      if (combined.aborted) return;
      try {
        await work(item, combined);
      } catch (error) {
        failure ??= { error };
        stop.abort(error);
        return;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
  if (failure !== undefined) throw failure.error;
  signal?.throwIfAborted();
}
