import type { ModelVersion } from '@pawl/shared/modelversion/model-version';
import type { Evidence } from '../../src/cluster/explain/evidence.ts';
import { ago, aStableDeployment, aVersion, NOW, serving } from './objects.ts';

/** What serves beside every version. */
export const stable = aVersion('1.3.0', serving());

/** Everything an explanation of a version rests on, in a cluster where all is well. */
export function evidenceOf(version: ModelVersion, more: Partial<Evidence> = {}): Evidence {
  return {
    now: NOW,
    namespace: 'demo',
    flags: ' -n demo',
    version,
    siblings: [stable, version],
    stable: { ok: true, value: [aStableDeployment('1.3.0')] },
    canary: { ok: true, value: [] },
    pods: { ok: true, value: [] },
    modelPods: { ok: true, value: [] },
    watch: { kind: 'looking', at: ago(1) },
    events: { ok: true, value: [] },
    policies: { ok: true, value: [] },
    ...more,
  };
}
