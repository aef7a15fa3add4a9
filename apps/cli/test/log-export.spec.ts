import { execFile } from 'node:child_process';
import { mkdir, readdir, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { objectName } from '@pawl/shared/predictionlog/object-name';
import { openLogStore } from '@pawl/shared/predictionlog/log-store';
import type { PredictionLine } from '@pawl/shared/predictionlog/prediction-line';
import { aFolder, cleanFolders } from '@pawl/test-kit/bundles';
import { aPredictionLine } from '@pawl/test-kit/prediction-lines';
import { inRepository } from '@pawl/test-kit/repository';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { pawlIn } from './support/pawl-in.ts';

const exec = promisify(execFile);
const noon = Date.UTC(2026, 10, 30, 12);

afterEach(cleanFolders);

const at = (ms: number, change: Partial<PredictionLine> = {}): PredictionLine =>
  aPredictionLine({ time: new Date(ms).toISOString(), ...change });
const jsonl = (...lines: readonly unknown[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join('');
const nameAt = (begunAt: number, number = 1): string => objectName({ begunAt, instance: 'a1', number });

async function write(folder: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}

async function rowsOf(path: string): Promise<Record<string, unknown>[]> {
  return await parquetReadObjects({ file: await asyncBufferFromFile(path) });
}

describe('pawl log export', () => {
  it('makes a typed table of a folder of objects', async () => {
    const folder = await aFolder();
    await write(folder, { [`log/${nameAt(noon)}`]: gzipSync(jsonl(at(noon), at(noon + 1, { label: 'dog' }))) });
    const { code, err } = await pawlIn(folder, ['log', 'export', 'log']);
    expect([code, err]).toEqual([0, expect.stringContaining('2 predictions of 1 files in predictions.parquet')]);

    const path = join(folder, 'predictions.parquet');
    const [first, second] = await rowsOf(path);
    expect(first).toEqual({
      time: new Date(noon),
      prediction_id: 'cGF5bG9hZA.c2lnbmF0dXJl',
      request_id: '7f2f2d8e',
      model: 'catdog',
      version: '1.2.3',
      digest: `sha256:${'ab'.repeat(32)}`,
      label: 'cat',
      confidence: 0.9526,
      abstained: false,
      known: 1.25,
      stage: null,
      format: 'jpeg',
      width: 640,
      height: 480,
      frames: 1,
      bytes: 60_000,
      queue_ms: 1,
      decode_ms: 2,
      infer_ms: 3,
      aspect: 1.33333,
      brightness: 0.5,
      projection_0: -0.25,
      probability_cat: 0.9526,
      probability_dog: 0.0474,
    });
    expect(second).toMatchObject({ label: 'dog', time: new Date(noon + 1) });
    const { schema } = await parquetMetadataAsync(await asyncBufferFromFile(path));
    const types = Object.fromEntries(schema.map(({ name, type, converted_type }) => [name, converted_type ?? type]));
    expect(types).toMatchObject({ time: 'TIMESTAMP_MILLIS', label: 'UTF8', width: 'INT32', known: 'DOUBLE' });
    expect(await readdir(folder)).toEqual(['log', 'predictions.parquet']);
  });

  it('reads files and folders together, gzip or not, and the lines of a service among others', async () => {
    const folder = await aFolder();
    await write(folder, {
      'pod.txt': jsonl({ level: 'info', message: 'listening' }, at(noon), { level: 'info', message: 'stopped' }),
      'log/a.jsonl': jsonl(at(noon)).trimEnd(),
      'log/deep/b.jsonl.gz': gzipSync(jsonl(at(noon))),
      'log/.c.jsonl.gz': 'an object that is being written',
      'log/readme.md': 'no log',
    });
    const { err } = await pawlIn(folder, ['log', 'export', 'pod.txt', 'log', '--out', 'all.parquet']);
    expect(err).toContain('3 predictions of 3 files in all.parquet, 2 lines of something else left out');
    expect(await rowsOf(join(folder, 'all.parquet'))).toHaveLength(3);
  });

  it('counts bad lines and says the first, and takes all others', async () => {
    const folder = await aFolder();
    const whole = gzipSync(
      jsonl(...Array.from({ length: 2_000 }, (_, i) => at(noon + i, { request_id: `${i ** 3}` }))),
    );
    await write(folder, {
      'log/a.jsonl': `${jsonl(at(noon))}{"event":"predic\n${jsonl(at(noon, { confidence: 'high' as never }), at(noon))}`,
      'log/b.jsonl': `${'x'.repeat(2 * 1024 * 1024)}\n${jsonl(at(noon))}`,
      'log/c.jsonl.gz': whole,
    });
    await truncate(join(folder, 'log/c.jsonl.gz'), whole.length - 20);
    const { code, err } = await pawlIn(folder, ['log', 'export', 'log']);
    expect([code, err]).toEqual([
      0,
      expect.stringContaining('warning: 4 lines could not be read; the first: log/a.jsonl, line 2: it is not JSON\n'),
    ]);
    const rows = await rowsOf(join(folder, 'predictions.parquet'));
    // What was readable of the file that was cut off is there too.
    expect(rows.length).toBeGreaterThan(3 + 1_000);
  });

  it('has a column for every label and statistic of every version, in whichever order they come', async () => {
    const folder = await aFolder();
    const old = { statistics: { brightness: 0.5 }, probabilities: { cat: 1 } };
    const recent = { statistics: { sharpness: 9, width: 1 }, probabilities: { dog: 0.75, fish: 0.25 } };
    // More than one row group before the columns change.
    await write(folder, {
      'log/a.jsonl': jsonl(...Array.from({ length: 20_001 }, () => at(noon, old))),
      'log/b.jsonl': jsonl(at(noon, recent)),
    });
    const { err } = await pawlIn(folder, ['log', 'export', 'log']);
    expect(err).toContain('20002 predictions of 2 files');
    const rows = await rowsOf(join(folder, 'predictions.parquet'));
    expect(rows).toHaveLength(20_002);
    expect(rows[0]).toMatchObject({ brightness: 0.5, sharpness: null, probability_cat: 1, probability_dog: null });
    expect(rows[20_001]).toMatchObject({
      brightness: null,
      sharpness: 9,
      statistic_width: 1,
      width: 640,
      probability_cat: null,
      probability_fish: 0.25,
    });
  });

  it('takes the lines of a time, and leaves files of another unread', async () => {
    const folder = await aFolder();
    const day = 86_400_000;
    await write(folder, {
      [`log/${nameAt(noon)}`]: gzipSync(jsonl(at(noon), at(noon + 1_000), at(noon + 2_000))),
      // Would be counted as bad if they were read.
      [`log/${nameAt(noon - day)}`]: 'not read',
      [`log/${nameAt(noon + day)}`]: 'not read',
    });
    const span = ['--since', '2026-11-30T12:00:01Z', '--until', '2026-11-30T12:00:01Z'];
    const { code, err } = await pawlIn(folder, ['log', 'export', 'log', ...span]);
    expect([code, err]).toEqual([0, expect.stringMatching(/^export . 1 predictions of 1 files/)]);
  });

  it.each([
    [['log', 'export', 'nothing'], 4, /nothing cannot be read \(ENOENT\)\. \[FILE_NOT_FOUND\]/],
    [['log', 'export', 'https://example.com/log'], 2, /is no source of a log\. \[USAGE\]/],
    [['log', 'export', 'empty.jsonl'], 1, /There is no prediction in 1 files: .* \[DATA_EMPTY\]/],
    [['log', 'export', 'some.jsonl', '--out', 'no/such/folder.parquet'], 1, /cannot be written \(ENOENT\)/],
    [['log', 'export', 'some.jsonl', '--since', 'yesterday'], 2, /Expected a date/],
  ])('%s ends with %d', async (argv, expected, message) => {
    const folder = await aFolder();
    await write(folder, { 'empty.jsonl': '', 'some.jsonl': jsonl(at(noon)) });
    const { code, err } = await pawlIn(folder, argv);
    expect([code, err]).toEqual([expected, expect.stringMatching(message)]);
    expect((await readdir(folder)).toSorted()).toEqual(['empty.jsonl', 'some.jsonl']);
  });
});

describeWhenSet('PAWL_TEST_S3_ENDPOINT', 'pawl log export of a real S3 store', (endpoint) => {
  it('reads what the service writes there', async () => {
    const { CreateBucketCommand, S3Client } = await import('@aws-sdk/client-s3');
    const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true });
    const bucket = `pawl-export-${Date.now().toString(36)}${Math.random().toString(36).slice(2, 8)}`;
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    client.destroy();
    const store = await openLogStore(`s3://${bucket}/prod`, { endpoint });
    const { signal } = new AbortController();
    for (const number of [1, 2]) await store.put(nameAt(noon, number), gzipSync(jsonl(at(noon))), signal);
    store.close();

    const folder = await aFolder();
    const env = { S3_ENDPOINT: endpoint };
    const { code, err } = await pawlIn(folder, ['log', 'export', `s3://${bucket}/prod`], { env });
    expect([code, err]).toEqual([0, expect.stringContaining('2 predictions of 2 files')]);
    const one = `s3://${bucket}/prod/${nameAt(noon, 2)}`;
    expect((await pawlIn(folder, ['log', 'export', one], { env })).err).toContain('1 predictions of 1 files');
    expect(await pawlIn(folder, ['log', 'export', `s3://no-such-${bucket}/x`], { env })).toMatchObject({ code: 4 });
  });
});

describeWhenSet('PAWL_TEST_EVIDENTLY', 'pawl log export for Evidently', (python) => {
  /** Fifty lines whose pictures have about this brightness; no two are alike. */
  const pictures = (brightness: number): readonly PredictionLine[] =>
    Array.from({ length: 50 }, (_, i) => {
      const spread = ((i * 29) % 50) / 500;
      const cat = 0.6 + ((i * 17) % 50) / 150;
      return at(noon + i * 1_000, {
        label: i % 3 === 0 ? 'dog' : 'cat',
        confidence: cat,
        probabilities: { cat, dog: 1 - cat },
        statistics: { brightness: brightness + spread, aspect: 1 + spread },
      });
    });

  it('a report and a test suite tell the export of dark pictures from that of bright ones', async () => {
    const folder = await aFolder();
    const days = { reference: pictures(0.7), same: pictures(0.7), dark: pictures(0.2) };
    for (const [day, lines] of Object.entries(days)) {
      await write(folder, { [`${day}.jsonl`]: jsonl(...lines) });
      await pawlIn(folder, ['log', 'export', `${day}.jsonl`, '--out', `${day}.parquet`]);
    }
    const script = inRepository('apps/cli/test/support/evidently-drift.py');
    const files = Object.keys(days).map((day) => join(folder, `${day}.parquet`));
    const { stdout } = await exec(python, [script, ...files]);
    const read = { time: 'datetime64[ms, UTC]', rows: 50 };
    expect(JSON.parse(stdout)).toEqual([
      { ...read, drifted: [], tests: { brightness: 'SUCCESS', confidence: 'SUCCESS', label: 'SUCCESS' } },
      { ...read, drifted: ['brightness'], tests: { brightness: 'FAIL', confidence: 'SUCCESS', label: 'SUCCESS' } },
    ]);
  });
});
