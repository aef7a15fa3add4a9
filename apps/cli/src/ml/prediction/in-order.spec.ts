import { setImmediate as turn } from 'node:timers/promises';
import { inOrder } from './in-order.ts';

/** Work that ends when it is told to, and what of it has begun. */
function heldWork() {
  const begun: number[] = [];
  const ends = new Map<number, (result: Promise<string>) => void>();
  return {
    begun,
    work: (item: number) => {
      begun.push(item);
      return new Promise<string>((resolve) => ends.set(item, resolve));
    },
    end: async (item: number) => {
      ends.get(item)?.(Promise.resolve(`result ${item}`));
      await turn();
    },
    fail: async (item: number) => {
      ends.get(item)?.(Promise.reject(new Error(`failure ${item}`)));
      await turn();
    },
  };
}

async function collect<Value>(values: AsyncIterable<Value>): Promise<Value[]> {
  const all: Value[] = [];
  for await (const value of values) all.push(value);
  return all;
}

describe('inOrder', () => {
  const items = [0, 1, 2, 3, 4, 5, 6, 7];

  it('gives results in the order of the items, whichever is first', async () => {
    const { work, end } = heldWork();
    const all = collect(inOrder(items, { limit: 8, ahead: 8 }, work));
    await turn();
    for (const item of [7, 3, 0, 5, 1, 2, 6, 4]) await end(item);
    expect(await all).toEqual(items.map((item) => `result ${item}`));
  });

  it('works on no more at once than the limit, and no further ahead of the slowest', async () => {
    const { begun, work, end } = heldWork();
    const reader = inOrder(items, { limit: 2, ahead: 4 }, work);
    const first = reader.next();
    await turn();
    expect(begun).toEqual([0, 1]);
    await end(1);
    expect(begun).toEqual([0, 1, 2]);
    await end(2);
    await end(3);
    // Four results wait for the first, which is still worked on.
    expect(begun).toEqual([0, 1, 2, 3]);
    await end(0);
    expect(await first).toEqual({ done: false, value: 'result 0' });
    expect(begun).toEqual([0, 1, 2, 3, 4]);
    const ended = reader.return(undefined);
    await end(4);
    await ended;
  });

  it('throws the first failure by order, behind the results before it, and begins nothing more', async () => {
    const { begun, work, end, fail } = heldWork();
    const results: string[] = [];
    const reading = (async () => {
      for await (const result of inOrder(items, { limit: 3, ahead: 3 }, work)) results.push(result);
    })();
    const outcome = expect(reading).rejects.toThrow('failure 1');
    await turn();
    await fail(2);
    await fail(1);
    await end(0);
    // What is under way ends first.
    for (const item of [...begun]) await end(item);
    await outcome;
    expect(results).toEqual(['result 0']);
    expect(begun).not.toContain(items.at(-1));
  });

  it('waits for what is under way when the reader stops', async () => {
    const { begun, work, end } = heldWork();
    const reader = inOrder(items, { limit: 2, ahead: 2 }, work);
    const first = reader.next();
    await end(0);
    await first;
    let isOver = false;
    const over = reader.return(undefined).then(() => (isOver = true));
    await end(1);
    expect(isOver).toBe(false);
    await end(2);
    await over;
    expect(begun).toEqual([0, 1, 2]);
  });

  it('gives nothing for nothing', async () => {
    expect(await collect(inOrder([], { limit: 1, ahead: 1 }, () => Promise.reject(new Error('called'))))).toEqual([]);
  });
});
