import { ApiError, isKindMissing } from '@pawl/shared/kubernetes/api-error';
import type { KubernetesApi } from '@pawl/shared/kubernetes/kubernetes-api';
import { type Deployment, httpRoutes, services } from '@pawl/shared/kubernetes/objects';
import type { RolloutPolicy } from '@pawl/shared/modelversion/rollout-policy';
import type { AcceptanceRunner } from './acceptance-runner.ts';
import type { ProcessCounters, Reading, TrackReading } from './analysis/counters.ts';
import { type Caches, ofModel, unseen } from './caches.ts';
import type { CanaryTrack, Facts, PodFacts } from './facts.ts';
import { type RouteInputs, routeWeight } from './http-route.ts';
import { type ModelConfig, readModelConfig } from './model-config.ts';
import type { PodClient } from './pod-client.ts';
import { idOf, type Refusals } from './refusals.ts';
import { routeTrouble } from './route-status.ts';
import { canaryTrack, needsCounters, stableState } from './tracks.ts';
import type { Verifier } from './verifier.ts';

/** Where facts come from. */
export interface Sources {
  readonly api: Pick<KubernetesApi, 'get'>;
  readonly caches: Caches;
  readonly pods: Pick<PodClient, 'scrape' | 'whyNotReady'>;
  readonly verifier: Pick<Verifier, 'states'>;
  readonly acceptances: Pick<AcceptanceRunner, 'runs'>;
  readonly refusals: Pick<Refusals, 'of' | 'note' | 'succeeded'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** What was found of a model: the facts to decide by, and the objects that actions start from. */
export interface Observed {
  /** See `keyOfModel`. */
  readonly key: string;
  readonly namespace: string;
  readonly facts: Facts;
  readonly config: ModelConfig;
  readonly stable: Deployment | undefined;
  readonly canaries: readonly Deployment[];
  /** What decides about the HTTPRoute; undefined where the policy has no gateway, or its Service does not exist. */
  readonly route: RouteInputs | undefined;
  /** The API server refuses to show the route, as the facts tell. The pass has failed all the same. */
  readonly failure?: ApiError | undefined;
}

/**
 * Reads everything that one decision rests on.
 * @throws ApiError of a refusal that is not told yet, ApiUnreachable, and the signal's reason.
 */
export async function gather(sources: Sources, key: string, signal: AbortSignal): Promise<Observed> {
  const { api, caches, pods, now } = sources;
  const [namespace = '', model = ''] = key.split('/');
  const found = ofModel(caches, key);
  const [stable] = found.stable;
  const config = readModelConfig(model, found.policies, found.images);
  const at = now();
  const canaries = await Promise.all(
    found.canaries.map((canary) =>
      withReasons(canaryTrack(canary, found.podsOf(canary)), (address) => pods.whyNotReady(address, signal)),
    ),
  );
  const state = stableState(model, found.stable, found.podsOf);
  const counters =
    needsCounters(found.versions, canaries) && state.kind === 'found'
      ? await readCounters(state.track.pods, canaries, (address) => pods.scrape(address, model, signal))
      : undefined;
  const { route, weight, trouble, failure } = await unlessTold(sources.refusals, key, () =>
    readRoute(api, config.policy, stable, signal),
  );
  const facts: Facts = {
    now: at,
    model,
    versions: found.versions,
    stable: state,
    canaries,
    policy: config.state,
    verifications: sources.verifier.states(key, found.versions),
    acceptances: sources.acceptances.runs(key, found.versions),
    counters,
    routeWeight: weight,
    routeTrouble: trouble,
    refusals: new Map([...sources.refusals.of(key), ...unseenObjects(caches)]),
  };
  return { key, namespace, facts, config, stable, canaries: found.canaries, route, failure };
}

/** A canary whose pods say why they are not ready, where Kubernetes does not. */
async function withReasons(
  canary: CanaryTrack,
  ask: (address: string) => Promise<string | undefined>,
): Promise<CanaryTrack> {
  const asked = canary.pods.map(async (pod) => {
    if (pod.isReady || pod.waiting !== undefined || pod.address === undefined) return pod;
    try {
      return { ...pod, waiting: await ask(pod.address) };
    } catch (error) {
      return { ...pod, waiting: `pod ${pod.name}: ${messageOf(error)}` };
    }
  });
  return { ...canary, pods: await Promise.all(asked) };
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Reads both tracks at the same time; a pod that does not answer is left out, and the reading says so. */
async function readCounters(
  stable: readonly PodFacts[],
  canaries: readonly CanaryTrack[],
  read: (address: string) => Promise<ProcessCounters>,
): Promise<Reading> {
  let failure: string | undefined;
  const track = async (pods: readonly PodFacts[]): Promise<TrackReading> => {
    const readings = sampled(pods).map(async ({ name, uid, address = '' }) => {
      try {
        return [[uid, await read(address)]] as const;
      } catch (error) {
        failure ??= `the counters of pod ${name} could not be read: ${messageOf(error)}`;
        return [];
      }
    });
    return Object.fromEntries((await Promise.all(readings)).flat());
  };
  const [ofStable, ofCanary] = await Promise.all([track(stable), track(canaries.flatMap(({ pods }) => pods))]);
  return { stable: ofStable, canary: ofCanary, isComplete: failure === undefined, failure };
}

/** Pods of a track that are read at most: more tell nothing more, and what is kept of each has to fit into an annotation. */
const MAX_PODS_READ = 64;

/** Pods that can be read; of many the same ones each time, as uids are random. */
const sampled = (pods: readonly PodFacts[]) =>
  pods
    .filter((pod) => pod.isReady && pod.address !== undefined)
    .toSorted((a, b) => (a.uid < b.uid ? -1 : 1))
    .slice(0, MAX_PODS_READ);

const unseenObjects = (caches: Caches): readonly (readonly [string, string])[] => {
  const words = unseen(caches);
  return words === undefined ? [] : [[idOf({ kind: 'read-objects' }), words]];
};

/** What could be read of the route, and the refusal where the API server shows none of it and that is told. */
async function unlessTold(
  refusals: Sources['refusals'],
  key: string,
  read: () => Promise<RouteState>,
): Promise<RouteState & { readonly failure?: ApiError }> {
  const request = { kind: 'read-route' } as const;
  try {
    const state = await read();
    refusals.succeeded(key, request);
    return state;
  } catch (error) {
    if (refusals.note(key, request, error) === undefined || !(error instanceof ApiError)) throw error;
    return { failure: error };
  }
}

/** A model's HTTPRoute; empty where its policy has no gateway. */
interface RouteState {
  readonly route?: RouteInputs;
  readonly weight?: Facts['routeWeight'];
  readonly trouble?: Facts['routeTrouble'];
}

/** The route of a model as it is, where its policy has a gateway, and the inputs from which it should be made. */
async function readRoute(
  api: Sources['api'],
  policy: RolloutPolicy | undefined,
  stable: Deployment | undefined,
  signal: AbortSignal,
): Promise<RouteState> {
  const gateway = policy?.traffic.gateway;
  if (gateway === undefined || stable === undefined) return {};
  const { name, namespace } = stable.metadata;
  const [found, stableService, canaryService] = await Promise.all([
    unlessKindMissing(api.get(httpRoutes, namespace, name, { signal })),
    api.get(services, namespace, gateway.stableService, { signal }),
    api.get(services, namespace, gateway.canaryService, { signal }),
  ]);
  if (stableService === undefined) return { weight: 'missing' };
  const route = { stable, gateway, stableService, canaryService };
  const weight = routeWeight(found, route);
  return { route, weight, trouble: found === undefined || weight === 'missing' ? undefined : routeTrouble(found) };
}

/** Where the Gateway API is not installed, there is no route. */
async function unlessKindMissing<T>(found: Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (isKindMissing(error)) return undefined;
    throw error;
  }
}
