import sharp from 'sharp';
import { defaultImageLimits } from '../preprocessing/limits.ts';
import { DecodeAdmission } from './decode-admission.ts';
import { memoryPlan } from './memory-plan.ts';

const plan = memoryPlan({
  containerBytes: 768 * 2 ** 20,
  workers: 2,
  uploadBytes: 100_000_000,
  modelBytes: 11_300_000,
});
const admission = () => new DecodeAdmission(defaultImageLimits, plan, 4);
const flat = (width: number, height: number) => sharp({ create: { width, height, channels: 3, background: '#888' } });
/** Needs more than half of what is shared, and less than all. */
const heavy = await flat(3800, 3000).avif({ effort: 0, chromaSubsampling: '4:2:0' }).toBuffer();
const small = await flat(640, 480).jpeg().toBuffer();
const patient = { deadlineMs: 600_000 };

describe('DecodeAdmission', () => {
  it('reads a picture from the chunks that it came in', () => {
    const chunks = [small.subarray(0, 1), small.subarray(1, 3), small.subarray(3)];
    const examined = admission().examine(chunks);
    expect(examined.header).toMatchObject({ width: 640, height: 480 });
  });

  it('has the limit of the plan', async () => {
    const huge = await flat(6324, 6324).avif({ effort: 0, quality: 1 }).toBuffer();
    expect(admission().limits.maxDecodeBytes).toBe(plan.maxDecodeBytes);
    await expect(admission().admit([huge], patient)).rejects.toMatchObject({ code: 'IMAGE_TOO_COMPLEX' });
  });

  it('two heavy pictures are decoded one after the other, small ones meanwhile', async () => {
    const memory = admission();
    const first = await memory.admit([heavy], patient);
    const second = memory.admit([heavy], patient);
    await memory.admit([small], patient);
    expect(memory.waiting).toBe(1);
    first.release();
    expect(await second).toMatchObject({ decodeMs: expect.any(Number) as number });
  });

  it('whoever waits until the deadline may try again', async () => {
    const memory = admission();
    await memory.admit([heavy], patient);
    await expect(memory.admit([heavy], { deadlineMs: 1 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(memory.waiting).toBe(0);
  });

  it('whoever goes away no longer waits', async () => {
    const memory = admission();
    await memory.admit([heavy], patient);
    const client = new AbortController();
    const waiting = memory.admit([heavy], { ...patient, signal: client.signal });
    client.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'CLIENT_CLOSED_REQUEST' });
    expect(memory.waiting).toBe(0);
  });
});
