import { sleep, systemClock } from './clock.ts';
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
