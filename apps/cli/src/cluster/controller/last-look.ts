import type { ModelVersion } from '@pawl/shared/modelversion/model-version';
import { seen } from '../model-version/order.ts';
import type { Watch } from './watch.ts';

/**
 * When the controller last looked at a version, RFC 3339; undefined: never. Its newest spec counts until the Lease was last renewed;
 * otherwise only the times that the status itself bears are sure.
 */
export function lastLook(version: ModelVersion, watch: Watch): string | undefined {
  if (version.status === undefined) return undefined;
  const { conditions, analysis, verdict, acceptance, rollout } = version.status;
  const times = [
    ...conditions.map((each) => each.lastTransitionTime),
    ...[analysis?.at, verdict?.at, acceptance?.at, rollout?.since],
    seen(version) === 'current' ? leaseTime(watch) : undefined,
  ].filter((time) => time !== undefined);
  return times.sort((a, b) => Date.parse(a) - Date.parse(b)).at(-1);
}

function leaseTime(watch: Watch): string | undefined {
  if (watch.kind === 'looking') return watch.at;
  return watch.kind === 'stopped' ? watch.since : undefined;
}
