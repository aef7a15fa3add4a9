import type { CanaryTrack, PodFacts } from '../facts.ts';
import type { RolloutFacts } from '../rollout-facts.ts';

/** Times after which a canary is killed again and again, as with restarts. */
const AGAIN = 3;
/** Chance that the canary alone would be killed so often although its weights are no worse; above it nothing is said. */
const CHANCE = 0.01;
/** Load of a canary pod, as a multiple of that of a stable pod, that still is the same: as much as rounding to whole pods makes. */
const SAME_LOAD = 1.5;

/** A canary whose memory ran out, or that its node evicted: whether its weights did it, and what to say. */
export interface Kills {
  /** The weights did it; otherwise the pictures or the node may have, and it is tried again. */
  readonly isByWeights: boolean;
  /** It answered users' requests before. */
  readonly wasReached: boolean;
  /** One sentence. */
  readonly message: string;
}

/**
 * Judges a canary that the kernel or its node killed. Before any user's request reached it, only its weights are left as a cause
 * once it goes on. After that, a picture or a crowd of requests may be it: the weights are to blame where the stable pods hold
 * under the same load in the same time, so often that chance does not explain it.
 * @returns undefined when no pod was killed, or too seldom before requests to say anything.
 */
export function judgeKills(canary: CanaryTrack, facts: RolloutFacts): Kills | undefined {
  const killed = canary.pods.filter((pod) => pod.killed !== undefined);
  const [first] = killed;
  if (first === undefined) return undefined;
  const said = `Pod ${first.name} ${first.killed?.words ?? ''}`;
  const times = killed.reduce((sum, { killed: kill }) => sum + (kill?.times ?? 0), 0);
  const since = Math.min(...killed.map(({ killed: kill }) => kill?.since ?? facts.now));
  const stableKilled = facts.stable.pods.find(
    (pod) => (pod.killed?.at ?? Infinity) >= since && pod.killed !== undefined,
  );
  const isCrashing = killed.some((pod) => pod.crashed !== undefined);
  if (!killed.some((pod) => wasReached(pod, canary, facts))) {
    if (!isCrashing && evictions(killed) < AGAIN) return undefined;
    const isNode = stableKilled !== undefined && evictions(killed) > 0;
    const message = isNode
      ? `${said}; so was the stable pod ${stableKilled.name}`
      : `${said}, before any user's request reached it`;
    return { isByWeights: !isNode, wasReached: false, message };
  }
  const unclear = isCrashing || times >= AGAIN ? whyUnclear(times, stableKilled, facts) : 'that may be chance';
  return unclear === undefined
    ? { isByWeights: true, wasReached: true, message: `${said}; the stable pods hold under the same load` }
    : { isByWeights: false, wasReached: true, message: `${said}; ${unclear}, so it is tried again` };
}

const evictions = (pods: readonly PodFacts[]): number => pods.filter(({ killed }) => killed?.isEvicted === true).length;

/** With a gateway every ready pod gets requests from the moment when the first comparison of its template begins. */
const wasReached = (pod: PodFacts, { comparison, template }: CanaryTrack, { policy }: RolloutFacts): boolean =>
  policy.traffic.gateway === undefined ? pod.isInService : comparison?.template === template;

function whyUnclear(times: number, stableKilled: PodFacts | undefined, facts: RolloutFacts): string | undefined {
  if (stableKilled !== undefined) return `so was the stable pod ${stableKilled.name} in the same time`;
  const ready = facts.stable.pods.filter(({ isReady }) => isReady).length;
  if (ready === 0) return 'no stable pod is ready to compare it with';
  const share = shareOf(facts, ready);
  const load = share / facts.replicas / ((1 - share) / ready);
  if (load > SAME_LOAD) return `it has ${load.toFixed(1)} times the load of a stable pod`;
  if (share ** times > CHANCE) return `the stable pods were not, but ${times} times may be chance`;
  return undefined;
}

/** Share of the requests that the canary gets in its step. */
function shareOf({ policy, step, replicas }: RolloutFacts, stable: number): number {
  const routed = policy.traffic.gateway === undefined ? undefined : policy.canary.steps[step - 1]?.weight;
  return routed === undefined ? replicas / (replicas + stable) : routed / 100;
}
