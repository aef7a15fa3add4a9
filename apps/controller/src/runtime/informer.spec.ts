import { ApiUnreachable } from '@pawl/shared/kubernetes/api-error';
import { Informer, type InformerOptions, type RestartReason } from './informer.ts';
import { keyOf } from '@pawl/shared/kubernetes/kube-object';
import { aThing, type Thing, things } from '@pawl/shared/kubernetes/test/things';
import { FakeObjects, gone, MemoryLogger } from './test/fake-objects.ts';
import { FakeClock } from '@pawl/shared/concurrency/test/fake-clock';

type Change = `${'+' | '-' | '~' | '='}${string}`;

function setUp(options: Partial<InformerOptions<Thing>> = {}, names: readonly string[] = ['a', 'b']) {
  const clock = new FakeClock();
  const objects = new FakeObjects();
  for (const name of names) objects.put(aThing(name));
  const logger = new MemoryLogger();
  const restarts: RestartReason[] = [];
  const counts = { relists: 0, missed: 0 };
  const metrics = {
    restarted: (reason: RestartReason) => restarts.push(reason),
    relisted: () => (counts.relists += 1),
    missed: (count: number) => (counts.missed += count),
  };
  const common = { client: objects, type: things, logger, metrics, clock, random: () => 0 };
  const informer = new Informer<Thing>({ ...common, ...options });
  const changes: Change[] = [];
  informer.onChange((current, old) => {
    const sign = current === undefined ? '-' : old === undefined ? '+' : current === old ? '=' : '~';
    changes.push(`${sign}${keyOf((current ?? old)!)}`);
  });
  const stop = new AbortController();
  const start = async (): Promise<void> => {
    running = informer.run(stop.signal);
    await clock.settle();
  };
  let running: Promise<void> = Promise.resolve();
  const end = async (): Promise<void> => {
    stop.abort();
    await running;
    expect(clock.pending).toBe(0);
    expect(objects.watchers.size).toBe(0);
  };
  const take = (): Change[] => changes.splice(0);
  return { clock, objects, logger, restarts, counts, informer, stop, start, end, take };
}

describe('Informer', () => {
  it('lists in pages, then follows the changes', async () => {
    const { clock, objects, informer, start, end, take } = setUp({ pageSize: 2 }, ['a', 'b', 'c', 'd', 'e']);
    expect(informer.state).toBe('starting');
    await start();
    await informer.synced;
    expect(informer.state).toBe('synced');
    expect(informer.size).toBe(5);
    expect(take()).toEqual(['+ns/a', '+ns/b', '+ns/c', '+ns/d', '+ns/e']);

    objects.put(aThing('f'));
    objects.put(aThing('a', { color: 'red' }));
    objects.delete('ns/b');
    await clock.settle();
    expect(take()).toEqual(['+ns/f', '~ns/a', '-ns/b']);
    expect(informer.get('ns', 'a')?.spec?.color).toBe('red');
    expect(informer.get('ns', 'b')).toBeUndefined();
    expect(informer.list().map(({ metadata }) => metadata.name)).toEqual(expect.arrayContaining(['a', 'c', 'f']));
    expect(objects.lists).toBe(1);
    await end();
    expect(informer.state).toBe('stopping');
  });

  it('finds objects by the result of the index function, as they change', async () => {
    const index = (thing: Thing) => (thing.spec?.color === undefined ? [] : [thing.spec.color]);
    const { clock, objects, informer, start, end } = setUp({ index }, []);
    objects.put(aThing('a', { color: 'red' }));
    objects.put(aThing('b', { color: 'red' }));
    await start();
    expect(informer.byIndex('red')).toHaveLength(2);
    objects.put(aThing('a', { color: 'blue' }));
    await clock.settle();
    expect(informer.byIndex('red').map(keyOf)).toEqual(['ns/b']);
    expect(informer.byIndex('blue').map(keyOf)).toEqual(['ns/a']);
    objects.delete('ns/b');
    await clock.settle();
    expect(informer.byIndex('red')).toEqual([]);
    await end();
  });

  it('keeps what the transformation makes, without managed fields by default', async () => {
    const { objects, informer, start, end } = setUp({}, []);
    const thing = aThing('a');
    objects.put({ ...thing, metadata: { ...thing.metadata, managedFields: [{}] } });
    await start();
    expect(informer.get('ns', 'a')!.metadata).not.toHaveProperty('managedFields');
    await end();
  });

  it('says when it was last known to be current, as lists, events and bookmarks confirm it', async () => {
    const { clock, objects, informer, start, end } = setUp({ silenceMs: 120_000 });
    expect(informer.currentAt).toBeUndefined();
    await start();
    const listed = clock.now();
    expect(informer.currentAt).toBe(listed);
    await clock.advance(50_000);
    expect(informer.currentAt).toBe(listed);
    objects.bookmark();
    await clock.settle();
    expect(informer.currentAt).toBe(listed + 50_000);
    await clock.advance(10_000);
    objects.put(aThing('a', { color: 'red' }));
    await clock.settle();
    expect(informer.currentAt).toBe(listed + 60_000);
    await end();
    expect(informer.currentAt).toBeUndefined();
  });

  it('is not current while a broken watch is restored, and when the last sign of life is older than the watchdog allows', async () => {
    const { clock, objects, informer, start, end } = setUp({ silenceMs: 10_000 });
    await start();
    objects.watchFaults.push(new ApiUnreachable('cut'));
    objects.endWatches();
    await clock.settle();
    expect(informer.state).toBe('backing-off');
    expect(informer.currentAt).toBeUndefined();
    // The watch is restored, and nothing came on it.
    await clock.advance(9_000);
    expect(informer.state).toBe('synced');
    expect(informer.currentAt).toBe(clock.now() - 9_000);
    await clock.advance(1_001);
    expect(informer.state).toBe('synced');
    expect(informer.currentAt).toBeUndefined();
    expect(informer.size).toBe(2);
    objects.bookmark();
    await clock.settle();
    expect(informer.currentAt).toBe(clock.now());
    await end();
  });

  it('goes on where it was when the server ends a watch', async () => {
    const { clock, objects, informer, restarts, start, end, take } = setUp();
    await start();
    take();
    await clock.advance(60_000);
    objects.bookmark();
    await clock.settle();
    objects.endWatches();
    objects.put(aThing('between'));
    await clock.settle();
    expect(restarts).toEqual(['ended']);
    expect(objects.lists).toBe(1);
    expect(take()).toEqual(['+ns/between']);
    expect(informer.state).toBe('synced');
    await end();
  });

  it('asks the server to end a watch before the watchdog would', async () => {
    const { objects, start, end } = setUp({ silenceMs: 300_000 });
    await start();
    expect([...objects.watchers][0]!.options.timeoutSeconds).toBe(150);
    await end();
  });

  it('backs off from a server that ends every watch at once', async () => {
    const { clock, objects, informer, start, end } = setUp();
    await start();
    for (let round = 0; round < 3; round += 1) {
      objects.endWatches();
      await clock.settle();
      expect(informer.state).toBe('backing-off');
      await clock.advance(60_000);
      objects.endWatches();
      await clock.settle();
    }
    expect(objects.watches).toBeLessThan(12);
    await end();
  });

  it.each(['as the answer', 'as an event in the watch'])('relists after a 410 %s, deletions included', async (form) => {
    const { clock, objects, informer, restarts, start, end, take } = setUp();
    await start();
    take();
    objects.deaf = true;
    objects.delete('ns/a');
    objects.put(aThing('b', { color: 'red' }));
    objects.put(aThing('c'));
    objects.deaf = false;
    if (form === 'as the answer') {
      objects.watchFaults.push(gone());
      await clock.advance(10_000);
      objects.endWatches();
    } else {
      objects.endWatches(gone());
    }
    await clock.settle();
    expect(take()).toEqual(['-ns/a', '~ns/b', '+ns/c']);
    expect(restarts).toContain('gone');
    expect(objects.lists).toBe(2);
    expect(informer.state).toBe('synced');
    await end();
  });

  it('backs off from a server that answers every watch with 410', async () => {
    const { clock, objects, start, end } = setUp();
    objects.watchFaults.push(...Array.from({ length: 6 }, gone));
    await start();
    expect(objects.lists).toBe(2);
    await clock.advance(1599);
    expect(objects.lists).toBe(2);
    await clock.advance(1);
    expect(objects.lists).toBe(3);
    await clock.advance(120_000);
    expect(objects.watchers.size).toBe(1);
    await end();
  });

  it('is synced only by a complete list, and doubles the pause between failures', async () => {
    const { clock, objects, informer, logger, start, end } = setUp();
    objects.listFaults.push(...Array.from({ length: 4 }, () => new ApiUnreachable('cut')));
    let synced = false;
    void informer.synced.then(() => {
      synced = true;
    });
    await start();
    for (const [index, pause] of [800, 1600, 3200, 6400].entries()) {
      expect(objects.lists).toBe(index + 1);
      expect(informer.state).toBe('backing-off');
      await clock.advance(pause - 1);
      expect(objects.lists).toBe(index + 1);
      expect(synced).toBe(false);
      await clock.advance(1);
    }
    expect(synced).toBe(true);
    expect(informer.hasSynced).toBe(true);
    expect(logger.messages('warn')).toHaveLength(4);
    await end();
  });

  it('tries again as soon as others have an answer, and soon after that', async () => {
    const { clock, objects, informer, start, end } = setUp();
    objects.listFaults.push(...Array.from({ length: 7 }, () => new ApiUnreachable('cut')));
    await start();
    await clock.advance(800 + 1600 + 3200 + 6400 + 12_800);
    expect(objects.lists).toBe(6);
    await clock.advance(5_000);
    objects.isBack();
    await clock.settle();
    // The server is back, and not yet ready: the pauses begin again.
    expect(objects.lists).toBe(7);
    expect(informer.state).toBe('backing-off');
    await clock.advance(800);
    expect(informer.state).toBe('synced');
    expect(objects.waiting).toBe(0);
    await end();
  });

  it('keeps its objects while a broken watch is restored, and loses none', async () => {
    const { clock, objects, informer, restarts, start, end, take } = setUp();
    await start();
    take();
    objects.endWatches(new ApiUnreachable('cut'));
    await clock.settle();
    expect(informer.state).toBe('backing-off');
    expect(informer.hasSynced).toBe(true);
    expect(informer.get('ns', 'a')).toBeDefined();
    objects.put(aThing('meanwhile'));
    await clock.advance(800);
    expect(take()).toEqual(['+ns/meanwhile']);
    expect(restarts).toEqual(['failed']);
    expect(objects.lists).toBe(1);
    await end();
  });

  it('closes a connection that has been silent for too long; a bookmark counts as activity', async () => {
    const { clock, objects, restarts, start, end } = setUp({ silenceMs: 100_000 });
    await start();
    await clock.advance(90_000);
    objects.bookmark();
    await clock.advance(90_000);
    expect(restarts).toEqual([]);
    await clock.advance(11_000);
    expect(restarts).toEqual(['silent']);
    expect(objects.watches).toBe(2);
    await end();
  });

  it('finds what the watch missed, counts it and relists', async () => {
    const { clock, objects, counts, restarts, start, end, take } = setUp({ relistMs: 200_000, graceMs: 10_000 });
    await start();
    take();
    objects.deaf = true;
    objects.delete('ns/a');
    objects.put(aThing('b', { color: 'red' }));
    objects.put(aThing('c'));
    objects.deaf = false;
    await clock.advance(200_000);
    expect(counts.missed).toBe(0);
    await clock.advance(10_000);
    expect(counts.missed).toBe(3);
    expect(restarts).toEqual(['missed']);
    expect(take()).toEqual(expect.arrayContaining(['-ns/a', '~ns/b', '+ns/c']));
    await end();
  });

  it('does not take events that are still on their way for missed ones', async () => {
    const { clock, objects, counts, restarts, informer, start, end } = setUp({ relistMs: 200_000, graceMs: 10_000 });
    await start();
    objects.deaf = true;
    objects.put(aThing('a', { color: 'red' }));
    objects.deaf = false;
    await clock.advance(200_000);
    // Within the grace period the watch tells of the object.
    objects.put(aThing('a', { color: 'blue' }));
    await clock.advance(10_000);
    expect(counts.missed).toBe(0);
    expect(restarts).toEqual([]);
    expect(informer.get('ns', 'a')?.spec?.color).toBe('blue');
    await end();
  });

  it('repeats every object from time to time', async () => {
    const { clock, counts, start, end, take } = setUp({ relistMs: 200_000 });
    await start();
    take();
    await clock.advance(200_000);
    expect(take()).toEqual(['=ns/a', '=ns/b']);
    expect(counts).toEqual({ relists: 2, missed: 0 });
    await end();
  });

  it('outlives a handler that throws, and a list for missed events that fails', async () => {
    const { clock, objects, informer, logger, start, end, take } = setUp({ relistMs: 200_000 });
    informer.onChange(() => {
      throw new Error('a bug');
    });
    await start();
    expect(informer.size).toBe(2);
    expect(logger.messages('error')).toHaveLength(2);
    take();
    objects.listFaults.push(new ApiUnreachable('cut'));
    await clock.advance(200_000);
    expect(logger.messages('warn')).toHaveLength(1);
    objects.put(aThing('c'));
    await clock.settle();
    expect(take()).toEqual(['+ns/c']);
    await end();
  });

  it('rejects `synced` when it is stopped before the first list', async () => {
    const { objects, informer, start, end } = setUp();
    objects.listFaults.push(new ApiUnreachable('cut'));
    await start();
    await end();
    await expect(informer.synced).rejects.toThrow('before its first list');
    expect(informer.hasSynced).toBe(false);
  });
});
