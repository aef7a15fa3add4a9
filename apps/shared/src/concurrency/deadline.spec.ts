import { startDeadline, withinMs } from './deadline.ts';
import { FakeClock } from './test/fake-clock.ts';

describe('startDeadline', () => {
  it('aborts as a timeout when the time is over', async () => {
    const clock = new FakeClock();
    const deadline = startDeadline(clock, 1000);
    await clock.advance(999);
    expect(deadline.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(deadline.expired).toBe(true);
    expect((deadline.signal.reason as Error).name).toBe('TimeoutError');
  });

  it('follows each parent with its reason, also one that is aborted already', () => {
    const clock = new FakeClock();
    const parent = new AbortController();
    const deadline = startDeadline(clock, 1000, undefined, parent.signal);
    const reason = new Error('enough');
    parent.abort(reason);
    expect(deadline.signal.reason).toBe(reason);
    expect(deadline.expired).toBe(false);
    expect(startDeadline(clock, 1000, parent.signal).signal.reason).toBe(reason);
  });

  it('starts again when extended, and lets go when done', async () => {
    const clock = new FakeClock();
    const parent = new AbortController();
    const deadline = startDeadline(clock, 1000, parent.signal);
    await clock.advance(900);
    deadline.extend();
    await clock.advance(900);
    expect(deadline.signal.aborted).toBe(false);
    deadline.done();
    await clock.advance(5000);
    parent.abort();
    expect(deadline.signal.aborted).toBe(false);
    expect(clock.pending).toBe(0);
  });

  it('hears its parents after the timer is disarmed', async () => {
    const clock = new FakeClock();
    const parent = new AbortController();
    const deadline = startDeadline(clock, 1000, parent.signal);
    deadline.disarm();
    await clock.advance(5000);
    expect(deadline.signal.aborted).toBe(false);
    parent.abort();
    expect(deadline.signal.aborted).toBe(true);
  });

  it('aborts with the reason that it was given', async () => {
    const clock = new FakeClock();
    const late = new Error('the store is silent');
    const { signal } = startDeadline(clock, { ms: 10, reason: () => late });
    await clock.advance(10);
    expect(signal.reason).toBe(late);
  });
});

describe('withinMs', () => {
  it('aborts with its parent', () => {
    const parent = new AbortController();
    const signal = withinMs(60_000, parent.signal);
    const reason = new Error('enough');
    parent.abort(reason);
    expect(signal.reason).toBe(reason);
  });

  it('aborts by itself when the time is over', async () => {
    const signal = withinMs(1);
    await new Promise((resolve) => {
      signal.addEventListener('abort', resolve);
      // The timer of AbortSignal.timeout keeps no process alive.
      const alive = setInterval(() => undefined, 1000);
      signal.addEventListener('abort', () => {
        clearInterval(alive);
      });
    });
    expect((signal.reason as Error).name).toBe('TimeoutError');
  });
});
