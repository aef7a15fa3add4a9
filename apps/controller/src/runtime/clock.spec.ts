import { sleep, startDeadline, systemClock } from './clock.ts';
import { FakeClock } from './test/fake-clock.ts';

describe('sleep', () => {
  it('tells that the time passed', async () => {
    const clock = new FakeClock();
    const slept = sleep(clock, 1000, new AbortController().signal);
    await clock.advance(1000);
    expect(await slept).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it('ends with the signal and leaves no timer', async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const slept = sleep(clock, 1000, controller.signal);
    controller.abort();
    expect(await slept).toBe(false);
    expect(clock.pending).toBe(0);
    expect(await sleep(clock, 1000, controller.signal)).toBe(false);
  });
});

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

  it('starts anew when extended, and lets go when done', async () => {
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
});

describe('systemClock', () => {
  it('schedules, cancels and never goes back', async () => {
    const before = systemClock.monotonic();
    let cancelledFired = false;
    const cancel = systemClock.schedule(1, () => {
      cancelledFired = true;
    });
    cancel();
    await new Promise<void>((resolve) => {
      systemClock.schedule(5, resolve);
    });
    expect(cancelledFired).toBe(false);
    expect(systemClock.monotonic()).toBeGreaterThanOrEqual(before);
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(60_000);
  });
});
