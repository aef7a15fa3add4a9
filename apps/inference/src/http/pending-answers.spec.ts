import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { PendingAnswers } from './pending-answers.ts';

/** An answer whose client reads when a test says so. */
class Answer extends EventEmitter {
  closed = false;

  destroy(): void {
    if (this.closed) return;
    this.closed = true;
    this.emit('close');
  }
}
const asResponse = (answer: Answer) => answer as unknown as ServerResponse;

function pending(maxEntries = 1_000) {
  const timers = new Set<() => void>();
  const clock = {
    schedule: (_ms: number, callback: () => void) => {
      timers.add(callback);
      return () => timers.delete(callback);
    },
  };
  return { timers, answers: new PendingAnswers({ maxEntries, timeoutMs: 1_000, clock }) };
}

describe('answers on their way', () => {
  it('are refused beyond the limit, until some have been read', () => {
    const { answers, timers } = pending();
    const [first, second] = [new Answer(), new Answer()];
    answers.add(600, asResponse(first));
    answers.add(400, asResponse(second));
    expect(() => {
      answers.add(1, asResponse(new Answer()));
    }).toThrow(/wait for their clients/);
    first.destroy();
    answers.add(600, asResponse(new Answer()));
    expect(timers.size).toBe(2);
  });

  it('are given up by the time that is allowed', () => {
    const { answers, timers } = pending();
    const slow = new Answer();
    answers.add(1_000, asResponse(slow));
    timers.forEach((fire) => {
      fire();
    });
    expect(slow.closed).toBe(true);
    answers.add(1_000, asResponse(new Answer()));
  });

  it('are let through one at a time, however long', () => {
    const { answers } = pending(10);
    answers.add(5_000, asResponse(new Answer()));
    expect(() => {
      answers.add(1, asResponse(new Answer()));
    }).toThrow();
  });

  it('cost nothing where the client has gone before', () => {
    const { answers, timers } = pending();
    const gone = new Answer();
    gone.destroy();
    for (let at = 0; at < 10; at++) answers.add(1_000, asResponse(gone));
    expect(timers.size).toBe(0);
    answers.add(1_000, asResponse(new Answer()));
  });
});
