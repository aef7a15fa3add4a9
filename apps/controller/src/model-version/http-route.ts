import { canonicalJson } from '@pawl/shared/bundle/canonical-json';
import { digestOfBytes } from '@pawl/shared/bundle/digest';
import { annotations, labels } from '@pawl/shared/modelversion/names';
import type { RolloutPolicy } from '@pawl/shared/modelversion/rollout-policy';
import type { Deployment, HttpRoute, ParentReference, Service } from '@pawl/shared/kubernetes/objects';

/** The inputs of a model's HTTPRoute, except its weights. */
export interface RouteInputs {
  readonly stable: Deployment;
  readonly gateway: NonNullable<RolloutPolicy['traffic']['gateway']>;
  /** The Service of the stable pods alone: it owns the route. */
  readonly stableService: Service;
  /** The Service of the canary pods alone; undefined: it does not exist yet. */
  readonly canaryService: Service | undefined;
}

/** Name of a Service's port for requests, as the chart writes it. */
const PORT_NAME = 'http';

/**
 * The route that splits requests between the Services of both tracks; the controller owns all its fields. It belongs to
 * the Service of the stable pods, which the chart makes only while its gateway is on: switching the gateway off removes
 * the route.
 * @param weight of the canary, percent.
 */
export function httpRoute(weight: number, inputs: RouteInputs): HttpRoute {
  const { stable, gateway, stableService } = inputs;
  const { name, namespace } = stable.metadata;
  const model = stable.metadata.labels?.[labels.model];
  const rule = ruleOf(gateway);
  const owner = {
    apiVersion: 'v1',
    kind: 'Service',
    name: gateway.stableService,
    uid: stableService.metadata.uid ?? '',
  };
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: {
      name,
      namespace,
      ...(model !== undefined && { labels: { [labels.model]: model } }),
      ...(rule !== undefined && { annotations: { [annotations.rule]: hashOf(rule) } }),
      ownerReferences: [owner],
    },
    spec: {
      parentRefs: gateway.parentRefs,
      ...(gateway.hostnames.length > 0 && { hostnames: gateway.hostnames }),
      rules: [{ ...ruleOf(gateway, weight > 0), backendRefs: backends(weight, inputs) }],
    },
  };
}

/** Weight of the canary in a route as it stands, percent; `missing` when it is not the route that the policy asks for. */
export function routeWeight(found: HttpRoute | undefined, inputs: RouteInputs): number | 'missing' {
  if (found === undefined) return 'missing';
  const wanted = httpRoute(0, inputs);
  const isWanted =
    sameItems(found.spec.parentRefs, wanted.spec.parentRefs, (ref) => identityOf(ref, found.metadata.namespace)) &&
    sameItems(found.spec.hostnames ?? [], wanted.spec.hostnames ?? [], (name) => name) &&
    sameItems(found.spec.rules[0]?.backendRefs ?? [], backends(0, inputs), ({ name, port }) => [name, port]) &&
    // What the API server completes cannot be compared with what was asked, so the route says what it was made from.
    found.metadata.annotations?.[annotations.rule] === wanted.metadata.annotations?.[annotations.rule] &&
    // Earlier versions of the controller had the Deployment own it.
    found.metadata.ownerReferences?.[0]?.kind === 'Service';
  return isWanted ? (found.spec.rules[0]?.backendRefs[1]?.weight ?? 0) : 'missing';
}

type Rule = Omit<HttpRoute['spec']['rules'][number], 'backendRefs'>;

/**
 * What the policy asks of the rule beside its backends; undefined: nothing.
 * @param withSessions A gateway may keep sessions with a backend of weight 0: without the field no cookie holds a client at a
 * canary that ends.
 */
function ruleOf(gateway: RouteInputs['gateway'], withSessions = true): Rule | undefined {
  const { pathPrefix, filters, timeouts, sessionPersistence } = gateway;
  const below = pathPrefix !== '/';
  const rewritten = filters.some(({ type }) => type === 'URLRewrite' || type === 'RequestRedirect');
  const all = below && !rewritten ? [...filters, withoutPrefix] : filters;
  const rule: Rule = {
    ...(below && { matches: [{ path: { type: 'PathPrefix', value: pathPrefix } }] }),
    ...(all.length > 0 && { filters: all }),
    ...(Object.keys(timeouts).length > 0 && { timeouts }),
    ...(withSessions && Object.keys(sessionPersistence).length > 0 && { sessionPersistence }),
  };
  return Object.keys(rule).length === 0 ? undefined : rule;
}

/** The pods answer at /predict, wherever the gateway has them. */
const withoutPrefix = {
  type: 'URLRewrite',
  urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/' } },
} as const;

const hashOf = (rule: Rule): string =>
  digestOfBytes(Buffer.from(canonicalJson(rule))).slice('sha256:'.length, 'sha256:'.length + 16);

function backends(weight: number, { gateway, stableService, canaryService }: RouteInputs) {
  const stablePort = portOf(stableService);
  return [
    { name: gateway.stableService, port: stablePort, weight: 100 - weight },
    { name: gateway.canaryService, port: canaryService === undefined ? stablePort : portOf(canaryService), weight },
  ];
}

/** The Service's port for requests: the one of that name, or the only one. */
function portOf({ spec }: Service): number {
  const port = spec.ports.find(({ name }) => name === PORT_NAME) ?? spec.ports[0];
  return port?.port ?? 80;
}

/** A reference as the API server completes it, to compare. @param namespace of the route. */
export const identityOf = (ref: ParentReference, namespace: string | undefined): string =>
  JSON.stringify([
    ref.group ?? 'gateway.networking.k8s.io',
    ref.kind ?? 'Gateway',
    ref.namespace ?? namespace ?? '',
    ref.name,
    ref.sectionName ?? '',
    ref.port ?? '',
  ]);

const sameItems = <Item>(a: readonly Item[], b: readonly Item[], identity: (item: Item) => unknown): boolean =>
  JSON.stringify(a.map(identity)) === JSON.stringify(b.map(identity));
