import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClusterLock, type Hold } from './cluster-lock.ts';

/** A number that no process has: larger than Linux gives. */
const DEAD = 2 ** 30;

describe('the lock of a cluster', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pawl-lock-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  /** As another process would: one lock object is one process's. */
  const another = () => new ClusterLock(folder, { everyMs: 1, isAlive: (pid) => pid !== DEAD });

  /** Begins to wait for a hold. @returns whether it has it, and the way to give it back. */
  const ask = (hold: Hold) => {
    const asked = { has: false, release: Promise.resolve<() => void>(() => undefined) };
    asked.release = another()
      .take(hold)
      .then((release) => {
        asked.has = true;
        return release;
      });
    return asked;
  };
  const giveBack = async (asked: ReturnType<typeof ask>) => {
    (await asked.release)();
  };

  it('lets any number share', async () => {
    const [one, other] = [ask('shared'), ask('shared')];
    await Promise.all([one.release, other.release]);
    await giveBack(one);
    await giveBack(other);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('gives it to one alone when all who share have gone, and lets nobody begin meanwhile', async () => {
    const early = ask('shared');
    await early.release;
    const alone = ask('alone');
    const late = ask('shared');
    const order: string[] = [];
    const done = [
      alone.release.then((release) => {
        order.push(`alone, early ${early.has ? 'was' : 'was not'} first, late ${late.has ? 'has' : 'waits'}`);
        release();
      }),
      late.release.then((release) => {
        order.push('late');
        release();
      }),
    ];
    await new Promise((resolve) => setImmediate(resolve));
    expect(alone.has).toBe(false);
    await giveBack(early);
    await Promise.all(done);
    expect(order).toEqual(['alone, early was first, late waits', 'late']);
  });

  it('has one alone after another', async () => {
    let inside = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, (inside += 1));
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
    };
    await Promise.all([1, 2, 3].map(() => another().during('alone', work)));
    expect(most).toBe(1);
  });

  it('asks for nothing inside of a hold of the same process', async () => {
    const lock = another();
    const reached = await lock.during('alone', () =>
      lock.during('shared', () => lock.during('alone', () => Promise.resolve(true))),
    );
    expect(reached).toBe(true);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('forgets those whose process ended without a word', async () => {
    symlinkSync(String(DEAD), join(folder, 'alone'));
    await giveBackAfter('shared');
    writeFileSync(join(folder, `shared.${DEAD}.00`), '');
    symlinkSync(String(DEAD), join(folder, 'alone'));
    await giveBackAfter('alone');
    expect(readdirSync(folder)).toEqual([]);
  });

  const giveBackAfter = async (hold: Hold) => {
    await giveBack(ask(hold));
  };

  it('is given back when the work fails', async () => {
    const failing = another().during('alone', () => Promise.reject(new Error('broken')));
    await expect(failing).rejects.toThrow('broken');
    await giveBackAfter('alone');
  });
});
