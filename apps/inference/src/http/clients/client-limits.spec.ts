import { FakeClock } from '@pawl/shared/concurrency/test/fake-clock';
import { type ClientLimitOptions, ClientLimits } from './client-limits.ts';

const OFF: ClientLimitOptions = { maxConnections: 0, maxRequests: 0, maxBytesPerSecond: 0 };
const clock = new FakeClock();
const limits = (options: Partial<ClientLimitOptions> = {}) => new ClientLimits({ ...OFF, ...options }, clock);
const limited = expect.objectContaining({ code: 'CLIENT_LIMITED' }) as Error;
const start = (of: ClientLimits, key: string) => () => {
  of.started(key);
};

describe('ClientLimits', () => {
  it('limit nothing unless they are set', () => {
    const none = limits();
    for (let count = 0; count < 1_000; count += 1) {
      expect(none.connected('a')).toBe(true);
      none.started('a');
    }
    for (let count = 0; count < 1_000; count += 1) none.finished('a', 1e9);
    expect(start(none, 'a')).not.toThrow();
  });

  it('count connections of each client alone, and forget those that end', () => {
    const two = limits({ maxConnections: 2 });
    expect([two.connected('a'), two.connected('a'), two.connected('a'), two.connected('b')]).toEqual([
      true,
      true,
      false,
      true,
    ]);
    two.disconnected('a');
    expect(two.connected('a')).toBe(false);
    two.disconnected('a');
    two.disconnected('a');
    expect(two.connected('a')).toBe(true);
    expect(two.tooManyConnections().message).toContain('more than 2 connections');
  });

  it('count requests in flight of each client alone', () => {
    const one = limits({ maxRequests: 1 });
    one.started('a');
    expect(start(one, 'a')).toThrow(limited);
    expect(start(one, 'b')).not.toThrow();
    one.finished('a', 100);
    expect(start(one, 'a')).not.toThrow();
  });

  it('let a client send ten seconds of its rate at once, and then wait', async () => {
    const slow = limits({ maxBytesPerSecond: 1_000 });
    slow.started('a');
    slow.finished('a', 9_999);
    slow.started('a');
    slow.finished('a', 3_000);
    expect(start(slow, 'a')).toThrow(/more than 1000 bytes a second/);
    expect(start(slow, 'b')).not.toThrow();
    await clock.advance(2_900);
    expect(start(slow, 'a')).toThrow(limited);
    await clock.advance(200);
    expect(start(slow, 'a')).not.toThrow();
  });

  it('forget clients that do nothing, and no others', async () => {
    const some = limits({ maxBytesPerSecond: 1_000 });
    some.connected('stays');
    for (let index = 0; index < 9_999; index += 1) {
      some.started(`gone-${index}`);
      some.finished(`gone-${index}`, 100);
    }
    expect(some.size).toBe(10_000);
    await clock.advance(60_000);
    some.started('new');
    expect(some.size).toBe(2);
  });
});
