import { Semaphore } from './semaphore.ts';

const gate = () => Promise.withResolvers<undefined>();

describe('Semaphore', () => {
  it('lets so many run, and the others in the order in which they came', async () => {
    const semaphore = new Semaphore(2);
    const log: string[] = [];
    const gates = [gate(), gate(), gate(), gate()];
    const all = gates.map((each, index) =>
      semaphore.run(async () => {
        log.push(`begin ${index}`);
        await each.promise;
      }),
    );
    await Promise.resolve();
    expect(log).toEqual(['begin 0', 'begin 1']);
    gates[1]?.resolve(undefined);
    await all[1];
    gates[2]?.resolve(undefined);
    await all[2];
    gates[0]?.resolve(undefined);
    gates[3]?.resolve(undefined);
    await Promise.all(all);
    expect(log).toEqual(['begin 0', 'begin 1', 'begin 2', 'begin 3']);
    expect(semaphore.isIdle).toBe(true);
  });

  it('goes on after a failure, which is thrown to whose it is', async () => {
    const semaphore = new Semaphore(1);
    const fails = semaphore.run(() => Promise.reject(new Error('mine')));
    const works = semaphore.run(() => Promise.resolve('done'));
    await expect(fails).rejects.toThrow('mine');
    expect(await works).toBe('done');
  });

  it('forgets one whose signal aborts while it waits', async () => {
    const semaphore = new Semaphore(1);
    const held = gate();
    const stop = new AbortController();
    const first = semaphore.run(() => held.promise);
    const begun: string[] = [];
    const given = semaphore.run(() => Promise.resolve(begun.push('second')), stop.signal);
    const third = semaphore.run(() => Promise.resolve(begun.push('third')));
    stop.abort(new Error('enough'));
    await expect(given).rejects.toThrow('enough');
    held.resolve(undefined);
    await Promise.all([first, third]);
    expect(begun).toEqual(['third']);
    await expect(semaphore.run(() => Promise.resolve(), stop.signal)).rejects.toThrow('enough');
    expect(semaphore.isIdle).toBe(true);
  });

  it('passes on a turn that came in the moment of the abort', async () => {
    const semaphore = new Semaphore(1);
    const held = gate();
    const stop = new AbortController();
    const first = semaphore.run(() => held.promise).then(() => undefined);
    const second = semaphore.run(() => Promise.resolve('second'), stop.signal).catch(() => 'given up');
    const third = semaphore.run(() => Promise.resolve('third'));
    stop.abort(new Error('enough'));
    held.resolve(undefined);
    expect(await Promise.all([first, second, third])).toEqual([undefined, 'given up', 'third']);
    expect(semaphore.isIdle).toBe(true);
  });
});
