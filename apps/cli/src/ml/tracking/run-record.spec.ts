import { appendFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { trackingContext } from '../../../test/support/mlflow.ts';
import { parseLines } from './json-lines.ts';
import { LocalRegistry } from './local-registry.ts';
import { resolveRegisteredModel, setModelTags } from './resolve-model.ts';
import { readEvent, summarise, type RunEvent } from './run-events.ts';
import { listRuns, RunRecord } from './run-record.ts';
import { startRun, type TrackingContext } from './start-run.ts';

let folder: string;
let runs: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pawl-record-'));
  runs = join(folder, 'runs');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const RUN = '0123456789abcdef0123456789abcdef';
const start = (context: TrackingContext = trackingContext()) =>
  startRun({
    context,
    runsFolder: runs,
    experiment: 'catdog',
    runName: 'baseline',
    tags: { 'mlflow.source.git.commit': 'abc' },
    newId: () => RUN,
  });
const events = 'events.jsonl';
const onlyRun = async () => {
  const found = await listRuns(runs);
  expect(found).toHaveLength(1);
  return found[0]!;
};

describe('the record of a run', () => {
  it('is a folder with a line for each event, and the artifacts', async () => {
    const now = new Date(1_700_000_000_000);
    const run = await start({ ...trackingContext(), now: () => now });
    await run.params({ lr: 0.001, model: 'resnet18' });
    await run.metrics({ val_loss: 0.5, val_acc: NaN }, 1);
    await writeFile(join(folder, 'roc.png'), 'a');
    await run.artifact({ source: join(folder, 'roc.png'), path: 'roc.png' });
    await run.register({ name: 'catdog', path: 'model', alias: 'candidate', tags: { a: 'b' } });
    await run.end('FINISHED');
    expect(run.location).toBe(join(runs, RUN));
    const text = await readFile(join(runs, RUN, events), 'utf8');
    const time = now.getTime();
    const digest = 'sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb';
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as object),
    ).toEqual([
      { event: 'started', time, name: 'baseline', experiment: 'catdog' },
      expect.objectContaining({ event: 'tags' }),
      { event: 'params', time, values: { lr: '0.001', model: 'resnet18' } },
      { event: 'metrics', time, step: 1, values: { val_loss: 0.5, val_acc: 'NaN' } },
      { event: 'artifact', time, path: 'roc.png', digest },
      {
        event: 'registered',
        time,
        version: 1,
        name: 'catdog',
        path: 'model',
        alias: 'candidate',
        tags: { a: 'b' },
      },
      { event: 'ended', time, status: 'FINISHED' },
    ]);
    // Nothing half-written is left, and nobody holds it.
    expect((await readdir(join(runs, RUN))).sort()).toEqual(['artifacts', 'events.jsonl']);
    expect(await readdir(join(runs, RUN, 'artifacts'))).toEqual(['roc.png']);
    const { summary } = await onlyRun();
    expect(summary.metrics['val_acc']).toEqual([{ timestamp: time, step: 1, value: NaN }]);
  });

  it('cut off at any byte, has whole events up to there, and goes on with the next one', async () => {
    const run = await start();
    await run.params({ lr: 0.1, name: 'Ärger "quoted"\n' });
    for (const epoch of [1, 2]) await run.metrics({ loss: 1 / epoch }, epoch);
    await run.end('FAILED');
    const path = join(runs, RUN, events);
    const whole = await readFile(path);
    const { values: all } = parseLines(whole.toString(), readEvent);
    expect(all).toHaveLength(6);
    for (let size = 0; size < whole.length; size += 1) {
      const { values, damaged } = parseLines(whole.subarray(0, size).toString(), readEvent);
      expect(values).toEqual(all.slice(0, values.length));
      const lineStart = whole.subarray(0, size).lastIndexOf('\n') + 1;
      // Without its line feed alone an event is whole.
      expect(damaged).toBe(size === lineStart || whole[size] === 10 ? 0 : 1);
    }
    await truncate(path, whole.length - 5);
    await new RunRecord(runs, RUN).append(all[5]!);
    const { events: mended, damaged, summary } = await onlyRun();
    expect(mended).toEqual(all);
    expect(damaged).toBe(1);
    expect(summary.status).toBe('FAILED');
  });

  it('leaves out, and counts, what a later version of Pawl may write', async () => {
    await start();
    await appendFile(join(runs, RUN, events), '{"event":"dreamed","time":1}\n[]\n');
    expect(await onlyRun()).toMatchObject({ damaged: 2, summary: { name: 'baseline' } });
  });

  it('can be read while it is written: a reader sees the first events, never others', async () => {
    const run = await start();
    const record = new RunRecord(runs, RUN);
    const seen: (readonly RunEvent[])[] = [];
    const progress = { isDone: false };
    const reading = (async () => {
      while (!progress.isDone) seen.push((await record.read())?.events ?? []);
    })();
    for (let step = 1; step <= 200; step += 1) await run.metrics({ loss: 1 / step }, step);
    progress.isDone = true;
    await reading;
    const { events: all, damaged } = await onlyRun();
    expect(all).toHaveLength(202);
    expect(damaged).toBe(0);
    for (const some of seen) expect(some).toEqual(all.slice(0, some.length));
  });

  it('loses nothing to two writers at once', async () => {
    await start();
    await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        new RunRecord(runs, RUN).append({ event: 'tags', time: index, values: { [`tag-${index}`]: 'x'.repeat(500) } }),
      ),
    );
    const { summary, damaged } = await onlyRun();
    expect(Object.keys(summary.tags).filter((tag) => tag.startsWith('tag-'))).toHaveLength(100);
    expect(damaged).toBe(0);
  });

  it('gives two figures of one moment two times', async () => {
    const run = await start({ ...trackingContext(), now: () => new Date(1_700_000_000_000) });
    await run.metrics({ loss: 1 }, 1);
    await run.metrics({ loss: 2 }, 1);
    const { summary } = await onlyRun();
    expect(summary.metrics['loss']?.map(({ timestamp }) => timestamp)).toEqual([1_700_000_000_000, 1_700_000_000_001]);
  });

  it('keeps the first value of a parameter and the last one of a tag', async () => {
    const run = await start();
    for (const value of ['1', '2']) {
      await run.params({ lr: value });
      await run.tags({ lr: value });
    }
    expect((await onlyRun()).summary).toMatchObject({ params: { lr: '1' }, tags: { lr: '2' } });
  });

  it('replaces an artifact of the same path, a folder with all that is in it', async () => {
    const run = await start();
    const source = join(folder, 'model');
    await writeFile(source, 'a file');
    await run.artifact({ source, path: 'model' });
    await rm(source);
    await new RunRecord(folder, 'model').create();
    await writeFile(join(source, 'artifacts/a'), 'a');
    await run.artifact({ source, path: 'model' });
    expect(await readFile(join(runs, RUN, 'artifacts/model/artifacts/a'), 'utf8')).toBe('a');
    expect((await onlyRun()).summary.artifacts).toHaveProperty(['model/artifacts/a']);
  });

  it('taken up again, is running until it ends again', () => {
    const started = { event: 'started', time: 1, name: 'a', experiment: 'e' } as const;
    const ended = { event: 'ended', time: 2, status: 'KILLED' } as const;
    expect(summarise([started, ended])).toMatchObject({ status: 'KILLED', endTime: 2 });
    expect(summarise([started, ended, { ...started, time: 3, name: 'b' }])).toMatchObject({
      status: 'RUNNING',
      endTime: undefined,
      startTime: 1,
      name: 'b',
    });
    expect(summarise([ended])).toBeUndefined();
  });

  it('refuses names that lead out of it', async () => {
    const run = await start();
    for (const name of ['../x', 'a//b', '', '/etc/passwd', 'a\nb']) {
      await expect(run.tags({ [name]: 'x' })).rejects.toThrow(RangeError);
      await expect(run.artifact({ source: folder, path: name })).rejects.toThrow(RangeError);
    }
  });

  it('in a folder that cannot be written is an error with a next step', async () => {
    await writeFile(runs, 'a file');
    await expect(start()).rejects.toMatchObject({
      code: 'FILE_WRITE_FAILED',
      hint: expect.stringContaining('--runs'),
    });
  });
});

describe('the registry of a folder of runs', () => {
  it('gives no number twice', async () => {
    await start();
    const registry = new LocalRegistry(runs);
    const registration = { name: 'catdog', path: 'model', alias: 'candidate', tags: {} };
    const made = await Promise.all(
      Array.from({ length: 8 }, (_, index) => registry.register(new RunRecord(runs, RUN), registration, index)),
    );
    expect(made.sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(await registry.byAlias('catdog', 'candidate')).toMatchObject({ version: 8 });
  });

  it('after a line that was cut off still finds every version', async () => {
    const run = await start();
    const registration = { name: 'catdog', path: 'model', alias: 'candidate', tags: {} };
    await run.register(registration);
    await appendFile(join(runs, 'models.jsonl'), '{"name":"catdog","ru');
    await run.register(registration);
    const registry = new LocalRegistry(runs);
    expect(await registry.version('catdog', 2)).toMatchObject({ runId: RUN });
    expect(await registry.version('catdog', 3)).toBeUndefined();
  });

  it('finds and tags models; what is not there is an error with a next step', async () => {
    const run = await start();
    await run.register({ name: 'catdog', path: 'model', alias: 'candidate', tags: {} });
    const options = { context: trackingContext(), runsFolder: runs };
    const model = await resolveRegisteredModel('models:/catdog@candidate', options);
    await setModelTags(model, { 'pawl.bundle.digest': 'sha256:0' }, options);
    expect(await resolveRegisteredModel('models:/catdog/1', options)).toEqual({
      name: 'catdog',
      version: '1',
      runId: RUN,
      tags: { 'pawl.bundle.digest': 'sha256:0' },
      registry: runs,
    });
    for (const address of ['models:/catdog@champion', 'models:/catdog/2', 'models:/catdog/0', 'models:/dogcat/1'])
      await expect(resolveRegisteredModel(address, options)).rejects.toMatchObject({
        code: 'MODEL_NOT_FOUND',
        exitCode: 4,
      });
    await expect(run.register({ name: 'catdog', path: 'model', alias: 'latest', tags: {} })).rejects.toMatchObject({
      code: 'USAGE',
    });
  });

  it('asks no folder outside of it for the run that a bundle names', async () => {
    await start();
    expect(await new LocalRegistry(join(runs, 'inner')).versionsOfRun(`../${RUN}`)).toEqual([]);
  });
});
