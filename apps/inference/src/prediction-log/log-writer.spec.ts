import { PawlError } from '@pawl/shared/errors/pawl-error';
import { FakeClock } from '@pawl/shared/concurrency/test/fake-clock';
import { FakeLogger } from '../../test/support/fake-logger.ts';
import { type LogBatch, type LogLimits, type LogOutcome, type LogSink, LogWriter } from './log-writer.ts';

const limits: LogLimits = {
  queueBytes: 1_000,
  batchBytes: 30,
  batchAgeMs: 60_000,
  timeoutMs: 10_000,
  retry: { attempts: 3, initialDelayMs: 500, maxDelayMs: 5_000 },
};
const line = 'ten bytes';

/** A sink whose every try does what `behave` says, and a writer in front of it. */
function aWriter(behave: (signal: AbortSignal) => Promise<void>, change: Partial<LogLimits> = {}) {
  const clock = new FakeClock();
  const logger = new FakeLogger();
  const counts: Record<LogOutcome, number> = { written: 0, dropped: 0, failed: 0 };
  const tried: LogBatch[] = [];
  const sink: LogSink = {
    display: 's3://bucket/prefix',
    prepare: (batch) =>
      Promise.resolve(async (signal) => {
        tried.push(batch);
        await behave(signal);
      }),
    close: () => undefined,
  };
  const count = (outcome: LogOutcome, lines: number): void => {
    counts[outcome] += lines;
  };
  const writer = new LogWriter(sink, { ...limits, ...change }, { clock, logger, count });
  const add = (lines: number): void => {
    for (let i = 0; i < lines; i += 1) writer.add(line);
  };
  return { writer, add, clock, logger, counts, tried };
}

const taken = () => Promise.resolve();
const never = () => new Promise<void>(() => undefined);
const away = () => Promise.reject(new PawlError('BUNDLE_STORE_UNREACHABLE', { message: 'HTTP 503' }));
const forbidden = () => Promise.reject(new PawlError('BUNDLE_ACCESS_DENIED', { message: 'HTTP 403' }));

describe('LogWriter', () => {
  it('writes lines together when they are many, and otherwise when they are old', async () => {
    const { add, clock, counts, tried, writer } = aWriter(taken);
    add(4);
    await clock.settle();
    expect(tried.map(({ lines, number }) => [lines.length, number])).toEqual([[3, 1]]);
    await clock.advance(59_999);
    expect(tried).toHaveLength(1);
    await clock.advance(1);
    expect(tried[1]).toMatchObject({ lines: [`${line}\n`], number: 2, begunAt: Date.UTC(2024, 0, 1) });
    expect([counts, writer.waiting]).toEqual([{ written: 4, dropped: 0, failed: 0 }, 0]);
  });

  it('drops what it has no room for, behind a sink that hangs and ignores its signal', () => {
    const { add, counts, writer } = aWriter(never);
    add(150);
    expect([counts.dropped, writer.waiting]).toEqual([50, 100]);
  });

  it('has room again when the sink took or lost what was there', async () => {
    const { add, clock, counts, writer, tried } = aWriter(forbidden);
    add(100);
    await clock.advance(60_000);
    add(1);
    expect([counts, writer.waiting]).toEqual([{ written: 0, dropped: 0, failed: 100 }, 1]);
    // What refuses is not asked again about the same.
    expect(new Set(tried.map(({ number }) => number)).size).toBe(tried.length);
  });

  it('tries a store that is away three times', async () => {
    const { add, clock, counts, tried } = aWriter(away);
    add(3);
    await clock.advance(5_000);
    expect([tried.map(({ number }) => number), counts.failed]).toEqual([[1, 1, 1], 3]);
  });

  it('gives up a try that takes too long, and tries again', async () => {
    const { add, clock, counts, tried } = aWriter(never);
    add(3);
    await clock.advance(10_000);
    expect(tried).toHaveLength(1);
    await clock.advance(500);
    expect(tried).toHaveLength(2);
    await clock.advance(30_000);
    expect([tried.length, counts.failed]).toEqual([3, 3]);
  });

  it('tells of an outage once, and of its end', async () => {
    let behave: (signal: AbortSignal) => Promise<void> = forbidden;
    const { add, clock, logger } = aWriter((signal) => behave(signal));
    add(6);
    await clock.settle();
    await clock.settle();
    expect(logger.messages('warn')).toEqual(['the prediction log loses lines, predictions go on | HTTP 403']);
    behave = taken;
    add(3);
    await clock.settle();
    expect(logger.messages('info')).toEqual(['the prediction log is written again']);
  });

  it('writes what is there at the end', async () => {
    const { add, counts, writer, clock } = aWriter(taken);
    add(2);
    await writer.close(5_000);
    expect([counts.written, clock.pending]).toEqual([2, 0]);
    add(1);
    expect(counts.dropped).toBe(1);
  });

  it('ends in time although the sink hangs, and counts what is lost', async () => {
    const { add, clock, counts, writer } = aWriter(never);
    add(7);
    const closed = writer.close(5_000);
    await clock.advance(5_000);
    await closed;
    expect([counts, writer.waiting]).toEqual([{ written: 0, dropped: 7, failed: 0 }, 0]);
  });

  it('survives a sink that cannot make anything of a batch', async () => {
    const clock = new FakeClock();
    const counts: string[] = [];
    const sink: LogSink = { display: '', prepare: () => Promise.reject(new Error('zlib')), close: () => undefined };
    const writer = new LogWriter(sink, limits, {
      clock,
      logger: new FakeLogger(),
      count: (outcome, lines) => counts.push(`${outcome} ${lines}`),
    });
    for (let i = 0; i < 3; i += 1) writer.add(line);
    await clock.settle();
    expect(counts).toEqual(['failed 3']);
  });
});
