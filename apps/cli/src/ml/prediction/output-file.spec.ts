import { appendFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { aFolder, cleanFolders } from '@pawl/test-kit/bundles';
import type { AnswerRow } from './answer-row.ts';
import { keptRows } from './kept-rows.ts';
import { OutputFile, partialName } from './output-file.ts';
import { recordFormat, type RecordFormatName } from './record-format.ts';

const files = ['a.jpg', 'b, "c"\n.jpg', 'ü/✓.jpg', 'd.jpg'];
const shape = { labels: ['cat', 'dog'], top: 0, modelDigest: 'sha256:abc' };
const row = (file: string): AnswerRow =>
  file === 'd.jpg'
    ? { kind: 'unreadable', file, code: 'ENOENT', message: 'There is no such file.' }
    : { kind: 'answered', file, answer: { label: 'cat', confidence: 1, probabilities: { cat: 1, dog: 0 } } };
const { signal } = new AbortController();
const isThere = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

describe.each<RecordFormatName>(['csv', 'ndjson'])('what a run that was cut off left behind, as %s', (name) => {
  const format = recordFormat(name, shape);
  const records = files.map((file) => format.record(row(file)));
  const whole = Buffer.from(format.header + records.join(''));
  /** A file in chunks of `size` bytes. */
  async function* chunks(bytes: Uint8Array, size: number) {
    for (let at = 0; at < bytes.length; at += size) yield Promise.resolve(bytes.subarray(at, at + size));
  }
  const kept = (bytes: Uint8Array, names: readonly string[] = files, size = 7) =>
    keptRows(chunks(bytes, size), format, names);

  it('is kept up to the last whole row, wherever it was cut', async () => {
    const ends = records.map((_, i) => Buffer.byteLength(format.header + records.slice(0, i + 1).join('')));
    for (let length = 0; length <= whole.length; length++) {
      const rows = ends.filter((end) => end <= length).length;
      const header = Buffer.byteLength(format.header);
      const bytes = rows === 0 ? (length < header ? 0 : header) : ends[rows - 1];
      expect(await kept(whole.subarray(0, length))).toMatchObject({ rows, bytes });
    }
  });

  it('is read in chunks of any size', async () => {
    const outcomes = [...Array<unknown>(3).fill({ kind: 'label', label: 'cat' }), { kind: 'unreadable' }];
    for (const size of [1, 3, 64, 10_000])
      expect(await kept(whole, files, size)).toEqual({ rows: 4, bytes: whole.length, outcomes });
  });

  it('is kept as far as the pictures are the same', async () => {
    expect((await kept(whole, ['a.jpg', 'new.jpg', ...files.slice(1)])).rows).toBe(1);
    expect((await kept(whole, ['new.jpg', ...files])).rows).toBe(0);
    expect((await kept(whole, files.slice(0, 2))).rows).toBe(2);
  });

  it('goes on behind half a row', async () => {
    const path = join(await aFolder(), 'new/answers');
    const first = await OutputFile.open(path, format, files, signal);
    expect(first).toMatchObject({ kept: { rows: 0 }, startsAnew: false });
    await first.write(records[0] ?? '');
    await first.write(records[1]?.slice(0, -3) ?? '');
    await first.close();
    expect(await isThere(path)).toBe(false);
    const second = await OutputFile.open(path, format, files, signal);
    expect(second).toMatchObject({ kept: { rows: 1 }, startsAnew: false });
    for (const record of records.slice(1)) await second.write(record);
    await second.finish();
    await second.close();
    expect(await readFile(path)).toEqual(whole);
    expect(await isThere(partialName(path))).toBe(false);
  });

  it('starts anew, and says so, where nothing is of use', async () => {
    const path = join(await aFolder(), 'answers');
    await writeFile(partialName(path), 'something else entirely, and longer than the header would be'.repeat(9));
    const file = await OutputFile.open(path, format, files, signal);
    expect(file).toMatchObject({ kept: { rows: 0 }, startsAnew: true });
    await file.finish();
    await file.close();
    expect(await readFile(path, 'utf8')).toBe(format.header);
  });
});

describe('a file of answers', () => {
  const format = recordFormat('csv', shape);

  it('leaves an older file as it is until the new one is whole', async () => {
    const path = join(await aFolder(), 'answers.csv');
    await writeFile(path, 'old');
    const file = await OutputFile.open(path, format, files, signal);
    await file.write(format.record(row('a.jpg')));
    expect(await readFile(path, 'utf8')).toBe('old');
    await file.finish();
    await file.close();
    expect(await readFile(path, 'utf8')).toContain('a.jpg,cat');
  });

  it('sees that another run writes there', async () => {
    const path = join(await aFolder(), 'answers.csv');
    const file = await OutputFile.open(path, format, files, signal);
    await appendFile(partialName(path), 'row of another run\r\n');
    await expect(file.write(format.record(row('a.jpg')))).rejects.toMatchObject({
      code: 'FILE_WRITE_FAILED',
      message: expect.stringContaining('Another program'),
    });
    await file.close();
  });

  it('says at once that it cannot have the name of a folder', async () => {
    const path = join(await aFolder(), 'answers.csv');
    await mkdir(path);
    await expect(OutputFile.open(path, format, files, signal)).rejects.toMatchObject({ code: 'FILE_WRITE_FAILED' });
    expect(await isThere(partialName(path))).toBe(false);
  });
});

afterEach(cleanFolders);
