import { ApiError, ApiUnreachable } from '@pawl/shared/kubernetes/api-error';
import type { KubernetesApi } from '@pawl/shared/kubernetes/kubernetes-api';
import type { KubeObject, ResourceType } from '@pawl/shared/kubernetes/kube-object';
import type { CallOptions } from '@pawl/shared/kubernetes/requests';
import type { Lease } from '@pawl/shared/kubernetes/objects';
import { type LeaderCallbacks, LeaderElection, microTime } from './lease.ts';
import { FakeClock } from '@pawl/shared/concurrency/test/fake-clock';
import { MemoryLogger } from './test/fake-objects.ts';

/** One stored Lease with the server's conflict rule; each candidate sees it through its own, breakable, view. */
class FakeLeases {
  stored: Lease | undefined;
  #version = 0;

  view() {
    const state = { fault: undefined as Error | undefined, hangs: false, writes: 0 };
    const begin = async (options: CallOptions | undefined): Promise<void> => {
      await Promise.resolve();
      if (state.hangs)
        await new Promise((_resolve, reject) => {
          options?.signal?.addEventListener('abort', () => {
            reject(new ApiUnreachable('no answer'));
          });
        });
      if (state.fault !== undefined) throw state.fault;
    };
    const store = (object: unknown): never => {
      this.#version += 1;
      state.writes += 1;
      const lease = object as Lease;
      this.stored = { ...lease, metadata: { ...lease.metadata, resourceVersion: String(this.#version) } };
      // What the generic methods return: the caller's own kind, which here is always a Lease.
      return this.stored as never;
    };
    const client: Pick<KubernetesApi, 'get' | 'create' | 'update'> = {
      get: async <T extends KubeObject>(
        _type: ResourceType<T>,
        _ns?: string,
        _name?: string,
        options?: CallOptions,
      ) => {
        await begin(options);
        return this.stored as unknown as T | undefined;
      },
      create: async (_type, object, options) => {
        await begin(options);
        if (this.stored !== undefined) throw new ApiError(409, 'AlreadyExists', 'exists');
        return store(object);
      },
      update: async (_type, object, options) => {
        await begin(options);
        if (object.metadata.resourceVersion !== this.stored?.metadata.resourceVersion)
          throw new ApiError(409, 'Conflict', 'changed');
        return store(object);
      },
    };
    return Object.assign(state, { client });
  }
}

function candidate(leases: FakeLeases, clock: FakeClock, identity: string, work?: LeaderCallbacks['onStarted']) {
  const view = leases.view();
  const logger = new MemoryLogger();
  const log: string[] = [];
  const common = { client: view.client, namespace: 'ns', name: 'pawl', identity, logger };
  const election = new LeaderElection({ ...common, clock, random: () => 0 });
  const stop = new AbortController();
  const untilStopped: LeaderCallbacks['onStarted'] = (signal) =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        resolve();
      });
    });
  const ended = election
    .run(stop.signal, {
      onStarted: (signal, lost) => {
        log.push('started');
        lost.addEventListener('abort', () => log.push('lost'));
        return (work ?? untilStopped)(signal, lost);
      },
      onStopped: () => log.push('stopped'),
      onNewLeader: (leader) => log.push(`leader ${leader}`),
    })
    .then(
      (how) => log.push(`ended ${how}`),
      (error: unknown) => log.push(`failed ${(error as Error).message}`),
    );
  return { view, logger, log, election, stop, ended };
}

describe('microTime', () => {
  it('is what the API server takes', () => {
    expect(microTime(Date.UTC(2024, 0, 1, 2, 3, 4, 5))).toBe('2024-01-01T02:03:04.005000Z');
  });
});

describe('LeaderElection', () => {
  it('creates the lease, renews it and gives it back', async () => {
    const clock = new FakeClock();
    const leases = new FakeLeases();
    const a = candidate(leases, clock, 'a');
    await clock.settle();
    expect(leases.stored?.spec).toEqual({
      holderIdentity: 'a',
      leaseDurationSeconds: 15,
      acquireTime: '2024-01-01T00:00:00.000000Z',
      renewTime: '2024-01-01T00:00:00.000000Z',
      leaseTransitions: 0,
    });
    await clock.advance(6000);
    expect(leases.stored?.spec).toMatchObject({
      acquireTime: '2024-01-01T00:00:00.000000Z',
      renewTime: '2024-01-01T00:00:06.000000Z',
      leaseTransitions: 0,
    });
    a.stop.abort();
    await a.ended;
    expect(a.log).toEqual(['leader a', 'started', 'stopped', 'ended stopped']);
    expect(leases.stored?.spec).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1, leaseTransitions: 0 });
    expect(clock.pending).toBe(0);
  });

  it('lets one lead, and the next one at once after a release, with one transition', async () => {
    const clock = new FakeClock();
    const leases = new FakeLeases();
    const a = candidate(leases, clock, 'a');
    await clock.settle();
    const b = candidate(leases, clock, 'b');
    await clock.advance(60_000);
    expect(b.log).toEqual(['leader a']);
    a.stop.abort();
    await a.ended;
    await clock.advance(2_000);
    expect(b.log).toEqual(['leader a', 'leader b', 'started']);
    expect(leases.stored?.spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1, leaseDurationSeconds: 15 });
    b.stop.abort();
    await b.ended;
  });

  it('takes over from a holder that died, not before the lease has been unchanged for its duration', async () => {
    const clock = new FakeClock();
    const leases = new FakeLeases();
    // Times in the lease do not count: this holder's clock is an hour ahead.
    const spec = { holderIdentity: 'dead', leaseDurationSeconds: 15, renewTime: '2024-01-01T01:00:00.000000Z' };
    const metadata = { name: 'pawl', namespace: 'ns', resourceVersion: '0' };
    leases.stored = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec };
    const b = candidate(leases, clock, 'b');
    await clock.advance(15_000);
    expect(b.log).toEqual(['leader dead']);
    await clock.advance(2_000);
    expect(b.log).toEqual(['leader dead', 'leader b', 'started']);
    expect(leases.stored.spec).toMatchObject({ leaseTransitions: 1, acquireTime: '2024-01-01T00:00:16.000000Z' });
    b.stop.abort();
    await b.ended;
  });

  it.each(['fails', 'hangs'])(
    'gives up when renewing %s for the renew deadline, before another candidate may take over',
    async (how) => {
      const clock = new FakeClock();
      const leases = new FakeLeases();
      const a = candidate(leases, clock, 'a');
      await clock.settle();
      const b = candidate(leases, clock, 'b');
      await clock.advance(4000);
      if (how === 'fails') a.view.fault = new ApiUnreachable('cut');
      else a.view.hangs = true;
      await clock.advance(9_999);
      expect(a.log).toEqual(['leader a', 'started']);
      await clock.advance(1);
      expect(a.log).toEqual(['leader a', 'started', 'lost', 'stopped', 'ended lost']);
      expect(b.log).toEqual(['leader a']);
      await clock.advance(8_000);
      expect(b.log).toEqual(['leader a', 'leader b', 'started']);
      expect(leases.stored?.spec?.holderIdentity).toBe('b');
      b.stop.abort();
      await b.ended;
    },
  );

  it('goes on when a renewal fails once', async () => {
    const clock = new FakeClock();
    const leases = new FakeLeases();
    const a = candidate(leases, clock, 'a');
    await clock.advance(2000);
    a.view.fault = new ApiUnreachable('cut');
    await clock.advance(6000);
    a.view.fault = undefined;
    await clock.advance(60_000);
    expect(a.log).toEqual(['leader a', 'started']);
    a.stop.abort();
    await a.ended;
  });

  it('stops at once when another candidate holds the lease', async () => {
    const clock = new FakeClock();
    const leases = new FakeLeases();
    const a = candidate(leases, clock, 'a');
    await clock.settle();
    leases.stored = { ...leases.stored!, spec: { ...leases.stored!.spec, holderIdentity: 'thief' } };
    await clock.advance(2000);
    expect(a.log).toEqual(['leader a', 'started', 'leader thief', 'lost', 'stopped', 'ended lost']);
    expect(leases.stored.spec?.holderIdentity).toBe('thief');
    await a.ended;
  });

  it('renews while the work drains and releases only after it', async () => {
    const clock = new FakeClock();
    const leases = new FakeLeases();
    const drained = Promise.withResolvers<undefined>();
    const a = candidate(leases, clock, 'a', async () => {
      await drained.promise;
    });
    await clock.settle();
    a.stop.abort();
    await clock.advance(30_000);
    expect(leases.stored?.spec).toMatchObject({ holderIdentity: 'a', renewTime: '2024-01-01T00:00:30.000000Z' });
    expect(a.log).toEqual(['leader a', 'started']);
    drained.resolve(undefined);
    await a.ended;
    expect(a.log).toEqual(['leader a', 'started', 'stopped', 'ended stopped']);
    expect(leases.stored?.spec?.holderIdentity).toBe('');
  });

  it('gives the lease back when the work fails, and reports the failure', async () => {
    const clock = new FakeClock();
    const leases = new FakeLeases();
    const a = candidate(leases, clock, 'a', () => Promise.reject(new Error('a bug')));
    await clock.settle();
    await a.ended;
    expect(a.log).toEqual(['leader a', 'started', 'stopped', 'failed a bug']);
    expect(leases.stored?.spec?.holderIdentity).toBe('');
  });

  it('lets exactly one of two that race for a free lease win', async () => {
    for (const free of ['absent', 'released']) {
      const clock = new FakeClock();
      const leases = new FakeLeases();
      if (free === 'released') {
        const first = candidate(leases, clock, 'first');
        await clock.settle();
        first.stop.abort();
        await first.ended;
      }
      const both = [candidate(leases, clock, 'a'), candidate(leases, clock, 'b')];
      await clock.advance(10_000);
      expect(both.filter(({ log }) => log.includes('started'))).toHaveLength(1);
      expect(leases.stored?.spec?.leaseTransitions).toBe(free === 'absent' ? 0 : 1);
      for (const { stop, ended } of both) {
        stop.abort();
        await ended;
      }
      expect(clock.pending).toBe(0);
    }
  });

  it('stops waiting for the lease when it is told to', async () => {
    const clock = new FakeClock();
    const leases = new FakeLeases();
    const a = candidate(leases, clock, 'a');
    await clock.settle();
    const b = candidate(leases, clock, 'b');
    await clock.settle();
    b.stop.abort();
    await b.ended;
    expect(b.log).toEqual(['leader a', 'ended stopped']);
    expect(b.view.writes).toBe(0);
    a.stop.abort();
    await a.ended;
  });

  it('refuses periods that contradict each other', () => {
    const common = { client: new FakeLeases().view().client, namespace: 'ns', name: 'x', identity: 'a' };
    const logger = new MemoryLogger();
    expect(() => new LeaderElection({ ...common, logger, durationMs: 10_000 })).toThrow(RangeError);
    expect(() => new LeaderElection({ ...common, logger, retryMs: 9_000 })).toThrow(RangeError);
  });
});
