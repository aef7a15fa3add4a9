import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeMlflow } from '../../../test/support/fake-mlflow.ts';
import { trackingContext } from '../../../test/support/mlflow.ts';
import { LocalRegistry } from './local-registry.ts';
import { pushRuns, type SentRun } from './push-runs.ts';
import { listRuns, RunRecord } from './run-record.ts';
import { startRun } from './start-run.ts';

let folder: string;
let runs: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pawl-push-'));
  runs = join(folder, 'runs');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

let ids = 0;
/** A whole run, as training makes it. */
async function aRun(runName: string, context = trackingContext()) {
  const newId = () => `0123456789abcdef${String((ids += 1)).padStart(16, '0')}`;
  const run = await startRun({ context, runsFolder: runs, experiment: 'catdog', runName, tags: {}, newId });
  await run.params({ epochs: 2, lr: 0.001 });
  await run.dataset({ name: 'catdog', hash: `sha256:${'ab'.repeat(32)}`, source: 'data' });
  for (const epoch of [1, 2]) await run.metrics({ train_loss: 1 / epoch, val_loss: 2 / epoch }, epoch);
  await run.metrics({ test_acc: 0.9 });
  await mkdir(join(folder, 'model'), { recursive: true });
  for (const name of ['MLmodel', 'model.onnx']) await writeFile(join(folder, 'model', name), `${name} of ${runName}`);
  await run.artifact({ source: join(folder, 'model'), path: 'model' });
  await run.register({ name: 'catdog', path: 'model', alias: 'candidate', tags: { digest: 'sha256:0' } });
  await run.end('FINISHED');
  return run;
}

async function push(fake: FakeMlflow, signal?: AbortSignal): Promise<readonly SentRun[]> {
  const outcomes: SentRun[] = [];
  const settings = { kind: 'server', url: fake.url, authorization: undefined } as const;
  await pushRuns(runs, settings, trackingContext({}, signal), (outcome) => outcomes.push(outcome));
  return outcomes;
}
const results = async (fake: FakeMlflow) => (await push(fake)).map(({ result }) => result);

describe('a push', () => {
  it('is the whole record, in the order in which it came to be; a second one asks and changes nothing', async () => {
    await using fake = await FakeMlflow.start();
    await aRun('first');
    await aRun('second');
    expect(await results(fake)).toEqual(['sent', 'sent']);
    const content = fake.content();
    expect(content).toMatchObject({
      experiments: ['catdog'],
      runs: [
        {
          name: 'first',
          status: 'FINISHED',
          params: { epochs: '2', lr: '0.001' },
          tags: { 'pawl.data.hash': `sha256:${'ab'.repeat(32)}` },
          datasets: ['ab'.repeat(18)],
        },
        { name: 'second' },
      ],
      versions: [
        { version: '1', tags: { digest: 'sha256:0' } },
        { version: '2', tags: { digest: 'sha256:0' } },
      ],
      aliases: { 'catdog@candidate': '2' },
      artifacts: { 'model/MLmodel': 'MLmodel of second', 'model/model.onnx': 'model.onnx of second' },
    });
    const [run] = fake.runs.values();
    expect(run?.points.map((point) => point.replace(/ \d{13} /, ' '))).toEqual([
      'train_loss 1 1',
      'val_loss 1 2',
      'train_loss 2 0.5',
      'val_loss 2 1',
      'test_acc 0 0.9',
    ]);
    const before = fake.calls.length;
    expect(await results(fake)).toEqual(['there already', 'there already']);
    expect(fake.content()).toEqual(content);
    expect(fake.calls.slice(before)).toEqual(Array.from({ length: 2 }, () => 'GET /api/2.0/mlflow/runs/get'));
  });

  it.each(['with', 'without'])(
    'that is killed at any call, its answer lost, ends with what an uninterrupted one does, %s notes',
    async (notes) => {
      await aRun('first');
      await using whole = await FakeMlflow.start();
      await push(whole);
      const calls = whole.calls.length;
      expect(calls).toBeGreaterThan(15);
      for (let nth = 1; nth <= calls; nth += 1) {
        await using fake = await FakeMlflow.start();
        const killed = new AbortController();
        fake.losesAnswer = (count) => {
          if (count < nth) return false;
          if (count === nth) killed.abort(new Error('killed'));
          return count === nth;
        };
        await expect(push(fake, killed.signal)).rejects.toThrow('killed');
        if (notes === 'without') await forgetNotes();
        expect(await results(fake)).toEqual(['sent']);
        expect(fake.content()).toEqual(whole.content());
      }
    },
  );

  it('sends what came later, and nothing else', async () => {
    await using fake = await FakeMlflow.start();
    const run = await aRun('first');
    await push(fake);
    const before = fake.calls.length;
    await new LocalRegistry(runs).setTags('catdog', 1, { 'pawl.bundle.uri': 'oci://registry.example/catdog' }, 1);
    expect(await results(fake)).toEqual(['sent']);
    expect(fake.calls.slice(before)).toEqual([
      'GET /api/2.0/mlflow/runs/get',
      'POST /api/2.0/mlflow/model-versions/set-tag',
    ]);
    expect(fake.versions[0]?.tags).toMatchObject({ 'pawl.bundle.uri': 'oci://registry.example/catdog' });
    expect(fake.runs.get('f'.repeat(31) + '0')?.tags['pawl.run.id']).toBe(run.runId);
  });

  it('goes to a new server at the address of an old one', async () => {
    await using fake = await FakeMlflow.start();
    await aRun('first');
    await push(fake);
    fake.runs.clear();
    expect(await results(fake)).toEqual(['sent']);
    expect(fake.runs.size).toBe(1);
  });

  it('leaves out an artifact that is not what was recorded, and says so', async () => {
    await using fake = await FakeMlflow.start();
    const run = await aRun('first');
    const model = join(runs, run.runId, 'artifacts/model');
    await writeFile(join(model, 'MLmodel'), 'changed');
    await rm(join(model, 'model.onnx'));
    const [outcome] = await push(fake);
    expect(outcome).toMatchObject({ result: 'sent', changedArtifacts: ['model/MLmodel', 'model/model.onnx'] });
    expect(fake.artifacts.size).toBe(0);
  });

  it('ends a run that was cut off as KILLED, at its last sign of life', async () => {
    await using fake = await FakeMlflow.start();
    const record = new RunRecord(runs, 'a'.repeat(32));
    await record.create();
    await record.append({ event: 'started', time: 1000, name: 'cut', experiment: 'catdog' });
    await record.append({ event: 'metrics', time: 2000, step: 1, values: { loss: 1 } });
    await push(fake);
    expect([...fake.runs.values()]).toMatchObject([{ status: 'KILLED', end: 2000, points: ['loss 1 2000 1'] }]);
    expect((await listRuns(runs))[0]?.summary.status).toBe('KILLED');
  });

  it('that comes late takes no alias from a version that was made after it', async () => {
    await using fake = await FakeMlflow.start();
    await aRun('late');
    const [late] = await listRuns(runs);
    await aRun('early', {
      ...trackingContext({ MLFLOW_TRACKING_URI: fake.url }),
      now: () => new Date(Date.now() + 60_000),
    });
    expect(fake.aliases).toEqual({ 'catdog@candidate': '1' });
    expect((await push(fake)).map(({ name, result }) => `${name}: ${result}`)).toEqual([
      'late: sent',
      'early: there already',
    ]);
    expect(fake.versions).toHaveLength(2);
    expect(fake.aliases).toEqual({ 'catdog@candidate': '1' });
    expect(late?.summary.name).toBe('late');
  });
});

describe('a run under way', () => {
  it('is on the server as it goes, each thing once, also where an answer is lost', async () => {
    await using fake = await FakeMlflow.start();
    fake.losesAnswer = (count) => count % 5 === 3;
    const context = trackingContext({ MLFLOW_TRACKING_URI: fake.url });
    await aRun('live', context);
    expect(context.err()).toBe('');
    await using whole = await FakeMlflow.start();
    await forgetNotes();
    await push(whole);
    const [live] = fake.runs.values();
    const [replayed] = whole.runs.values();
    expect(live).toEqual({ ...replayed, tags: { ...replayed?.tags, 'pawl.run.id': live?.tags['pawl.run.id'] } });
    expect(fake.versions).toHaveLength(1);
  });
});

async function forgetNotes(): Promise<void> {
  for (const entry of await readdir(runs, { recursive: true }))
    if (/pushed-.*\.json$/.test(entry)) await rm(join(runs, entry));
}
