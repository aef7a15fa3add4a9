import type { Clock } from '@pawl/shared/concurrency/clock';
import { FakeClock } from '@pawl/shared/concurrency/test/fake-clock';
import type { PawlError } from '@pawl/shared/errors/pawl-error';
import { watchRate } from './minimum-rate.ts';

const errors: PawlError[] = [];
let received: number;
let clock: FakeClock;
const upload = { received: () => received };
const watch = (bytesPerSecond: number, by: Clock = clock) =>
  watchRate(by, bytesPerSecond, upload, (error) => errors.push(error));

beforeEach(() => {
  errors.length = 0;
  received = 0;
  clock = new FakeClock();
});

describe('watchRate', () => {
  it('lets an upload of the rate go on, in one burst a period or in drops', async () => {
    watch(1_000);
    for (let period = 0; period < 4; period += 1) {
      received += 5_000;
      await clock.advance(5_000);
    }
    expect(errors).toEqual([]);
  });

  it('ends one that stalls, once, and says how fast it was', async () => {
    watch(1_000);
    received = 9_000_000;
    await clock.advance(5_000);
    received += 4_000;
    await clock.advance(60_000);
    expect(errors.map(({ code, message }) => [code, message])).toEqual([
      ['UPLOAD_TIMEOUT', 'The body arrived at 800 bytes a second over 5 s; at least 1000 are expected.'],
    ]);
  });

  it('ends nothing after it was stopped, and nothing without a rate', async () => {
    watch(1_000)();
    watch(0);
    await clock.advance(60_000);
    expect([errors, clock.pending]).toEqual([[], 0]);
  });

  it('does not blame the client for a time in which the process stood still', async () => {
    // The timer fires late, before what arrived meanwhile is read.
    const late: Clock = { now: () => 0, monotonic: () => clock.monotonic() * 4, schedule: clock.schedule.bind(clock) };
    watch(1_000, late);
    await clock.advance(5_000);
    expect(errors).toEqual([]);
  });
});
