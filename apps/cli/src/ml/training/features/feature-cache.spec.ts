import { symlinkSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOfBytes } from '@pawl/shared/bundle/digest';
import { boundCache, FeatureCache } from './feature-cache.ts';

const WIDTH = 4;
const key = { backbone: 'sha256:aa', altered: null };
const digestOf = (n: number) => digestOfBytes(Buffer.from(String(n)));
const rowOf = (n: number) => Float32Array.of(n, n + 0.25, -n, 1 / 3);

describe('the feature cache', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'pawl-cache-'));
  });
  afterEach(() => rm(root, { recursive: true }));

  const open = (segment?: string, of: object = key, width = WIDTH) =>
    FeatureCache.open(root, { ...of }, width, segment);
  async function keep(numbers: readonly number[], segment?: string): Promise<void> {
    const cache = await open(segment);
    for (const n of numbers) await cache.append(digestOf(n), n % 3, rowOf(n));
    await cache.close();
  }
  async function found(of: object = key, width = WIDTH) {
    const rows = new Map<string, number[]>();
    const broken = await (
      await open(undefined, of, width)
    ).readAll((digest, variant, values) => {
      rows.set(`${digest} ${variant}`, [...values]);
    });
    return { rows, broken };
  }
  async function segment(): Promise<string> {
    const [folder = ''] = await readdir(root);
    const [name = ''] = await readdir(join(root, folder));
    return join(root, folder, name);
  }

  it('gives back what was kept, bit for bit, over several runs', async () => {
    const numbers = Array.from({ length: 700 }, (_, n) => n);
    await keep(numbers.slice(0, 500));
    await keep(numbers.slice(400));
    const { rows, broken } = await found();
    expect(broken).toBe(0);
    expect(rows.size).toBe(700);
    for (const n of numbers) expect(rows.get(`${digestOf(n)} ${n % 3}`)).toEqual([...rowOf(n)]);
  });

  it('keeps rows of another backbone, augmentation or width apart', async () => {
    await keep([1]);
    expect((await found({ ...key, backbone: 'sha256:bb' })).rows.size).toBe(0);
    expect((await found({ ...key, altered: { flip: 0.5 } })).rows.size).toBe(0);
    expect((await found(key, WIDTH + 1)).rows.size).toBe(0);
  });

  it('loses one row at most to a kill in the middle of writing', async () => {
    await keep([1, 2, 3]);
    const path = await segment();
    const { length } = await readFile(path);
    for (const cut of [1, 5, length / 3 - 1]) {
      await truncate(path, length - cut);
      const { rows, broken } = await found();
      expect([rows.size, broken]).toEqual([2, 1]);
    }
    // The next run writes a segment of its own, and what was lost is there again.
    await keep([3]);
    expect((await found()).rows.size).toBe(3);
  });

  it('leaves out a row whose bits have changed, and no other', async () => {
    await keep([1, 2, 3]);
    const path = await segment();
    const bytes = await readFile(path);
    const at = Math.floor(bytes.length / 2);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await writeFile(path, bytes);
    const { rows, broken } = await found();
    expect(broken).toBe(1);
    expect([...rows.keys()].sort()).toEqual([`${digestOf(1)} 1`, `${digestOf(3)} 0`].sort());
  });

  it('survives a segment that is nothing but noise', async () => {
    await keep([1]);
    await appendFile(join(await segment(), '..', 'noise.rows'), Buffer.alloc(3 * 56, 7));
    const { rows, broken } = await found();
    expect(rows.size).toBe(1);
    expect(broken).toBe(3);
  });

  it('says that the disk is full, and where another folder is named', async () => {
    await keep([1]);
    // A device that is always full.
    symlinkSync('/dev/full', join(await segment(), '..', 'full.rows'));
    const cache = await open('full.rows');
    await cache.append(digestOf(2), 0, rowOf(2));
    await expect(cache.close()).rejects.toMatchObject({ code: 'DISK_FULL', hint: expect.stringContaining('--cache') });
  });

  it('says that the cache cannot be written', async () => {
    await writeFile(join(root, 'file'), '');
    await expect(FeatureCache.open(join(root, 'file'), key, WIDTH)).rejects.toMatchObject({
      code: 'FILE_WRITE_FAILED',
    });
  });

  it('is bounded: what was not used for longest goes first', async () => {
    for (const [index, name] of ['old', 'middle', 'new'].entries()) {
      await mkdir(join(root, name));
      await writeFile(join(root, name, 'x.rows'), Buffer.alloc(1000));
      await utimes(join(root, name), index, index);
    }
    await boundCache(root, 3000);
    expect((await readdir(root)).sort()).toEqual(['middle', 'new', 'old']);
    await boundCache(root, 2500);
    expect((await readdir(root)).sort()).toEqual(['middle', 'new']);
    await boundCache(root, 0);
    expect(await readdir(root)).toEqual([]);
  });
});
