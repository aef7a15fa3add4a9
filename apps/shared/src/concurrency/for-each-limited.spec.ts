import { forEachLimited } from './for-each-limited.ts';

const gate = () => Promise.withResolvers<undefined>();

describe('forEachLimited', () => {
  it('works on every item, never on more than the limit', async () => {
    const done: number[] = [];
    let running = 0;
    let most = 0;
    await forEachLimited([1, 2, 3, 4, 5], 2, async (item) => {
      most = Math.max(most, ++running);
      await Promise.resolve();
      running -= 1;
      done.push(item);
    });
    expect([done.toSorted(), most]).toEqual([[1, 2, 3, 4, 5], 2]);
  });

  it('throws the first failure, after the work under way has ended, and begins no more', async () => {
    const slow = gate();
    const log: string[] = [];
    const all = forEachLimited(['slow', 'fails', 'never'], 2, async (item, signal) => {
      log.push(item);
      if (item === 'fails') throw new Error('first');
      await slow.promise;
      log.push(signal.aborted ? 'told to stop' : 'not told');
    });
    const ended = all.catch((error: unknown) => log.push(String(error)));
    await Promise.resolve();
    slow.resolve(undefined);
    await ended;
    expect(log).toEqual(['slow', 'fails', 'told to stop', 'Error: first']);
  });

  it('ends with the reason of the caller’s signal', async () => {
    const stop = new AbortController();
    const begun: number[] = [];
    const all = forEachLimited(
      [1, 2, 3],
      1,
      (item) => {
        begun.push(item);
        stop.abort(new Error('enough'));
        return Promise.resolve();
      },
      stop.signal,
    );
    await expect(all).rejects.toThrow('enough');
    expect(begun).toEqual([1]);
  });

  it('has nothing to do without items', async () => {
    await expect(forEachLimited([], 4, () => Promise.reject(new Error('called')))).resolves.toBeUndefined();
  });
});
