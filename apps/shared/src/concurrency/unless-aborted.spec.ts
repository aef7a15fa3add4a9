import { unlessAborted } from './unless-aborted.ts';

const never = new Promise<never>(() => undefined);

describe('unlessAborted', () => {
  it('is the promise while the signal is quiet', async () => {
    const { signal } = new AbortController();
    expect(await unlessAborted(Promise.resolve(7), signal)).toBe(7);
    await expect(unlessAborted(Promise.reject(new Error('own')), signal)).rejects.toThrow('own');
  });

  it('is rejected with the reason when the signal aborts', async () => {
    const stop = new AbortController();
    const waiting = unlessAborted(never, stop.signal);
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(unlessAborted(never, stop.signal)).rejects.toThrow('enough');
  });

  it('leaves a later rejection of the promise unheard', async () => {
    const stop = new AbortController();
    const late = Promise.withResolvers<never>();
    const waiting = unlessAborted(late.promise, stop.signal);
    stop.abort(new Error('enough'));
    late.reject(new Error('too late'));
    await expect(waiting).rejects.toThrow('enough');
  });
});
