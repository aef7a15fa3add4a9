import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import type { Worker as NodeWorker, WorkerOptions } from 'node:worker_threads';
import type { Manifest } from '../bundle/manifest.ts';
import { defaultImageLimits } from '../preprocessing/limits.ts';
import { eventually } from '@pawl/test-kit/eventually';
import { DEADLY, HANGING, poison, STUCK } from '@pawl/test-kit/poison-worker';
import { catdog as bundle } from '@pawl/test-kit/repository';
import type { Interest } from './image-task.ts';
import { shareBytes } from './share-bytes.ts';
import type { ImageWorkerPool, WorkerPoolOptions } from './worker-pool.ts';

/** Every thread that a pool has started, so that a test can look at them and end them from outside. */
const threads: NodeWorker[] = [];
const real = await import('node:worker_threads');
jest.unstable_mockModule('node:worker_threads', () => ({
  ...real,
  Worker: class extends real.Worker {
    constructor(entry: URL, options: WorkerOptions) {
      super(entry, { ...options, execArgv: ['--no-warnings', `--import=${poison}`] });
      threads.push(this);
    }
  },
}));
const { ImageWorkerPool: Pool } = await import('./worker-pool.ts');

const manifest = JSON.parse(readFileSync(join(bundle, 'manifest.json'), 'utf8')) as Manifest;
const graph = readFileSync(join(bundle, manifest.model));
const photo = readFileSync(join(bundle, 'golden/cat-python3-pyglet-kitten.jpg'));
const deadly = Buffer.concat([photo, Buffer.from(DEADLY)]);
const hanging = Buffer.concat([photo, Buffer.from(HANGING)]);
const sticking = Buffer.concat([photo, Buffer.from(STUCK)]);
const limits = { ...defaultImageLimits, timeoutMs: 60_000 };
const patient: Interest = { deadlineMs: 120_000 };

interface Change extends Partial<Omit<WorkerPoolOptions, 'setup'>> {
  readonly model?: Uint8Array;
  readonly spec?: Partial<Pick<Manifest, 'labels' | 'input' | 'output' | 'abstain'>>;
  readonly timeoutMs?: number;
}

const pools: ImageWorkerPool[] = [];

/** A pool over the shipped model, not started. */
function aPool({ model, spec, timeoutMs, ...options }: Change = {}): ImageWorkerPool {
  const { labels, input, output } = manifest;
  const pool = new Pool({
    size: 1,
    queueLimit: 64,
    inFlightPerWorker: 2,
    ...options,
    setup: {
      model: shareBytes(model ?? graph),
      spec: { labels, input, output, ...spec },
      limits: { ...limits, ...(timeoutMs === undefined ? {} : { timeoutMs }) },
      niceness: 0,
    },
  });
  pools.push(pool);
  return pool;
}

async function aRunningPool(change: Change = {}): Promise<ImageWorkerPool> {
  const pool = aPool(change);
  await pool.start();
  return pool;
}

/** Classifies; gives the label's side of the answer, or the code of the error. */
async function outcome(pool: ImageWorkerPool, image: Uint8Array, interest = patient): Promise<string> {
  try {
    const { output } = await pool.classify([image], interest);
    return (output[0] ?? NaN) < 0 ? 'cat' : 'dog';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
const alive = () => threads.filter(({ threadId }) => threadId !== -1).length;

beforeEach(() => {
  threads.length = 0;
});
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
  expect(alive()).toBe(0);
});

describe('a worker that dies', () => {
  it('is replaced, and what it held is answered by another one', async () => {
    const pool = await aRunningPool({ size: 2 });
    const deaths: string[] = [];
    const ready: number[] = [];
    pool.on('died', (reason) => deaths.push(reason));
    pool.on('workers', (count) => ready.push(count));
    const outcomes = Promise.all(Array.from({ length: 12 }, () => outcome(pool, photo)));
    await eventually('an image under way', () => pool.inFlight > 0);
    void threads[0]!.terminate();
    expect(await outcomes).toEqual(Array.from({ length: 12 }, () => 'cat'));
    await eventually('two workers', () => pool.readyWorkers === 2);
    expect(deaths).toHaveLength(1);
    expect(ready[0]).toBe(1);
    expect(ready.at(-1)).toBe(2);
    expect(threads).toHaveLength(3);
  });

  it('when it is the only one: images wait for its successor', async () => {
    const pool = await aRunningPool();
    const outcomes = Promise.all([outcome(pool, photo), outcome(pool, photo)]);
    void threads[0]!.terminate();
    await eventually('no worker', () => pool.readyWorkers === 0);
    expect(await Promise.all([outcomes, outcome(pool, photo)])).toEqual([['cat', 'cat'], 'cat']);
  });

  it('twice of the same image refuses that image, and none of those beside it', async () => {
    const pool = await aRunningPool({ inFlightPerWorker: 4 });
    const images = [photo, deadly, photo, photo, photo, photo];
    const outcomes = await Promise.all(images.map((image) => outcome(pool, image)));
    expect(outcomes).toEqual(['cat', 'WORKER_CRASHED', 'cat', 'cat', 'cat', 'cat']);
    await eventually('one worker', () => pool.readyWorkers === 1);
    expect(await outcome(pool, photo)).toBe('cat');
  });

  it('by hanging on an image that takes long to decode: the image is to blame', async () => {
    const pool = await aRunningPool();
    expect(await outcome(pool, hanging, { deadlineMs: 200, decodeMs: 100 })).toBe('IMAGE_TIMEOUT');
    void threads[0]!.terminate();
    await eventually('another worker', () => pool.readyWorkers === 1 && threads.length === 2);
  });

  it('by hanging is found out, replaced, and does not keep its neighbours', async () => {
    const pool = await aRunningPool({ timeoutMs: 3_000 });
    const deaths: string[] = [];
    pool.on('died', (reason) => deaths.push(reason));
    const hung = outcome(pool, hanging, { deadlineMs: 2_000 });
    await eventually('the hanging image with the worker', () => pool.inFlight === 1);
    const neighbour = outcome(pool, photo);
    expect(await hung).toBe('SERVICE_STALLED');
    expect(await neighbour).toBe('cat');
    expect(deaths).toEqual([expect.stringMatching(/^it did not answer within \d+ ms$/)]);
  });
});

describe('a worker inside native code that does not return', () => {
  it('is told as stuck, is not replaced, and costs the images that it held', async () => {
    const pool = await aRunningPool({ size: 2, timeoutMs: 1_000 });
    const stuck: string[] = [];
    pool.on('stuck', (reason) => stuck.push(reason));
    const held = outcome(pool, sticking);
    expect(await held).toBe('WORKER_CRASHED');
    expect(stuck).toEqual([expect.stringMatching(/^a worker does not end: it did not answer within \d+ ms$/)]);
    expect([pool.readyWorkers, threads.length]).toEqual([1, 2]);
    expect(await outcome(pool, photo)).toBe('cat');
    await eventually('the thread to end after all', () => alive() === 1);
    expect(threads).toHaveLength(2);
  });

  it('does not keep a pool from closing', async () => {
    const pool = await aRunningPool();
    const stuck: string[] = [];
    pool.on('stuck', (reason) => stuck.push(reason));
    const held = outcome(pool, sticking);
    await eventually('the image with the worker', () => pool.inFlight === 1);
    await pool.close();
    expect(stuck).toEqual([expect.stringMatching(/^a worker does not end: /)]);
    expect(await held).toBe('WORKER_CRASHED');
    await eventually('the thread to end after all', () => alive() === 0);
  });
});

describe('admission', () => {
  it('refuses what neither a worker nor the queue has room for', async () => {
    const pool = await aRunningPool({ queueLimit: 3, inFlightPerWorker: 2 });
    expect([pool.hasRoom(5), pool.hasRoom(6)]).toEqual([true, false]);
    const outcomes = await Promise.all(Array.from({ length: 7 }, () => outcome(pool, photo)));
    expect(outcomes).toEqual(['cat', 'cat', 'cat', 'cat', 'cat', 'OVERLOADED', 'OVERLOADED']);
    expect([pool.queueDepth, pool.inFlight]).toEqual([0, 0]);
  });

  it('serves without a queue as well', async () => {
    const pool = await aRunningPool({ queueLimit: 0, inFlightPerWorker: 1 });
    const outcomes = await Promise.all([outcome(pool, photo), outcome(pool, photo)]);
    expect(outcomes).toEqual(['cat', 'OVERLOADED']);
    expect(await outcome(pool, photo)).toBe('cat');
  });

  it('drops what waited until its deadline, before any work is done on it', async () => {
    const pool = await aRunningPool({ inFlightPerWorker: 1 });
    const first = outcome(pool, hanging, { deadlineMs: 300 });
    // Deadly: had it been handed to a worker, that worker would be gone.
    expect(await outcome(pool, deadly, { deadlineMs: 100 })).toBe('DEADLINE_EXCEEDED');
    expect(pool.queueDepth).toBe(0);
    expect(await first).toBe('SERVICE_STALLED');
    void threads[0]!.terminate();
    await eventually('another worker', () => threads.length === 2 && pool.readyWorkers === 1);
    expect(await outcome(pool, photo)).toBe('cat');
    expect(threads).toHaveLength(2);
  });

  it('drops what could not be answered in time any more, before any work is done on it', async () => {
    const pool = await aRunningPool({ inFlightPerWorker: 2 });
    // From here on it knows that an image takes more than a millisecond.
    expect(await outcome(pool, photo)).toBe('cat');
    const first = outcome(pool, photo);
    // There is room for it; had it been handed over, the worker would be gone.
    expect(await outcome(pool, deadly, { deadlineMs: 1 })).toBe('DEADLINE_EXCEEDED');
    expect(await first).toBe('cat');
    // At rest it takes any, or it would never learn that it has become quick.
    expect(await outcome(pool, photo, { deadlineMs: 1 })).toBe('SERVICE_STALLED');
    expect(await outcome(pool, photo)).toBe('cat');
    expect(threads).toHaveLength(1);
  });

  it('drops what nobody waits for, before any work is done on it', async () => {
    const pool = await aRunningPool({ inFlightPerWorker: 1 });
    const busy = outcome(pool, photo);
    const abort = new AbortController();
    const dropped = outcome(pool, deadly, { ...patient, signal: abort.signal });
    expect(pool.queueDepth).toBe(1);
    abort.abort();
    expect([await dropped, pool.queueDepth, await busy]).toEqual(['CLIENT_CLOSED_REQUEST', 0, 'cat']);
    expect(await outcome(pool, deadly, { ...patient, signal: AbortSignal.abort() })).toBe('CLIENT_CLOSED_REQUEST');
    expect(await outcome(pool, photo)).toBe('cat');
    expect(threads).toHaveLength(1);
  });
});

describe('an image that is finished', () => {
  const finished: string[] = [];
  const told = (name: string, interest: Partial<Interest> = {}): Interest => ({
    ...patient,
    ...interest,
    onFinished: () => finished.push(name),
  });
  beforeEach(() => {
    finished.length = 0;
  });

  it('is told once, answered or refused, also where it was never taken', async () => {
    const pool = await aRunningPool({ inFlightPerWorker: 1, queueLimit: 1 });
    const outcomes = await Promise.all([
      outcome(pool, photo, told('first')),
      outcome(pool, photo.subarray(0, 20_000), told('broken')),
      outcome(pool, photo, told('too many')),
      outcome(pool, photo, told('gone', { signal: AbortSignal.abort() })),
    ]);
    expect(outcomes).toEqual(['cat', 'IMAGE_UNREADABLE', 'OVERLOADED', 'OVERLOADED']);
    expect(finished).toEqual(['too many', 'gone', 'first', 'broken']);
    await pool.close();
    await outcome(pool, photo, told('late'));
    expect(finished.slice(4)).toEqual(['late']);
  });

  it('is told only when no worker works on it any more, although its client has gone', async () => {
    const pool = await aRunningPool();
    const client = new AbortController();
    const abandoned = outcome(pool, hanging, told('abandoned', { signal: client.signal }));
    const waiting = outcome(pool, photo, told('waiting', { deadlineMs: 100 }));
    await eventually('the image with a worker', () => pool.inFlight === 2);
    client.abort();
    expect([await abandoned, await waiting, finished]).toEqual(['CLIENT_CLOSED_REQUEST', 'SERVICE_STALLED', []]);
    void threads[0]!.terminate();
    await eventually('both to be told', () => finished.length === 2);
  });

  it('is told once, after the second try, when its worker died', async () => {
    const pool = await aRunningPool();
    expect(await outcome(pool, deadly, told('deadly'))).toBe('WORKER_CRASHED');
    expect(finished).toEqual(['deadly']);
  });
});

describe('close', () => {
  it('finishes what workers hold, refuses what waits and what comes later', async () => {
    const pool = await aRunningPool();
    const outcomes = Promise.all([1, 2, 3, 4].map(() => outcome(pool, photo)));
    await pool.close();
    expect(await outcomes).toEqual(['cat', 'cat', 'MODEL_NOT_READY', 'MODEL_NOT_READY']);
    expect(await outcome(pool, photo)).toBe('MODEL_NOT_READY');
    expect(alive()).toBe(0);
  });

  it('ends a pool that is still starting', async () => {
    const pool = aPool({ size: 2 });
    const started = pool.start().catch((error: unknown) => (error as { code: string }).code);
    await eventually('two threads', () => threads.length === 2);
    expect(pool.readyWorkers).toBe(0);
    await pool.close();
    expect(await started).toBe('MODEL_NOT_READY');
    expect(alive()).toBe(0);
  });

  it('leaves the process standing, twenty times over', async () => {
    for (let cycle = 0; cycle < 20; cycle++) {
      const pool = await aRunningPool();
      const outcomes = [outcome(pool, photo), outcome(pool, photo)];
      await pool.close();
      expect(await Promise.all(outcomes)).toEqual(['cat', 'cat']);
    }
    expect(alive()).toBe(0);
  }, 120_000);
});

describe('a model that does not fit', () => {
  const { input, output } = manifest;
  it.each<[string, () => Change, RegExp]>([
    ['cut short', () => ({ model: graph.subarray(0, 1_000_000) }), /cannot load the graph/],
    ['no ONNX', () => ({ model: Buffer.from('hello') }), /cannot load the graph/],
    ['empty', () => ({ model: new Uint8Array() }), /cannot load the graph/],
    ['without a graph', () => ({ model: Uint8Array.of(0x08, 0x08) }), /cannot load the graph/],
    ['of another input name', () => ({ spec: { input: { ...input, name: 'x' } } }), /names the input "x"/],
    ['of another output name', () => ({ spec: { output: { ...output, name: 'y' } } }), /names the output "y"/],
    ['of another size', () => ({ spec: { input: { ...input, width: 112 } } }), /1x260x112x3/],
    ['of another layout', () => ({ spec: { input: { ...input, layout: 'NCHW' as const } } }), /1x3x260x260/],
    ['of another type', () => ({ spec: { input: { ...input, dtype: 'float32' as const } } }), /float32/],
    [
      'that lacks the output it abstains by',
      () => ({ spec: { abstain: { output: 'unheard', threshold: 0 } } }),
      /names the output "unheard", the graph has logit/,
    ],
    [
      'that abstains by 1280 values an image',
      () => ({ spec: { abstain: { output: 'features', threshold: 0 } } }),
      /1280 values an image, abstaining by "features" needs 1/,
    ],
    [
      'of more labels',
      () => ({ spec: { labels: ['a', 'b', 'c'], output: { kind: 'softmax-logits' as const, name: output.name } } }),
      /3 labels needs 3/,
    ],
  ])('%s is refused at the start, and no thread stays', async (_, change, message) => {
    const before = timers();
    const pool = aPool({ size: 2, ...change() });
    await expect(pool.start()).rejects.toMatchObject({
      code: 'MODEL_INCOMPATIBLE',
      message: expect.stringMatching(message) as string,
    });
    expect(alive()).toBe(0);
    expect(threads).toHaveLength(2);
    // Nor does one wait to be started again. A timer of another's may have ended meanwhile.
    expect(timers()).toBeLessThanOrEqual(before);
  });
});
