import { memoryPlan, type MemoryPlanInput } from './memory-plan.ts';

const MIB = 2 ** 20;
const plan = (input: Partial<MemoryPlanInput> = {}) =>
  memoryPlan({ containerBytes: 768 * MIB, workers: 2, uploadBytes: 100_000_000, modelBytes: 11_300_000, ...input });

describe('memoryPlan', () => {
  it('all parts together are the container', () => {
    const { restBytes, decodeBudgetBytes, allowanceBytes, sharedBytes, warning } = plan();
    expect(restBytes + decodeBudgetBytes).toBe(768 * MIB);
    expect(2 * allowanceBytes + sharedBytes).toBe(decodeBudgetBytes);
    expect(warning).toBeUndefined();
  });

  it('the largest picture leaves the other workers their allowance', () => {
    const { maxDecodeBytes, allowanceBytes, decodeBudgetBytes } = plan({ workers: 3, containerBytes: 1024 * MIB });
    expect(maxDecodeBytes + 2 * allowanceBytes).toBe(decodeBudgetBytes);
  });

  it('more workers, more uploads and a larger model leave less for one picture', () => {
    const usual = plan().maxDecodeBytes;
    for (const change of [{ workers: 3 }, { uploadBytes: 200_000_000 }, { modelBytes: 20_000_000 }, { graphs: 2 }])
      expect(plan(change).maxDecodeBytes).toBeLessThan(usual);
  });

  it('a setting decides instead of the container', () => {
    expect(plan({ decodeBytes: 128_000_000 })).toMatchObject({
      decodeBudgetBytes: 128_000_000,
      allowanceBytes: 32_000_000,
      maxDecodeBytes: 96_000_000,
    });
  });

  it('a setting that the container does not hold is warned of', () => {
    expect(plan({ decodeBytes: 2_000_000_000 }).warning).toMatch(/^768 MiB of memory are too little/);
  });

  it('a container that is too small is warned of, with the size that would do, which then does', () => {
    const { warning, allowanceBytes } = plan({ containerBytes: 256 * MIB });
    expect(allowanceBytes).toBe(16_000_000);
    const wanted = Number(/at least (\d+) MiB/.exec(warning ?? '')?.[1]);
    expect(wanted).toBeGreaterThan(256);
    expect(plan({ containerBytes: wanted * MIB }).warning).toBeUndefined();
  });

  it('without a limit one picture still does not get all of a large machine', () => {
    expect(plan({ containerBytes: 64 * 1024 * MIB }).maxDecodeBytes).toBe(2_000_000_000);
  });
});
