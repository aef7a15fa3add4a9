import type { Lease } from '@pawl/shared/kubernetes/objects';
import { FakeCluster } from '../../../test/support/fake-cluster.ts';
import { ago, aLease, NOW } from '../../../test/support/objects.ts';
import { CliError } from '../../errors/cli-error.ts';
import { judgeLease, readWatch, watchDoubt, watchWarning } from './watch.ts';

const judged = (value: Lease | undefined) => judgeLease({ ok: true, value }, NOW);

describe('a Lease', () => {
  it('tells a controller that looks from one that stopped', () => {
    expect(judged(aLease(15))).toEqual({ kind: 'looking', at: ago(15) });
    expect(judged(aLease(16))).toEqual({ kind: 'stopped', since: ago(16) });
    // Its clock may be ahead of ours.
    expect(judged(aLease(-30))).toEqual({ kind: 'looking', at: ago(-30) });
  });

  it('lasts as long as its holder says', () => {
    const lease = aLease(50);
    expect(judged({ ...lease, spec: { ...lease.spec, leaseDurationSeconds: 60 } })).toMatchObject({ kind: 'looking' });
  });

  it('that was given back leaves the next controller some seconds', () => {
    const given = (seconds: number) => {
      const lease = aLease(seconds, '');
      return { ...lease, spec: { ...lease.spec, leaseDurationSeconds: 1 } };
    };
    expect(judged(given(3))).toMatchObject({ kind: 'looking' });
    expect(judged(given(16))).toMatchObject({ kind: 'stopped' });
  });

  it('that is not there, or was never renewed, is no controller', () => {
    expect(judged(undefined)).toEqual({ kind: 'absent' });
    expect(judged({ ...aLease(1), spec: {} })).toEqual({ kind: 'absent' });
  });

  it('that may not be read says nothing', () => {
    const watch = judgeLease({ ok: false, why: 'you may not' }, NOW);
    expect(watch).toEqual({ kind: 'unknown', why: 'you may not' });
    expect(watchDoubt(watch, 'demo')).toContain('is not known');
    expect(watchWarning(watch, 'demo', NOW, 'kubectl')).toBeUndefined();
  });
});

describe('reading a Lease', () => {
  /** Reads it, with what happens while the reader waits. */
  const read = async (cluster: FakeCluster, meanwhile: () => void = () => undefined) => {
    const slept: number[] = [];
    const sleep = (ms: number): Promise<void> => {
      slept.push(ms);
      meanwhile();
      return Promise.resolve();
    };
    return { watch: await readWatch(cluster, 'demo', { now: () => NOW, sleep }), slept };
  };

  it('does not wait while it is renewed', async () => {
    expect(await read(new FakeCluster())).toEqual({ watch: { kind: 'looking', at: ago(2) }, slept: [] });
  });

  it('takes a controller whose clock is behind for what it is', async () => {
    const cluster = new FakeCluster();
    cluster.lease = aLease(3600);
    const { watch, slept } = await read(cluster, () => (cluster.lease = aLease(3598)));
    expect(watch).toEqual({ kind: 'looking', at: ago(0) });
    expect(slept).toHaveLength(1);
  });

  it('says since when it is not renewed', async () => {
    const cluster = new FakeCluster();
    cluster.lease = aLease(3600);
    expect((await read(cluster)).watch).toEqual({ kind: 'stopped', since: ago(3600) });
  });

  it('goes on where it is forbidden', async () => {
    const cluster = new FakeCluster();
    cluster.refuses = new CliError('CLUSTER_FORBIDDEN', 'you may not read it', '');
    expect((await read(cluster)).watch).toEqual({ kind: 'unknown', why: 'you may not read it' });
  });
});
