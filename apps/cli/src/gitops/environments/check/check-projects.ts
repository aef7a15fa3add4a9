import type { Declaration } from './declaration.ts';
import { problem, type Finding } from './findings.ts';
import type { ParsedObject } from './kube-object.ts';
import { type GroupKind, kindKey, OWN_KINDS, type Part, PARTS } from './check-scope.ts';

/** A project of Argo CD, as far as it decides what an environment may reach. */
export interface Project {
  readonly name: string;
  readonly namespace: string | undefined;
  readonly sourceRepos: readonly string[];
  readonly destinations: readonly { readonly server?: string; readonly name?: string; readonly namespace?: string }[];
  readonly clusterKinds: readonly GroupKind[];
  readonly namespaceKinds: readonly GroupKind[];
}

/** Cluster-wide kinds that a service needs: the namespace that Argo CD makes, and the chart's CRD. */
const CLUSTER_KINDS: readonly string[] = ['/Namespace', 'apiextensions.k8s.io/CustomResourceDefinition'];

/** Pure: the projects among Argo CD's own objects. */
export function projectsOf(objects: readonly ParsedObject[]): readonly Project[] {
  return objects
    .filter(({ kind, apiVersion }) => kind === 'AppProject' && apiVersion.startsWith('argoproj.io/'))
    .map(({ metadata, spec }) => {
      const said = (spec ?? {}) as Readonly<Record<string, unknown>>;
      const list = (field: string): readonly unknown[] => {
        const value = said[field];
        return Array.isArray(value) ? (value as readonly unknown[]) : [];
      };
      return {
        name: metadata.name,
        namespace: metadata.namespace,
        sourceRepos: list('sourceRepos') as Project['sourceRepos'],
        destinations: list('destinations') as Project['destinations'],
        clusterKinds: list('clusterResourceWhitelist') as Project['clusterKinds'],
        namespaceKinds: list('namespaceResourceWhitelist') as Project['namespaceKinds'],
      };
    });
}

/** Pure: the name of the project of a part of an environment, as the ApplicationSets write it. */
const projectName = (environment: string, part: Part): string => `pawl-${environment}-${part}`;

/** Pure: keys of the kinds that the project of a part allows; undefined where there is no such project. */
export function allowedKinds(
  projects: readonly Project[],
  environment: string,
  part: Part,
): ReadonlySet<string> | undefined {
  const project = projects.find(({ name }) => name === projectName(environment, part));
  return project && new Set([...project.clusterKinds, ...project.namespaceKinds].map(kindKey));
}

/** An environment whose projects are looked at. */
export interface Guarded {
  readonly name: string;
  /** Its environment.yaml, as people type it. */
  readonly file: string;
  readonly declaration: Declaration | undefined;
}

/**
 * Pure: whether Argo CD lets an environment write to its own place and to nothing else. The place is said in environment.yaml,
 * by those who write to the environment, and in its projects, by those who write to Argo CD's folder; they must agree.
 *
 * @param folder of Argo CD's objects, as people type it.
 */
export function checkProjects(
  { name, file, declaration }: Guarded,
  projects: readonly Project[],
  folder: string,
): readonly Finding[] {
  if (declaration === undefined) return [];
  const own = PARTS.map((part) => ({
    part,
    project: projects.find((one) => one.name === projectName(name, part)),
  }));
  const missing = own.filter(({ project }) => project === undefined).map(({ part }) => projectName(name, part));
  return [
    ...checkNamespace(file, declaration, projects),
    ...(missing.length === 0
      ? []
      : [
          problem(
            'PROJECT_MISSING',
            file,
            `Argo CD has no project ${missing.join(', ')}, and so applies nothing of ${name}.`,
            `Copy a folder of ${folder}/projects to ${folder}/projects/${name}, change names and place, and list it in ${folder}/kustomization.yaml.`,
          ),
        ]),
    ...own.flatMap(({ part, project }) =>
      project === undefined
        ? []
        : [...checkDestination(name, file, declaration, project, folder), ...checkReach(name, part, project, folder)],
    ),
    ...checkOthers(name, declaration, projects, folder),
  ];
}

/** A namespace in which an environment would be Argo CD's or the cluster's own. */
function checkNamespace(file: string, { namespace }: Declaration, projects: readonly Project[]): readonly Finding[] {
  return namespace.startsWith('kube-') || projects.some((project) => project.namespace === namespace)
    ? [
        problem(
          'ENVIRONMENT_INVALID',
          file,
          `the namespace ${namespace} is the cluster's or Argo CD's own; expected one that is for this environment alone.`,
          'Give the environment another namespace.',
        ),
      ]
    : [];
}

function checkDestination(
  name: string,
  file: string,
  { cluster, namespace }: Declaration,
  project: Project,
  folder: string,
): readonly Finding[] {
  const [only, ...more] = project.destinations;
  if (only === undefined || more.length > 0 || /[*!]/.test(`${only.server ?? '*'}${only.namespace ?? '*'}`))
    return [
      wide(
        name,
        project,
        folder,
        `allows the destinations ${project.destinations.map(shown).join('; ') || '(none)'}; expected ${namespace} of ${cluster} alone`,
      ),
    ];
  if (only.server === cluster && only.namespace === namespace) return [];
  return [
    problem(
      'ENVIRONMENT_INVALID',
      file,
      `says ${namespace} of ${cluster}; the project ${project.name} allows ${shown(only)} alone, and Argo CD refuses everything else.`,
      `Put the place back; to move ${name}, those who may write to ${folder} change ${folder}/projects/${name}/destinations.yaml too.`,
    ),
  ];
}

const shown = ({ server, name, namespace }: Project['destinations'][number]): string =>
  `${namespace ?? '*'} of ${server ?? name ?? '*'}`;

function checkReach(name: string, part: Part, project: Project, folder: string): readonly Finding[] {
  const { sourceRepos, clusterKinds, namespaceKinds } = project;
  const cluster = clusterKinds.map(kindKey).filter((key) => part !== 'services' || !CLUSTER_KINDS.includes(key));
  const kinds = namespaceKinds
    .map(kindKey)
    .filter((key) => (part === 'services' ? key.includes('*') : key !== kindKey(OWN_KINDS[part])));
  const foreign = [...cluster, ...kinds];
  return [
    ...(foreign.length === 0
      ? []
      : [wide(name, project, folder, `allows the kinds ${foreign.join(', ')}, which ${part} do not have`)]),
    ...(sourceRepos.length === 1 && !/[*!]/.test(sourceRepos[0] ?? '*')
      ? []
      : [
          wide(
            name,
            project,
            folder,
            `allows the sources ${sourceRepos.join(', ') || '(none)'}; expected the address of this repository alone`,
          ),
        ]),
  ];
}

/** Projects of others that would let them write to this environment. */
function checkOthers(
  name: string,
  { cluster, namespace }: Declaration,
  projects: readonly Project[],
  folder: string,
): readonly Finding[] {
  const own: readonly string[] = PARTS.map((part) => projectName(name, part));
  return projects
    .filter((project) => !own.includes(project.name))
    .filter(({ destinations }) =>
      destinations.some(
        (one) => (one.server === undefined || matches(one.server, cluster)) && matches(one.namespace ?? '*', namespace),
      ),
    )
    .map((project) => wide(name, project, folder, `lets others write to ${namespace}, where ${name} is`));
}

const wide = (name: string, project: Project, folder: string, what: string): Finding =>
  problem(
    'PROJECT_WIDE',
    folder,
    `the project ${project.name} ${what}.`,
    `Narrow it: an environment's projects allow its own place, kinds and repository (${folder}/projects/${name}).`,
  );

/** Whether a name fits a pattern of Argo CD, in which a star stands for anything. */
const matches = (pattern: string, name: string): boolean =>
  new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`).test(name);
