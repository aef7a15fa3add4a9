import { ApiError, ApiUnreachable } from '@pawl/shared/kubernetes/api-error';
import type { KubernetesEvent } from '@pawl/shared/kubernetes/objects';
import { EventRecorder } from './events.ts';
import type { KubeObject } from '@pawl/shared/kubernetes/kube-object';
import { aThing } from '@pawl/shared/kubernetes/test/things';
import { MemoryLogger } from './test/fake-objects.ts';
import { FakeClock } from '@pawl/shared/concurrency/test/fake-clock';

type Stored = KubernetesEvent & Record<string, unknown>;

function setUp(stored = new Map<string, Stored>(), clock = new FakeClock()) {
  const logger = new MemoryLogger();
  const state = { fault: undefined as Error | undefined, hangs: false, writes: 0 };
  const begin = async (signal: AbortSignal | undefined): Promise<void> => {
    await Promise.resolve();
    if (state.hangs)
      await new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => {
          reject(signal.reason as Error);
        });
      });
    if (state.fault !== undefined) throw state.fault;
    state.writes += 1;
  };
  const client = {
    create: async <T extends KubeObject>(
      _type: unknown,
      object: object,
      options?: { signal?: AbortSignal | undefined },
    ) => {
      await begin(options?.signal);
      const event = object as Stored;
      if (stored.has(event.metadata.name)) throw new ApiError(409, 'AlreadyExists', 'exists');
      stored.set(event.metadata.name, event);
      return event as unknown as T;
    },
    get: <T extends KubeObject>(_type: unknown, _namespace: string | undefined, name: string) =>
      Promise.resolve(stored.get(name) as unknown as T | undefined),
    mergePatch: async <T extends KubeObject>(
      _type: unknown,
      _namespace: string | undefined,
      name: string,
      patch: object,
      options?: { signal?: AbortSignal | undefined },
    ) => {
      await begin(options?.signal);
      const event = stored.get(name);
      if (event === undefined) throw new ApiError(404, 'NotFound', 'none');
      stored.set(name, { ...event, ...patch });
      return stored.get(name) as unknown as T;
    },
  };
  const recorder = new EventRecorder({ client, component: 'pawl', instance: 'pod-1', logger, clock });
  return { clock, logger, state, stored, recorder };
}

const thing: KubeObject = { ...aThing('a'), metadata: { name: 'a', namespace: 'ns', uid: 'u', resourceVersion: '5' } };

describe('EventRecorder', () => {
  it('writes what kubectl describe shows', async () => {
    const { clock, stored, recorder } = setUp();
    recorder.record(thing, 'Normal', 'RolledOut', 'The digest serves.');
    await clock.settle();
    const [event] = [...stored.values()];
    expect(event).toMatchObject({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { namespace: 'ns' },
      involvedObject: { apiVersion: 'pawl.test/v1', kind: 'Thing', name: 'a', namespace: 'ns', uid: 'u' },
      type: 'Normal',
      reason: 'RolledOut',
      message: 'The digest serves.',
      source: { component: 'pawl' },
      reportingComponent: 'pawl',
      reportingInstance: 'pod-1',
      firstTimestamp: '2024-01-01T00:00:00Z',
      lastTimestamp: '2024-01-01T00:00:00Z',
      count: 1,
    });
    expect(event!.metadata.name).toMatch(/^a\.[0-9a-f]{16}$/);
  });

  it('counts repetitions within ten minutes instead of writing more events', async () => {
    const { clock, stored, recorder } = setUp();
    for (let round = 0; round < 3; round += 1) {
      recorder.record(thing, 'Warning', 'Failed', 'It failed.');
      await clock.advance(60_000);
    }
    expect([...stored.values()]).toMatchObject([
      { count: 3, firstTimestamp: '2024-01-01T00:00:00Z', lastTimestamp: '2024-01-01T00:02:00Z' },
    ]);
    recorder.record(thing, 'Warning', 'Failed', 'It failed otherwise.');
    await clock.advance(11 * 60_000);
    recorder.record(thing, 'Warning', 'Failed', 'It failed.');
    await clock.settle();
    expect(stored.size).toBe(3);
  });

  it('puts what happens faster than it writes into one write', async () => {
    const { clock, stored, state, recorder } = setUp();
    for (let round = 0; round < 5; round += 1) recorder.record(thing, 'Warning', 'Failed', 'It failed.');
    await clock.settle();
    expect([...stored.values()][0]!.count).toBe(5);
    expect(state.writes).toBe(1);
  });

  it('continues the series of an earlier run', async () => {
    const first = setUp();
    first.recorder.record(thing, 'Normal', 'Waiting', 'It waits.');
    await first.clock.settle();
    const second = setUp(first.stored, first.clock);
    second.recorder.record(thing, 'Normal', 'Waiting', 'It waits.');
    await second.clock.settle();
    second.recorder.record(thing, 'Normal', 'Waiting', 'It waits.');
    await second.clock.settle();
    expect([...second.stored.values()].map(({ count }) => count)).toEqual([3]);
    expect(second.logger.entries).toEqual([]);
  });

  it('begins again when the server has let the event expire', async () => {
    const { clock, stored, recorder } = setUp();
    recorder.record(thing, 'Normal', 'Waiting', 'It waits.');
    await clock.settle();
    stored.clear();
    recorder.record(thing, 'Normal', 'Waiting', 'It waits.');
    await clock.settle();
    expect([...stored.values()]).toMatchObject([{ count: 2 }]);
  });

  it('limits the events of one object, not those of others', async () => {
    const { clock, stored, recorder } = setUp();
    for (let index = 0; index < 100; index += 1) recorder.record(thing, 'Normal', 'Noise', `Message ${index}.`);
    await clock.settle();
    expect(stored.size).toBe(25);
    recorder.record({ ...thing, metadata: { ...thing.metadata, uid: 'other' } }, 'Normal', 'Quiet', 'Hello.');
    await clock.settle();
    expect(stored.size).toBe(26);
    await clock.advance(5 * 60_000);
    recorder.record(thing, 'Normal', 'Noise', 'Later.');
    await clock.settle();
    expect(stored.size).toBe(27);
  });

  it('never fails its caller', async () => {
    const { clock, logger, state, recorder } = setUp();
    state.fault = new ApiUnreachable('cut');
    recorder.record(thing, 'Normal', 'Waiting', 'It waits.');
    await clock.settle();
    expect(logger.messages('warn')).toEqual(['An event could not be written.']);
    recorder.record(undefined as unknown as KubeObject, 'Normal', 'Waiting', 'It waits.');
    expect(logger.messages('warn')).toHaveLength(2);
  });

  it('cuts a note that the server would refuse', async () => {
    const { clock, stored, recorder } = setUp();
    recorder.record(thing, 'Normal', 'Long', 'x'.repeat(5000));
    await clock.settle();
    expect([...stored.values()][0]!['message']).toHaveLength(1024);
  });

  it('writes what waits before it stops', async () => {
    const { stored, recorder } = setUp();
    for (let index = 0; index < 5; index += 1) recorder.record(thing, 'Normal', 'Noise', `Message ${index}.`);
    await recorder.drain();
    expect(stored.size).toBe(5);
    recorder.record(thing, 'Normal', 'Late', 'Too late.');
    await Promise.resolve();
    expect(stored.size).toBe(5);
  });

  it('does not wait longer than it is given when it stops', async () => {
    const { clock, state, recorder } = setUp();
    state.hangs = true;
    recorder.record(thing, 'Normal', 'Noise', 'Hello.');
    const drained = recorder.drain(1000);
    await clock.advance(1000);
    await drained;
    expect(clock.pending).toBe(0);
  });
});
