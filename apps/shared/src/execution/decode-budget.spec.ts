import { DecodeBudget } from './decode-budget.ts';

const budget = (maxWaiting = 10) => new DecodeBudget({ allowanceBytes: 10, sharedBytes: 100 }, maxWaiting);

/** Follows a promise: whether it has resolved after everything that was due has run. */
async function isDone(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  void promise.then(
    () => (done = true),
    () => undefined,
  );
  await new Promise(setImmediate);
  return done;
}

describe('DecodeBudget', () => {
  it('a picture within the allowance never waits, whatever is lent and however many wait', async () => {
    const memory = budget();
    await memory.acquire(110);
    const heavy = memory.acquire(50);
    expect(await isDone(memory.acquire(10))).toBe(true);
    expect(await isDone(heavy)).toBe(false);
    expect(memory.borrowedBytes).toBe(100);
  });

  it('lends no more than there is, and gives on what comes back', async () => {
    const memory = budget();
    const [release] = [await memory.acquire(70), await memory.acquire(50)];
    const third = memory.acquire(20);
    expect([await isDone(third), memory.borrowedBytes, memory.waiting]).toEqual([false, 100, 1]);
    release();
    expect([await isDone(third), memory.borrowedBytes, memory.waiting]).toEqual([true, 50, 0]);
  });

  it('is first come, first served: a smaller one does not overtake a large one', async () => {
    const memory = budget();
    const release = await memory.acquire(60);
    const [large, smaller] = [memory.acquire(110), memory.acquire(20)];
    expect([await isDone(large), await isDone(smaller)]).toEqual([false, false]);
    release();
    expect([await isDone(large), await isDone(smaller)]).toEqual([true, false]);
    (await large)();
    expect(await isDone(smaller)).toBe(true);
  });

  it('one that is no longer wanted leaves, and lets those behind it pass', async () => {
    const memory = budget();
    await memory.acquire(60);
    const gone = new AbortController();
    const [large, smaller] = [memory.acquire(110, gone.signal), memory.acquire(20)];
    gone.abort(new Error('went away'));
    await expect(large).rejects.toThrow('went away');
    expect([await isDone(smaller), memory.waiting, memory.borrowedBytes]).toEqual([true, 0, 60]);
    await expect(memory.acquire(20, gone.signal)).rejects.toThrow('went away');
  });

  it('a turn that comes as its picture leaves is not lost', async () => {
    const memory = budget();
    const release = await memory.acquire(110);
    const gone = new AbortController();
    const leaving = memory.acquire(110, gone.signal);
    release();
    gone.abort(new Error('went away'));
    await leaving.then(
      (giveBack) => {
        giveBack();
      },
      () => undefined,
    );
    expect(memory.borrowedBytes).toBe(0);
  });

  it('what is given back twice counts once', async () => {
    const memory = budget();
    const release = await memory.acquire(60);
    release();
    release();
    expect(memory.borrowedBytes).toBe(0);
  });

  it('refuses when too many wait', async () => {
    const memory = budget(1);
    await memory.acquire(110);
    void memory.acquire(110);
    await expect(memory.acquire(110)).rejects.toMatchObject({ code: 'OVERLOADED' });
  });
});
