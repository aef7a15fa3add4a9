import { maskUri } from '@pawl/shared/errors/mask-uri';
import { annotations } from '@pawl/shared/modelversion/names';
import type { ModelVersion } from '@pawl/shared/modelversion/model-version';
import type { HttpReply } from '../runtime/http-server.ts';
import { timestamp } from './time.ts';

/** The versions of a namespace, and how fresh they are. */
export interface KnownVersions {
  list(): readonly ModelVersion[];
  /** When they were last known to be what the cluster has, ms since the epoch; undefined: nobody can tell. */
  readonly currentAt: number | undefined;
}

const PATH = '/verdicts';
/** Where the verdicts of one namespace of several are. */
const OF_NAMESPACE = /^\/namespaces\/([^/]+)(?=\/verdicts(?:\/|$))/;

/**
 * The verdicts of every namespace that this process follows: those of its own, where it follows it, at `/verdicts`; those of any at
 * `/namespaces/NAMESPACE/verdicts`.
 * @param own the namespace of this process.
 * @returns undefined for other paths.
 */
export function answerVerdictsOf(
  path: string,
  own: string,
  sources: ReadonlyMap<string, KnownVersions>,
): HttpReply | undefined {
  const [below = '', namespace = own] = OF_NAMESPACE.exec(path) ?? [];
  const source = sources.get(namespace);
  if (source !== undefined) return answerVerdicts(path.slice(below.length), source, below);
  const all = [...sources.keys()].map((name) => `/namespaces/${name}${PATH}`).join(', ');
  return isVerdicts(path.slice(below.length))
    ? failure(404, 'NAMESPACE_NOT_FOLLOWED', `The controller does not follow ${namespace}; there are ${all}.`)
    : undefined;
}

const isVerdicts = (path: string) => path === PATH || path.startsWith(`${PATH}/`);

/**
 * The verdicts of an environment, for people and programs that cannot read its cluster, such as `pawl promote --verdict`:
 * `/verdicts` names the versions, `/verdicts/NAME` is the ModelVersion itself with {@link annotations.observedAt}. Nothing
 * in it is secret, see {@link withoutSecrets}. Verdicts from a copy that may be behind are not shown.
 * @param below where {@link PATH} is.
 * @returns undefined for other paths.
 */
export function answerVerdicts(path: string, source: KnownVersions, below = ''): HttpReply | undefined {
  if (!isVerdicts(path)) return undefined;
  const at = source.currentAt;
  if (at === undefined)
    return failure(503, 'VERDICTS_NOT_CURRENT', 'The controller gets no answer from the API server; try again later.');
  const observedAt = timestamp(at);
  const versions = source.list().toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  if (path === PATH || path === `${PATH}/`)
    return json(200, {
      observedAt,
      items: versions.map(({ metadata: { name }, spec, status }) => ({
        name,
        model: spec.model,
        version: spec.version,
        phase: status?.phase ?? 'Pending',
        href: `${below}${PATH}/${name}`,
      })),
    });
  const name = path.slice(PATH.length + 1);
  const found = versions.find(({ metadata }) => metadata.name === name);
  if (found === undefined)
    return failure(404, 'MODEL_VERSION_NOT_FOUND', `No ModelVersion here has this name; ${below}${PATH} lists them.`);
  const { metadata, ...rest } = withoutSecrets(found);
  const observed = { ...metadata.annotations, [annotations.observedAt]: observedAt };
  return json(200, { ...rest, metadata: { ...metadata, annotations: observed } });
}

/** kubectl's copy of what it applied. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * A release refuses an https address with user information or a query, where some stores have their signature; an object
 * made by hand may have one, and kubectl copies it into an annotation.
 */
function withoutSecrets(version: ModelVersion): ModelVersion {
  const { metadata, spec } = version;
  const kept = Object.fromEntries(Object.entries(metadata.annotations ?? {}).filter(([key]) => key !== LAST_APPLIED));
  return {
    ...version,
    metadata: { ...metadata, annotations: kept },
    spec: { ...spec, artifact: { ...spec.artifact, uri: maskUri(spec.artifact.uri) } },
  };
}

const json = (status: number, body: unknown): HttpReply => ({
  status,
  type: 'application/json',
  body: `${JSON.stringify(body, null, 2)}\n`,
});
const failure = (status: number, code: string, message: string): HttpReply =>
  json(status, { error: { code, message } });
