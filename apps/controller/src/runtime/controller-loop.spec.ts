import { ApiError, ApiUnreachable } from '@pawl/shared/kubernetes/api-error';
import { ControllerLoop, type NextReconcile, type ReconcileOutcome, Waiting } from './controller-loop.ts';
import { FakeClock } from '@pawl/shared/concurrency/test/fake-clock';
import { MemoryLogger } from './test/fake-objects.ts';
import { WorkQueue } from './work-queue.ts';

type Reconcile = (key: string, signal: AbortSignal) => Promise<NextReconcile>;

function setUp(reconcile: Reconcile, { workers = 1, timeoutMs = 30_000 } = {}) {
  const clock = new FakeClock();
  const queue = new WorkQueue({ clock });
  const logger = new MemoryLogger();
  const outcomes: ReconcileOutcome[] = [];
  const failures: string[] = [];
  const metrics = {
    reconciled: (outcome: ReconcileOutcome) => outcomes.push(outcome),
    failed: (reason: string) => failures.push(reason),
  };
  const loop = new ControllerLoop({ queue, workers, reconcile, timeoutMs, logger, metrics, clock });
  const stop = new AbortController();
  const abandon = new AbortController();
  const running = loop.run(stop.signal, abandon.signal);
  return { clock, queue, logger, outcomes, failures, loop, stop, abandon, running };
}

describe('ControllerLoop', () => {
  const cases: Record<
    string,
    {
      outcome: NextReconcile | Error;
      label: ReconcileOutcome;
      failure?: string;
      againAfterMs?: number;
      logged?: string;
    }
  > = {
    'success is not repeated': { outcome: {}, label: 'success' },
    'a plan for later is kept': { outcome: { requeueAfterMs: 7000 }, label: 'requeue_after', againAfterMs: 7000 },
    'a waiting key comes back when it said': {
      outcome: new Waiting('NotYet', 'The pods start.', 3000),
      label: 'waiting',
      againAfterMs: 3000,
      logged: 'info',
    },
    'a conflict comes back soon and is no error': {
      outcome: new ApiError(409, 'Conflict', 'changed'),
      label: 'conflict',
      againAfterMs: 500,
      logged: 'debug',
    },
    'an unreachable server is tried again': {
      outcome: new ApiUnreachable('cut'),
      label: 'error',
      failure: 'unreachable',
      againAfterMs: 500,
      logged: 'error',
    },
    'a refusal is tried again': {
      outcome: new ApiError(403, 'Forbidden', 'no'),
      label: 'error',
      failure: 'api_403',
      againAfterMs: 500,
      logged: 'error',
    },
    'a bug is tried again': {
      outcome: new TypeError('undefined is not a function'),
      label: 'error',
      failure: 'unexpected',
      againAfterMs: 500,
      logged: 'error',
    },
  };
  it.each(Object.entries(cases))('%s', async (_title, { outcome, label, failure, againAfterMs, logged }) => {
    let runs = 0;
    const { clock, queue, outcomes, failures, logger, stop, running } = setUp(() => {
      runs += 1;
      return outcome instanceof Error ? Promise.reject(outcome) : Promise.resolve(outcome);
    });
    queue.add('ns/a');
    await clock.settle();
    expect(runs).toBe(1);
    expect(outcomes).toEqual([label]);
    expect(failures).toEqual(failure === undefined ? [] : [failure]);
    expect(logger.entries.map(({ level }) => level)).toEqual(logged === undefined ? [] : [logged]);
    if (againAfterMs === undefined) {
      expect(queue.delayed).toBe(0);
    } else {
      await clock.advance(againAfterMs - 1);
      expect(runs).toBe(1);
      await clock.advance(1);
      expect(runs).toBe(2);
    }
    stop.abort();
    await running;
  });

  it('resets the backoff after a success', async () => {
    const results: (NextReconcile | Error)[] = [
      new Error('1'),
      new Error('2'),
      { requeueAfterMs: 10_000 },
      new Error('3'),
    ];
    let runs = 0;
    const { clock, queue, stop, running } = setUp(() => {
      runs += 1;
      const result = results.shift() ?? {};
      return result instanceof Error ? Promise.reject(result) : Promise.resolve(result);
    });
    queue.add('a');
    await clock.advance(500 + 1000);
    expect(runs).toBe(3);
    expect(queue.retries('a')).toBe(0);
    await clock.advance(10_000);
    expect(runs).toBe(4);
    await clock.advance(500);
    expect(runs).toBe(5);
    stop.abort();
    await running;
  });

  it('aborts a reconcile that takes too long and tries it again', async () => {
    const { clock, queue, failures, loop, stop, running } = setUp(
      (_key, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reject(signal.reason as Error);
          });
        }),
      { timeoutMs: 1000 },
    );
    queue.add('a');
    await clock.advance(900);
    expect(loop.longestRunningMs).toBe(900);
    await clock.advance(100);
    expect(failures).toEqual(['timeout']);
    expect(loop.longestRunningMs).toBe(0);
    expect(queue.delayed).toBe(1);
    stop.abort();
    await running;
  });

  it('never works on one key twice at once, with any number of workers', async () => {
    const active = new Set<string>();
    let overlaps = 0;
    let most = 0;
    const { clock, queue, stop, running } = setUp(
      async (key) => {
        if (active.has(key)) overlaps += 1;
        active.add(key);
        most = Math.max(most, active.size);
        await clockHolder.clock?.settle();
        active.delete(key);
        return {};
      },
      { workers: 3 },
    );
    const clockHolder: { clock?: FakeClock } = { clock };
    for (let round = 0; round < 20; round += 1) {
      for (const key of ['a', 'b', 'c', 'd']) queue.add(key);
      await clock.settle();
    }
    await clock.advance(10);
    expect(overlaps).toBe(0);
    expect(most).toBe(3);
    stop.abort();
    await running;
  });

  it('finishes the reconciles in work when it stops, and begins no others', async () => {
    const finish = Promise.withResolvers<NextReconcile>();
    const started: string[] = [];
    let aborted = false;
    const { clock, queue, stop, running } = setUp((key, signal) => {
      started.push(key);
      signal.addEventListener('abort', () => {
        aborted = true;
      });
      return finish.promise;
    });
    queue.add('a');
    queue.add('b');
    await clock.settle();
    stop.abort();
    let ended = false;
    const end = running.then(() => {
      ended = true;
    });
    await clock.settle();
    expect(ended).toBe(false);
    expect(aborted).toBe(false);
    finish.resolve({});
    await end;
    expect(started).toEqual(['a']);
  });

  it('aborts the reconciles in work when the lease is lost', async () => {
    const { clock, queue, stop, abandon, running } = setUp(
      (_key, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reject(signal.reason as Error);
          });
        }),
    );
    queue.add('a');
    await clock.settle();
    abandon.abort(new Error('lost'));
    stop.abort();
    await running;
  });

  it('ends at once when it is told to stop before it starts', async () => {
    const queue = new WorkQueue({ clock: new FakeClock() });
    const reconcile = () => Promise.resolve({});
    const loop = new ControllerLoop({ queue, workers: 2, reconcile, timeoutMs: 1, logger: new MemoryLogger() });
    await loop.run(AbortSignal.abort());
    expect(queue.shuttingDown).toBe(true);
  });
});
