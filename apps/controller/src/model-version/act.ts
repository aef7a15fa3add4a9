import { isNotFound } from '@pawl/shared/kubernetes/api-error';
import type { KubernetesApi } from '@pawl/shared/kubernetes/kubernetes-api';
import { deployments, httpRoutes, pods } from '@pawl/shared/kubernetes/objects';
import { annotations, FIELD_MANAGER, labels } from '@pawl/shared/modelversion/names';
import { Waiting } from '../runtime/controller-loop.ts';
import { canaryDeployment, mountOf, ownerOf, stablePatch } from './canary.ts';
import type { Action } from './decision.ts';
import type { Observed } from './gather.ts';
import { httpRoute } from './http-route.ts';
import { timestamp } from './time.ts';

/** An action that changes the cluster. */
export type ClusterAction = Exclude<Action, { readonly kind: 'verify' | 'ask-acceptance' }>;

/** Time until a missing Service is looked for again, ms. */
const SERVICE_RETRY_MS = 5_000;

/**
 * Carries out one action. Every action may be repeated: the second time it changes nothing.
 * @throws ApiError when the API server refuses it; Waiting ServiceMissing when a gateway's Service does not exist.
 */
export async function act(
  api: Pick<KubernetesApi, 'apply' | 'mergePatch' | 'delete'>,
  action: ClusterAction,
  observed: Observed,
  signal: AbortSignal,
): Promise<void> {
  const { namespace, stable, config, facts } = observed;
  const { policy } = config;
  const write = { fieldManager: FIELD_MANAGER, signal };
  const own = { ...write, force: true };
  const annotate = (name: string, values: Readonly<Record<string, string | null>>) =>
    unlessGone(api.mergePatch(deployments, namespace, name, { metadata: { annotations: values } }, write));
  switch (action.kind) {
    case 'apply-canary': {
      if (stable === undefined || policy === undefined) return;
      const { version, name, replicas } = action;
      const canary = canaryDeployment(stable, version, { name, replicas, mount: policy.artifact.mount });
      await api.apply(deployments, canary, own);
      return;
    }
    case 'adopt-canary': {
      if (stable === undefined) return;
      const patch = { metadata: { ownerReferences: [ownerOf(stable)] } };
      await unlessGone(api.mergePatch(deployments, namespace, action.name, patch, write));
      return;
    }
    case 'apply-stable':
      if (stable === undefined) return;
      await api.apply(
        deployments,
        stablePatch(stable, action.version, policy?.artifact.mount ?? mountOf(stable.spec.template)),
        own,
      );
      return;
    case 'admit-pods':
    case 'withdraw-pods': {
      const value = action.kind === 'admit-pods' ? 'true' : null;
      const patch = { metadata: { labels: { [labels.inService]: value } } };
      await Promise.all(action.pods.map((name) => unlessGone(api.mergePatch(pods, namespace, name, patch, write))));
      return;
    }
    case 'write-comparison':
      await annotate(action.canary, { [annotations.comparison]: JSON.stringify(action.comparison) });
      return;
    case 'mark-withdrawn':
      await annotate(action.canary, { [annotations.withdrawnAt]: timestamp(facts.now) });
      return;
    case 'set-route-weight':
      await api.apply(httpRoutes, httpRoute(action.weight, requireRoute(observed)), own);
      // Requests again: an earlier withdrawal no longer counts.
      if (action.canary !== undefined) await annotate(action.canary, { [annotations.withdrawnAt]: null });
      return;
    case 'delete-canary': {
      const uid = observed.canaries.find(({ metadata }) => metadata.name === action.name)?.metadata.uid;
      await api.delete(deployments, namespace, action.name, { uid, propagationPolicy: 'Background', signal });
      return;
    }
  }
}

function requireRoute({ route, config }: Observed) {
  if (route !== undefined) return route;
  const name = config.policy?.traffic.gateway?.stableService ?? '';
  const message = `The Service ${name}, to which the policy's gateway routes, does not exist.`;
  throw new Waiting('ServiceMissing', message, SERVICE_RETRY_MS);
}

/** A pod may end at any time, and a canary with its version; the deletion event enqueues the key again. */
async function unlessGone(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
