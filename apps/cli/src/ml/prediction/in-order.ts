import { inBackground } from '@pawl/shared/concurrency/in-background';

/** How much {@link inOrder} does at once. */
export interface Pace {
  /** Items that are worked on at once, at least 1. */
  readonly limit: number;
  /** Results, finished or not, that may wait for an earlier one; bounds the memory of the finished ones. At least `limit`. */
  readonly ahead: number;
}

/**
 * Does `work` for every item, some at once, and gives the results in the order of the items. Where the reader stops, or a
 * result is a failure, no further item is begun, and what is under way has ended before the generator does.
 *
 * @throws the first failure by order.
 */
export async function* inOrder<Item, Result>(
  items: Iterable<Item>,
  { limit, ahead }: Pace,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const source = items[Symbol.iterator]();
  const results: Promise<Result>[] = [];
  let running = 0;
  /** Results that the reader waits for, no longer in `results`: 0 or 1. */
  let awaited = 0;
  let over = false;
  const fill = (): void => {
    while (!over && running < limit && results.length + awaited < ahead) {
      const next = source.next();
      if (next.done === true) {
        over = true;
        return;
      }
      running += 1;
      const result = work(next.value);
      results.push(result);
      const ended = result.finally(() => {
        running -= 1;
        fill();
      });
      // A failure is told when its turn comes.
      inBackground(ended, () => undefined);
    }
  };
  try {
    fill();
    for (let next = results.shift(); next !== undefined; next = results.shift()) {
      awaited = 1;
      const result = await next;
      awaited = 0;
      fill();
      yield result;
    }
  } finally {
    over = true;
    await Promise.allSettled(results);
  }
}
