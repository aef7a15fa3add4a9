import { annotations, API_VERSION, FIELD_MANAGER, labels } from '@pawl/shared/modelversion/names';
import {
  deployments,
  httpRoutes,
  pods,
  services,
  type Deployment,
  type HttpRoute,
} from '@pawl/shared/kubernetes/objects';
import type { RolloutPolicy } from '@pawl/shared/modelversion/rollout-policy';
import { isNotFound } from '@pawl/shared/kubernetes/api-error';
import { Waiting } from '../runtime/controller-loop.ts';
import type { KubernetesApi } from '@pawl/shared/kubernetes/kubernetes-api';
import { canaryDeployment, stablePatch } from './canary.ts';
import type { Action } from './decision.ts';
import { timestamp } from './time.ts';

/** What actions need to know beside themselves. */
export interface Scene {
  readonly namespace: string;
  readonly stable: Deployment | undefined;
  readonly canaries: readonly Deployment[];
  readonly policy: RolloutPolicy | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly signal: AbortSignal;
}

/** An action that changes the cluster. */
export type ClusterAction = Exclude<Action, { readonly kind: 'verify' | 'ask-acceptance' }>;

/** The Service's port is what the route sends to. */
const SERVICE_PORT = 80;
/** Until a Service that is missing is looked for again, ms. */
const SERVICE_RETRY_MS = 5_000;

/** Carries out one action. Every one may be repeated: the second time it changes nothing. */
export async function act(client: KubernetesApi, action: ClusterAction, scene: Scene): Promise<void> {
  const { namespace, signal } = scene;
  switch (action.kind) {
    case 'apply-canary': {
      if (scene.stable === undefined || scene.policy === undefined) return;
      const { mount } = scene.policy.artifact;
      // A gateway loses requests when pods go before its route is changed, so there the pods must not go by themselves
      // with their version (docs/decisions/0008).
      const owner = scene.policy.traffic.gateway === undefined ? ('version' as const) : ('stable' as const);
      const { version, name, replicas } = action;
      const canary = canaryDeployment(scene.stable, version, { name, replicas, mount, owner });
      await client.apply(deployments, canary, { fieldManager: FIELD_MANAGER, force: true, signal });
      return;
    }
    case 'apply-stable': {
      if (scene.stable === undefined || scene.policy === undefined) return;
      const patch = stablePatch(scene.stable, action.version, scene.policy.artifact.mount);
      await client.apply(deployments, patch, { fieldManager: FIELD_MANAGER, force: true, signal });
      return;
    }
    case 'admit-pods':
    case 'withdraw-pods': {
      const value = action.kind === 'admit-pods' ? 'true' : null;
      const patch = { metadata: { labels: { [labels.inService]: value } } };
      await Promise.all(
        action.pods.map((name) =>
          unlessGone(client.mergePatch(pods, namespace, name, patch, { fieldManager: FIELD_MANAGER, signal })),
        ),
      );
      return;
    }
    case 'write-baseline':
      await annotate(client, action.canary, { [annotations.baseline]: JSON.stringify(action.baseline) }, scene);
      return;
    case 'mark-withdrawn':
      await annotate(client, action.canary, { [annotations.withdrawnAt]: timestamp(scene.now) }, scene);
      return;
    case 'set-route-weight': {
      const route = await httpRoute(client, action.weight, scene);
      if (route !== undefined)
        await client.apply(httpRoutes, route, { fieldManager: FIELD_MANAGER, force: true, signal });
      // Requests again: an earlier withdrawal no longer counts.
      if (action.canary !== undefined)
        await annotate(client, action.canary, { [annotations.withdrawnAt]: null }, scene);
      return;
    }
    case 'delete-canary': {
      const uid = scene.canaries.find(({ metadata }) => metadata.name === action.name)?.metadata.uid;
      await client.delete(deployments, namespace, action.name, { uid, propagationPolicy: 'Background', signal });
      return;
    }
  }
}

async function annotate(
  client: KubernetesApi,
  name: string,
  values: Readonly<Record<string, string | null>>,
  { namespace, signal }: Scene,
): Promise<void> {
  const patch = { metadata: { annotations: values } };
  await unlessGone(client.mergePatch(deployments, namespace, name, patch, { fieldManager: FIELD_MANAGER, signal }));
}

/** A pod may go at any time, and a canary with its version; that it is gone brings the next look. */
async function unlessGone(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/**
 * The route that splits requests between the Services of both tracks; wholly the controller's. The stable one's Service owns
 * it: the chart has that where its gateway is on, so a gateway that is switched off leaves no route behind that nobody tends.
 *
 * @throws Waiting ServiceMissing.
 */
async function httpRoute(client: KubernetesApi, weight: number, scene: Scene): Promise<HttpRoute | undefined> {
  const { namespace, stable, signal } = scene;
  const gateway = scene.policy?.traffic.gateway;
  if (gateway === undefined || stable === undefined) return undefined;
  const name = gateway.stableService;
  const service = await client.get(services, namespace, name, { signal });
  if (service === undefined)
    throw new Waiting(
      'ServiceMissing',
      `The Service ${name}, to which the policy's gateway routes, does not exist.`,
      SERVICE_RETRY_MS,
    );
  const model = stable.metadata.labels?.[labels.model];
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: {
      name: stable.metadata.name,
      namespace,
      ...(model !== undefined && { labels: { [labels.model]: model } }),
      ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name, uid: service.metadata.uid ?? '' }],
    },
    spec: routeSpec(weight, gateway),
  };
}

/** What the route says. */
function routeSpec(weight: number, gateway: NonNullable<RolloutPolicy['traffic']['gateway']>): HttpRoute['spec'] {
  return {
    parentRefs: gateway.parentRefs,
    ...(gateway.hostnames.length > 0 && { hostnames: gateway.hostnames }),
    rules: [
      {
        backendRefs: [
          { name: gateway.stableService, port: SERVICE_PORT, weight: 100 - weight },
          { name: gateway.canaryService, port: SERVICE_PORT, weight },
        ],
      },
    ],
  };
}

/** Weight of the canary in a route as it stands; `missing` when it is not the route that the policy asks for. */
export function routeWeight(
  found: HttpRoute | undefined,
  scene: Pick<Scene, 'stable' | 'policy'>,
): number | 'missing' | undefined {
  const gateway = scene.policy?.traffic.gateway;
  if (gateway === undefined || scene.stable === undefined) return undefined;
  const wanted = routeSpec(0, gateway);
  const [stable, canary] = found?.spec.rules[0]?.backendRefs ?? [];
  const [ours, theirs] = wanted.rules[0]?.backendRefs ?? [];
  const parents = (spec: HttpRoute['spec'] | undefined) =>
    JSON.stringify(spec?.parentRefs.map((ref) => (ref as { readonly name?: string }).name));
  const isWanted =
    stable?.name === ours?.name &&
    canary?.name === theirs?.name &&
    // Earlier versions of the controller had the Deployment own it.
    found?.metadata.ownerReferences?.[0]?.kind === 'Service' &&
    parents(found.spec) === parents(wanted) &&
    JSON.stringify(found.spec.hostnames ?? []) === JSON.stringify(wanted.hostnames ?? []);
  return isWanted ? (canary?.weight ?? 0) : 'missing';
}

/** The status as it is applied: optimistic, so that a stale view never overwrites a verdict. */
export const statusPatch = (name: string, namespace: string, resourceVersion: string, status: object) => ({
  apiVersion: API_VERSION,
  kind: 'ModelVersion',
  metadata: { name, namespace, resourceVersion },
  status,
});
