import { PawlError } from '../errors/pawl-error.ts';
import { retryClock, retryDelayMs, withRetry } from './retry.ts';
import { FakeClock } from './test/fake-clock.ts';
import { instantClock, rejection } from '@pawl/test-kit/bundles';

const policy = { attempts: 3, initialDelayMs: 100, maxDelayMs: 300 };
const signal = new AbortController().signal;
const transient = () => new PawlError('BUNDLE_STORE_UNREACHABLE', { message: 'down' });

describe('retryDelayMs', () => {
  it.each([
    [1, 0, 50],
    [1, 0.999999, 100],
    [2, 0.5, 150],
    [3, 0, 150],
    [2000, 0.999999, 300],
  ])('after %d failures in a row with chance %d is %d ms', (failures, random, expected) => {
    expect(retryDelayMs(policy, failures, () => random)).toBe(expected);
  });
});

describe('withRetry', () => {
  it('tries a transient failure again, with growing pauses, and gives up after the attempts', async () => {
    const clock = instantClock();
    let calls = 0;
    const attempt = () => Promise.reject(++calls === 99 ? new Error() : transient());
    expect(await rejection(withRetry(policy, clock, signal, attempt))).toMatchObject({ message: 'down' });
    expect([calls, clock.pauses]).toEqual([3, [75, 150]]);
  });

  it.each([new PawlError('BUNDLE_NOT_FOUND', { message: 'none' }), new TypeError('a bug')])(
    'does not try %s again',
    async (failure) => {
      let calls = 0;
      const attempt = () => (++calls, Promise.reject(failure));
      expect(await rejection(withRetry(policy, instantClock(), signal, attempt))).toBe(failure);
      expect(calls).toBe(1);
    },
  );

  it('starts counting again after progress', async () => {
    let calls = 0;
    const result = withRetry(policy, instantClock(), signal, (progress) => {
      progress();
      return ++calls < 10 ? Promise.reject(transient()) : Promise.resolve('done');
    });
    expect(await result).toBe('done');
  });

  it('ends with the signal’s reason during a pause', async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    const reason = new Error('enough');
    const slow = { attempts: 9, initialDelayMs: 60_000, maxDelayMs: 60_000 };
    const failing = withRetry(slow, retryClock(clock), stop.signal, () => Promise.reject(transient()));
    const ended = rejection(failing);
    await clock.advance(1000);
    stop.abort(reason);
    expect(await ended).toBe(reason);
    expect(clock.pending).toBe(0);
  });

  it('asks whoever knows better whether, and after how long, another attempt may help', async () => {
    const clock = instantClock();
    const failures = [503, 429, 404];
    const attempt = () => Promise.reject(new Error(String(failures.shift())));
    const mayHelp = (error: unknown) => {
      const { message } = error as Error;
      return message === '429' ? 7000 : message === '503';
    };
    const lenient = { ...policy, attempts: 9 };
    await expect(withRetry(lenient, clock, signal, attempt, mayHelp)).rejects.toThrow('404');
    expect(clock.pauses).toEqual([75, 7000]);
  });
});
