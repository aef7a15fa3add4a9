import { readFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import { flat, noise } from '@pawl/test-kit/costly-pictures';
import { catPhoto, inRepository } from '@pawl/test-kit/repository';
import { productionRuntime } from '@pawl/test-kit/production-runtime';
import { parse } from 'yaml';
import { type RunningService, startService } from '../../apps/inference/test/support/start-service.ts';
import { report } from '../../apps/inference/test/survival/support/facts.ts';
import { blackPng, chunk } from '../../apps/shared/src/preprocessing/test/png.ts';
import { createMemoryCgroup, type MemoryCgroup } from '../support/memory-cgroup.ts';

/** The kubelet's patience with `/livez` in the chart, milliseconds. */
const PROBE_TIMEOUT_MS = 5_000;
/** How often each costly picture is sent, all of them at once: more than there are workers. */
const TIMES = 3;

interface Values {
  readonly resources: { readonly limits: { readonly cpu: string; readonly memory: string } };
}
const { limits } = (parse(readFileSync(inRepository('charts/pawl/values.yaml'), 'utf8')) as Values).resources;

const photo = readFileSync(catPhoto);
const packedText = (): Buffer => {
  const text = chunk('zTXt', Buffer.concat([Buffer.from('a\0\0', 'latin1'), deflateSync(Buffer.alloc(7_900_000))]));
  const png = blackPng(8, 8);
  return Buffer.concat([png.subarray(0, 33), text, text, text, png.subarray(33)]);
};

/** Of each kind about the costliest picture that the chart's memory admits. */
const worst: Readonly<Record<string, () => Promise<Buffer>>> = {
  'an AVIF without subsampling': () =>
    noise(3_000, 3_000).avif({ effort: 0, quality: 10, chromaSubsampling: '4:4:4' }).toBuffer(),
  'a GIF': () => flat(5_000, 5_000).gif({ effort: 1 }).toBuffer(),
  'an interlaced PNG of 16 bits': () =>
    flat(4_600, 4_600, 4).toColourspace('rgb16').png({ progressive: true }).toBuffer(),
  'a progressive JPEG': () => flat(6_000, 6_000).jpeg({ progressive: true, chromaSubsampling: '4:4:4' }).toBuffer(),
  'a lossless WebP': () => flat(4_200, 4_200).webp({ lossless: true, effort: 0 }).toBuffer(),
  'a PNG of long rows': () => Promise.resolve(blackPng(60_000, 500)),
  'a PNG of packed text': () => Promise.resolve(packedText()),
};
/** Of each kind one that would end the process, or hold a worker for an hour. */
const deadly: Readonly<Record<string, () => Promise<Buffer>>> = {
  'an AVIF of 40 megapixels': () => flat(6_324, 6_324).avif({ effort: 0, quality: 1 }).toBuffer(),
  'a GIF of 40 megapixels': () => flat(6_324, 6_324).gif({ effort: 1 }).toBuffer(),
  'a PNG of 1,000,000 x 40 pixels': () => Promise.resolve(blackPng(1_000_000, 40)),
};

const cgroup = createMemoryCgroup(Number(/^(\d+)Mi$/.exec(limits.memory)?.[1]) * 2 ** 20);
const [suite, title] =
  typeof cgroup === 'string' ? [describe.skip, ` (skipped: ${cgroup})`] : [describe, ` of ${limits.memory}`];

suite(`costly pictures in a container${title}`, () => {
  const group = cgroup as MemoryCgroup;
  let service: RunningService;

  beforeAll(async () => {
    // No deadline: what is asked is whether memory suffices, on a machine of any speed.
    const untimed = { REQUEST_DEADLINE_MS: '600000', IMAGE_TIMEOUT_MS: '600000' };
    service = await startService({ ...productionRuntime().env, ...untimed, WORKERS: limits.cpu }, group.prefix);
  }, 120_000);
  afterAll(async () => {
    report(`memory of the container of ${limits.memory}, MB`, { peak: Math.round(group.peakBytes() / 1e6) });
    await service.stop();
    await group.remove();
  });

  const predict = async (bytes: Uint8Array): Promise<{ status: number; code?: string }> => {
    const headers = { 'content-type': 'application/octet-stream' };
    const response = await fetch(`${service.url}/predict`, { method: 'POST', body: Uint8Array.from(bytes), headers });
    const body = (await response.json()) as { readonly error?: { readonly code: string } };
    return { status: response.status, ...(body.error && { code: body.error.code }) };
  };
  const probe = async (): Promise<number> =>
    (await fetch(`${service.url}/livez`, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) })).status;

  it('says how the memory is shared out, and is content with it', async () => {
    const line = await service.logged(/^memory /);
    expect(line.message).toBe('memory shared out');
  });

  it.each(Object.entries(worst))(
    '%s, several at once, beside photographs',
    async (_, make) => {
      const bytes = await make();
      const heavy = Array.from({ length: TIMES }, () => predict(bytes));
      const good = Array.from({ length: TIMES }, () => predict(photo));
      expect(await probe()).toBe(200);
      for (const answer of await Promise.all([...heavy, ...good])) expect(answer).toEqual({ status: 200 });
      expect(await probe()).toBe(200);
      expect(group.oomKills()).toBe(0);
    },
    300_000,
  );

  it('all kinds at once', async () => {
    const pictures = await Promise.all(Object.values(worst).map(async (make) => await make()));
    const answers = await Promise.all([...pictures, ...pictures.map(() => photo)].map(predict));
    for (const answer of answers) expect(answer).toEqual({ status: 200 });
    expect(await probe()).toBe(200);
    expect(group.oomKills()).toBe(0);
  }, 300_000);

  it.each(Object.entries(deadly))(
    '%s is refused before any decoder sees it',
    async (_, make) => {
      expect(await predict(await make())).toEqual({ status: 422, code: 'IMAGE_TOO_COMPLEX' });
      expect(group.oomKills()).toBe(0);
    },
    60_000,
  );
});
