import { modelValues } from './support/personalise.ts';
import { release, secondsToServing, serves } from './support/release.ts';
import { report } from './support/report.ts';
import { step } from './support/step.ts';
import type { World } from './support/world.ts';

/** How fast a push serves where nothing has to be waited for. Reported, never asserted. */
export function speed(world: () => World): void {
  step(world, '16', 'release with the canary off and 3 replicas', async (run) => {
    const { clone, places } = run.world;
    clone.edit(modelValues('staging'), { replicaCount: 3, rollout: { canary: { enabled: false } } });
    await clone.commit('Turn the canary of staging off');
    await run.deliver();
    await run.world.argo.idle([places.staging.service]);
    const { released, delivery } = await release(run, 'better', '2.6.0');
    await serves(run, places.staging, released);
    const seconds = secondsToServing(run.world, places.staging, delivery.commit, released.name);
    report((before) => ({
      ...before,
      timings: [
        ...before.timings,
        { what: 'canary off, staging, 3 replicas', seconds, note: 'nothing configured to wait for' },
      ],
    }));
  });
}
