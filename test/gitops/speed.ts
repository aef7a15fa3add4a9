import { modelValues } from './support/personalise.ts';
import { release, secondsToServing, serves } from './support/release.ts';
import { report } from './support/report.ts';
import { step } from './support/step.ts';
import type { Installation } from './support/installation.ts';

/** How fast a push serves where nothing has to be waited for. Reported, never asserted. */
export function speed(installation: () => Installation): void {
  step(installation, '16', 'release with the canary off and 3 replicas', async (run) => {
    const { clone, environments } = run.installation;
    clone.edit(modelValues('staging'), { replicaCount: 3, rollout: { canary: { enabled: false } } });
    await clone.commit('Turn the canary of staging off');
    await run.deliver();
    await run.installation.argo.idle([environments.staging.service]);
    const { released, delivery } = await release(run, 'better', '2.6.0');
    await serves(run, environments.staging, released);
    const seconds = secondsToServing(run.installation, environments.staging, delivery.commit, released.name);
    report((before) => ({
      ...before,
      timings: [
        ...before.timings,
        { what: 'canary off, staging, 3 replicas', seconds, note: 'nothing configured to wait for' },
      ],
    }));
  });
}
