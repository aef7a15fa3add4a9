import { runCampaign } from './engine/campaign.ts';
import type { FuzzTarget } from './engine/target.ts';
import { targetModule, targetNames } from './engine/targets.ts';

/** So that a failure here is the same failure everywhere; the nightly run has other seeds. */
const SEED = 1;

describe.each(targetNames)('what strangers send: %s', (name) => {
  it('is read or refused with a code, and does no harm', async () => {
    const module = targetModule(name);
    const { target } = (await import(module)) as { readonly target: FuzzTarget };
    const { findings, iterations, outcomes } = await runCampaign({
      module,
      seed: SEED,
      goOn: (at) => at < target.iterations,
    });
    const told = findings.map(({ iteration, kind, detail }) => `input ${iteration}, ${kind}: ${detail}`);
    expect(told).toEqual([]);
    expect(iterations).toBe(target.iterations);
    // Inputs that are all refused at once would show nothing.
    expect(outcomes['ok'] ?? 0).toBeGreaterThan(iterations / 50);
  });
});
