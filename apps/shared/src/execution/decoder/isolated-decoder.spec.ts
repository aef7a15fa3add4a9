import { readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { jest } from '@jest/globals';
import { eventually } from '@pawl/test-kit/eventually';
import { decoderPids, procFile } from '@pawl/test-kit/process-tree';
import { catdog, catPhoto } from '@pawl/test-kit/repository';
import type { Manifest } from '../../bundle/manifest.ts';
import { createImageDecoder } from '../../preprocessing/decode-image.ts';
import { defaultImageLimits } from '../../preprocessing/limits.ts';
import { blackPng } from '../../preprocessing/test/png.ts';
import { IsolatedDecoder } from './isolated-decoder.ts';
import { PixelFile } from './pixel-file.ts';

const { input, golden } = JSON.parse(readFileSync(join(catdog, 'manifest.json'), 'utf8')) as Manifest;
const photos = golden.images.map(({ file }) => readFileSync(join(catdog, file)));
const photo = readFileSync(catPhoto);
const limits = { ...defaultImageLimits, timeoutMs: 60_000 };

const decoders: IsolatedDecoder[] = [];
const losses: string[] = [];
const errors: unknown[] = [];

async function aDecoder({ timeoutMs = limits.timeoutMs, start = true } = {}): Promise<IsolatedDecoder> {
  const decoder = new IsolatedDecoder(
    { inputs: [input], limits: { ...limits, timeoutMs } },
    { onLoss: (reason) => losses.push(reason), onHopeless: (error) => errors.push(error) },
  );
  decoders.push(decoder);
  if (start) await decoder.started;
  return decoder;
}

const pids = (): number[] => decoderPids(process.pid);
const commandOf = (pid: number): string => procFile(pid, 'cmdline');

beforeEach(() => {
  losses.length = 0;
  errors.length = 0;
});
afterEach(async () => {
  for (const decoder of decoders.splice(0)) decoder.close();
  await eventually('no process to stay', () => pids().length === 0);
});

describe('IsolatedDecoder', () => {
  it('gives what a decoder in this process gives, in the order it was asked', async () => {
    const decoder = await aDecoder();
    const here = createImageDecoder(input, limits);
    const theirs = await Promise.all(photos.map((bytes) => decoder.decode(bytes)));
    for (const [index, image] of theirs.entries()) expect(image).toEqual(await here.decode(photos[index]!));
    expect(losses).toEqual([]);
    expect(readlinkSync(`/proc/${pids()[0]!}/fd/3`)).toMatch(/^\/dev\/shm\/pawl-.* \(deleted\)$/);
  });

  it('gives the same where no memory can be shared', async () => {
    const create = jest.spyOn(PixelFile, 'create').mockReturnValue(undefined);
    try {
      const decoder = await aDecoder();
      const here = createImageDecoder(input, limits);
      for (const bytes of photos.slice(0, 3)) expect(await decoder.decode(bytes)).toEqual(await here.decode(bytes));
    } finally {
      create.mockRestore();
    }
  });

  it('decodes a picture for each input that it was made for, and no other', async () => {
    const inputs = [input, { ...input, width: 48, height: 32, kernel: 'cubic' as const }];
    const decoder = new IsolatedDecoder(
      { inputs, limits },
      { onLoss: (reason) => losses.push(reason), onHopeless: (error) => errors.push(error) },
    );
    decoders.push(decoder);
    for (const index of [1, 0, 1])
      expect(await decoder.decode(photo, index)).toEqual(
        await createImageDecoder(inputs[index]!, limits).decode(photo),
      );
    await expect(decoder.decode(photo, 2)).rejects.toMatchObject({ code: 'IMAGE_UNREADABLE' });
    const order: string[] = [];
    const wanted = [
      ['one', 0],
      ['two', 0],
      ['three', 0],
      ['one again', 1],
    ] as const;
    await Promise.all(wanted.map(([name, index]) => decoder.decode(photo, index).then(() => void order.push(name))));
    expect(order).toEqual(['one', 'one again', 'two', 'three']);
    expect(losses).toEqual([]);
  });

  it('passes the refusals on', async () => {
    const decoder = await aDecoder();
    await expect(decoder.decode(new Uint8Array())).rejects.toMatchObject({ code: 'FILE_EMPTY' });
    await expect(decoder.decode(photo.subarray(0, 20_000))).rejects.toMatchObject({
      code: 'IMAGE_UNREADABLE',
      message: 'The file starts as JPEG but cannot be decoded.',
      cause: expect.any(Error) as Error,
    });
    await expect(decoder.decode(blackPng(10_000, 10_000))).rejects.toMatchObject({ code: 'IMAGE_TOO_MANY_PIXELS' });
    expect(losses).toEqual([]);
  });

  it('tries a picture again whose process was killed', async () => {
    const decoder = await aDecoder();
    const [pid] = pids();
    process.kill(pid!, 'SIGSTOP');
    const decoded = decoder.decode(photo);
    process.kill(pid!, 'SIGKILL');
    expect(await decoded).toMatchObject({ format: 'jpeg' });
    expect(losses).toEqual(['it ended with SIGKILL']);
  });

  it('kills a process that gets no CPU, blames no picture for it, and decodes the next', async () => {
    const decoder = await aDecoder({ timeoutMs: 3_000 });
    const [pid] = pids();
    process.kill(pid!, 'SIGSTOP');
    await expect(decoder.decode(photo)).rejects.toMatchObject({ code: 'SERVICE_STALLED' });
    expect(commandOf(pid!)).toBe('');
    expect((await decoder.decode(photo)).format).toBe('jpeg');
  });

  it('ends a process that still works on a picture which took too long', async () => {
    const decoder = await aDecoder({ timeoutMs: 50 });
    const [pid] = pids();
    // Forty million pixels and ten thousand bytes.
    await expect(decoder.decode(blackPng(6_324, 6_324))).rejects.toMatchObject({ code: 'IMAGE_TIMEOUT' });
    expect(commandOf(pid!)).toBe('');
    expect(losses).toEqual(['it ended with SIGKILL']);
  });

  it('gives up when no process can be started', async () => {
    const { execPath } = process;
    process.execPath = '/nonexistent/node';
    try {
      const decoder = await aDecoder({ start: false });
      await expect(decoder.decode(photo)).rejects.toMatchObject({
        code: 'WORKER_CRASHED',
        message: expect.stringMatching(/does not start: it ended with code 127, saying ".*not found"/) as string,
      });
      expect(errors).toHaveLength(1);
    } finally {
      process.execPath = execPath;
    }
  });

  it('runs apart: without secrets, first to go when memory is short, with a limit and no core dump', async () => {
    process.env.PAWL_TEST_SECRET = 'hunter2';
    try {
      await aDecoder();
      const [pid] = pids();
      const file = (name: string) => readFileSync(`/proc/${pid!}/${name}`, 'utf8');
      expect(file('environ')).not.toContain('hunter2');
      expect(file('oom_score_adj').trim()).toBe('1000');
      expect(Number(/Max data size\s+(\d+)/.exec(file('limits'))?.[1])).toBeGreaterThan(limits.maxDecodeBytes);
      expect(/Max core file size\s+(\d+)/.exec(file('limits'))?.[1]).toBe('0');
    } finally {
      delete process.env.PAWL_TEST_SECRET;
    }
  });

  it('does not outlive the thread that owns it', async () => {
    const url = new URL('./isolated-decoder.ts', import.meta.url).href;
    const options = JSON.stringify({ inputs: [input], limits });
    const thread = new Worker(
      `import(${JSON.stringify(url)}).then(({ IsolatedDecoder }) => new IsolatedDecoder(${options}, {}));`,
      { eval: true, execArgv: ['--no-warnings'] },
    );
    const pid = await eventually('its process', () => pids()[0]);
    await thread.terminate();
    await eventually('the process to end', () => commandOf(pid) === '');
  });
});
