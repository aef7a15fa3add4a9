import { setImmediate as nextTurn } from 'node:timers/promises';
import { FakeClock } from '@pawl/shared/concurrency/test/fake-clock';
import { FeedbackTurns, type Pause } from './feedback-turns.ts';

const overloaded = expect.objectContaining({ code: 'OVERLOADED' }) as Error;

let clock: FakeClock;
let isBusy: boolean;
let turns: FeedbackTurns;
beforeEach(() => {
  clock = new FakeClock();
  isBusy = false;
  turns = new FeedbackTurns({ maxWaitingBytes: 100, clock, isBusy: () => isBusy });
});

/** Work on a body that ends when a test says so. */
function aBody(bytes: number) {
  const end = Promise.withResolvers<string>();
  let pause: Pause | undefined;
  const answer = turns.take(bytes, (given) => {
    pause = given;
    return end.promise;
  });
  answer.catch(() => undefined);
  return {
    answer,
    end: () => {
      end.resolve('done');
    },
    fail: () => {
      end.reject(new Error('it broke'));
    },
    get pause() {
      return pause;
    },
  };
}

describe('the turns of feedback', () => {
  it('come one after the other, also after one that failed', async () => {
    const [first, second, third] = [aBody(10), aBody(10), aBody(10)];
    await clock.settle();
    expect([first, second, third].map(({ pause }) => pause !== undefined)).toEqual([true, false, false]);
    first.fail();
    await expect(first.answer).rejects.toThrow('it broke');
    await clock.settle();
    expect(second.pause).toBeDefined();
    expect(third.pause).toBeUndefined();
    second.end();
    await expect(second.answer).resolves.toBe('done');
    await clock.settle();
    expect(third.pause).toBeDefined();
  });

  it('let others run in a pause, and take no time where no prediction waits', async () => {
    const body = aBody(10);
    await clock.settle();
    let othersRan = false;
    void nextTurn().then(() => {
      othersRan = true;
    });
    await body.pause?.();
    expect(othersRan).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it('have a hundredth of a core while predictions wait', async () => {
    isBusy = true;
    const body = aBody(10);
    await clock.settle();
    await clock.advance(2);
    let rested = false;
    void body.pause?.().then(() => {
      rested = true;
    });
    await clock.advance(197);
    expect(rested).toBe(false);
    await clock.advance(1);
    expect(rested).toBe(true);
  });

  it('rest after a body as well, which its answer does not wait for and the next body does', async () => {
    isBusy = true;
    const [first, second] = [aBody(10), aBody(10)];
    await clock.settle();
    await clock.advance(1);
    first.end();
    await expect(first.answer).resolves.toBe('done');
    await clock.advance(98);
    expect(second.pause).toBeUndefined();
    await clock.advance(1);
    expect(second.pause).toBeDefined();
  });

  it('are refused while predictions wait, where more bytes would wait than may, but for a single body', async () => {
    isBusy = true;
    const large = aBody(1_000);
    await expect(aBody(1).answer).rejects.toEqual(overloaded);
    expect(() => {
      turns.assertRoom(0);
    }).toThrow(overloaded);
    large.end();
    await large.answer;
    const body = aBody(60);
    turns.assertRoom(40);
    await expect(aBody(41).answer).rejects.toEqual(overloaded);
    isBusy = false;
    turns.assertRoom(41);
    body.end();
  });
});
