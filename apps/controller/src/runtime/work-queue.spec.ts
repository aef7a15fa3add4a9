import { FakeClock } from '@pawl/shared/concurrency/test/fake-clock';
import { WorkQueue } from './work-queue.ts';

const setUp = (options = {}) => {
  const clock = new FakeClock();
  return { clock, queue: new WorkQueue({ clock, ...options }) };
};

/** The keys that are ready now, each given back at once. */
async function takeAll(queue: WorkQueue): Promise<string[]> {
  const keys: string[] = [];
  while (queue.depth > 0) {
    const key = (await queue.get())!;
    keys.push(key);
    queue.done(key);
  }
  return keys;
}

describe('WorkQueue', () => {
  it('hands out keys in the order they came, each once', async () => {
    const { queue } = setUp();
    for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key);
    expect(queue.depth).toBe(3);
    expect(await takeAll(queue)).toEqual(['a', 'b', 'c']);
  });

  it('gives a key to a worker that waits already', async () => {
    const { queue } = setUp();
    const first = queue.get();
    const second = queue.get();
    queue.add('a');
    queue.add('b');
    expect(await Promise.all([first, second])).toEqual(['a', 'b']);
    expect(queue.depth).toBe(0);
  });

  it('never gives a key to two workers, and brings it back once when it was added meanwhile', async () => {
    const { queue } = setUp();
    queue.add('a');
    await queue.get();
    queue.add('a');
    queue.add('a');
    expect(queue.depth).toBe(0);
    queue.done('a');
    expect(queue.depth).toBe(1);
    expect(await takeAll(queue)).toEqual(['a']);
  });

  it('lets the earliest of several delayed adds win', async () => {
    const { clock, queue } = setUp();
    queue.addAfter('a', 5000);
    queue.addAfter('a', 1000);
    queue.addAfter('a', 3000);
    expect(queue.delayed).toBe(1);
    await clock.advance(999);
    expect(queue.depth).toBe(0);
    await clock.advance(1);
    expect(await takeAll(queue)).toEqual(['a']);
    await clock.advance(10_000);
    expect(queue.depth).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('adds at once when the delay is not positive', () => {
    const { queue } = setUp();
    queue.addAfter('a', 0);
    queue.addAfter('b', -5);
    queue.addAfter('c', Number.NaN);
    expect(queue.depth).toBe(3);
  });

  it('waits longer than a timer of Node can', async () => {
    const { clock, queue } = setUp();
    const days = 24 * 3600_000;
    queue.addAfter('a', 60 * days);
    await clock.advance(59 * days);
    expect(queue.depth).toBe(0);
    await clock.advance(days);
    expect(queue.depth).toBe(1);
  });

  it('doubles the pause of a key that fails, up to the longest, and forgets', async () => {
    const { clock, queue } = setUp({ firstRetryMs: 500, lastRetryMs: 3000 });
    for (const pause of [500, 1000, 2000, 3000, 3000]) {
      queue.addRateLimited('a');
      await clock.advance(pause - 1);
      expect(queue.depth).toBe(0);
      await clock.advance(1);
      expect(await takeAll(queue)).toEqual(['a']);
    }
    expect(queue.retries('a')).toBe(5);
    queue.forget('a');
    expect(queue.retries('a')).toBe(0);
    queue.addRateLimited('a');
    await clock.advance(500);
    expect(queue.depth).toBe(1);
  });

  it('spreads the retries of many keys by the global bucket', async () => {
    const { clock, queue } = setUp({ firstRetryMs: 1, retriesPerSecond: 10, retryBurst: 2 });
    for (let index = 0; index < 5; index += 1) queue.addRateLimited(`key-${index}`);
    await clock.advance(1);
    expect(queue.depth).toBe(2);
    await clock.advance(99);
    expect(queue.depth).toBe(3);
    await clock.advance(200);
    expect(queue.depth).toBe(5);
    // Refilled after a rest.
    await clock.advance(10_000);
    queue.addRateLimited('later-1');
    queue.addRateLimited('later-2');
    await clock.advance(1);
    expect(queue.depth).toBe(7);
  });

  it('tells how long the oldest ready key has waited', async () => {
    const { clock, queue } = setUp();
    expect(queue.oldestMs).toBe(0);
    queue.add('a');
    await clock.advance(100);
    queue.add('b');
    await clock.advance(50);
    expect(queue.oldestMs).toBe(150);
  });

  it('drains: waiting workers end, new keys are refused, and the keys that workers hold are waited for', async () => {
    const { clock, queue } = setUp();
    queue.add('held');
    const held = await queue.get();
    const waiting = queue.get();
    queue.addAfter('later', 1000);
    let drained = false;
    const drain = queue.shutDownWithDrain().then(() => {
      drained = true;
    });
    expect(await waiting).toBeUndefined();
    queue.add('new');
    queue.addRateLimited('new');
    queue.add('held');
    await clock.advance(5000);
    expect(drained).toBe(false);
    queue.done(held!);
    await drain;
    expect(queue.depth).toBe(0);
    expect(await queue.get()).toBeUndefined();
    expect(clock.pending).toBe(0);
  });

  it('is drained at once when nobody works', async () => {
    const { queue } = setUp();
    queue.add('a');
    await queue.shutDownWithDrain();
    expect(await queue.get()).toBeUndefined();
  });
});
