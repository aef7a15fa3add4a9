import { allowedKinds, checkProjects, projectsOf } from './check-projects.ts';
import type { ParsedObject } from './kube-object.ts';

const CLUSTER = 'https://kubernetes.default.svc';
const KINDS = {
  services: [{ group: 'apps', kind: 'Deployment' }],
  versions: [{ group: 'pawl.dev', kind: 'ModelVersion' }],
  images: [{ group: '', kind: 'ConfigMap' }],
};
type Spec = Readonly<Record<string, unknown>>;

function project(environment: string, part: keyof typeof KINDS, change: Spec = {}): ParsedObject {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AppProject',
    metadata: { name: `pawl-${environment}-${part}`, namespace: 'argocd' },
    spec: {
      sourceRepos: ['https://git.example/pawl.git'],
      destinations: [{ server: CLUSTER, namespace: `pawl-${environment}` }],
      clusterResourceWhitelist: part === 'services' ? [{ group: '', kind: 'Namespace' }] : [],
      namespaceResourceWhitelist: KINDS[part],
      ...change,
    },
  };
}

/** Projects of staging and prod; `change` is laid over one of staging's. */
const projects = (part?: keyof typeof KINDS, change: Spec = {}) =>
  projectsOf(
    (['staging', 'prod'] as const).flatMap((environment) =>
      (['services', 'versions', 'images'] as const).map((one) =>
        project(environment, one, environment === 'staging' && one === part ? change : {}),
      ),
    ),
  );
const staging = (namespace = 'pawl-staging', cluster = CLUSTER) => ({
  name: 'staging',
  file: 'staging/environment.yaml',
  declaration: { cluster, namespace },
});
const found = (...given: Parameters<typeof checkProjects>) =>
  checkProjects(...given).map(({ code, severity, file }) => `${severity} ${code} ${file ?? ''}`);
const WIDE = 'error PROJECT_WIDE k8s/argocd';
const MOVED = 'error ENVIRONMENT_INVALID staging/environment.yaml';

describe('projects of an environment', () => {
  it('allow its own place, its own kinds and one repository', () => {
    expect(found(staging(), projects(), 'k8s/argocd')).toEqual([]);
    expect([...(allowedKinds(projects(), 'staging', 'services') ?? [])]).toEqual(['/Namespace', 'apps/Deployment']);
    expect(allowedKinds(projects(), 'qa', 'services')).toBeUndefined();
  });

  it.each<[string, keyof typeof KINDS, Spec]>([
    ['every namespace', 'images', { destinations: [{ server: CLUSTER, namespace: 'pawl-*' }] }],
    ['every cluster', 'images', { destinations: [{ server: '*', namespace: 'pawl-staging' }] }],
    ['a place more', 'images', { destinations: ['a', 'b'].map((namespace) => ({ server: CLUSTER, namespace })) }],
    ['no place', 'images', { destinations: [] }],
    ['every source', 'versions', { sourceRepos: ['*'] }],
    ['a source more', 'versions', { sourceRepos: ['https://a.example', 'https://b.example'] }],
    ['Pods among images', 'images', { namespaceResourceWhitelist: [...KINDS.images, { group: '', kind: 'Pod' }] }],
    ['every kind of the chart', 'services', { namespaceResourceWhitelist: [{ group: '*', kind: '*' }] }],
    ['rights of the cluster', 'services', { clusterResourceWhitelist: [{ group: 'x', kind: 'ClusterRoleBinding' }] }],
    ['namespaces by versions', 'versions', { clusterResourceWhitelist: [{ group: '', kind: 'Namespace' }] }],
  ])('are refused where they allow %s', (_, part, change) => {
    expect(found(staging(), projects(part, change), 'k8s/argocd')).toEqual([WIDE]);
  });

  it('are refused where they are missing, all in one sentence', () => {
    expect(checkProjects(staging(), projects().slice(2), 'k8s/argocd')).toMatchObject([
      { code: 'PROJECT_MISSING', message: expect.stringContaining('pawl-staging-services, pawl-staging-versions,') },
    ]);
  });

  it.each([
    ['another namespace', staging('pawl-other')],
    ['another cluster', staging('pawl-staging', 'https://other.example')],
  ])('refuse an environment that says %s than they do', (_, environment) => {
    expect(found(environment, projects(), 'k8s/argocd')).toEqual([MOVED, MOVED, MOVED]);
  });

  it('refuse one that says the place of another environment, whose projects then are too wide for it', () => {
    const all = found(staging('pawl-prod'), projects(), 'k8s/argocd');
    expect(all.filter((one) => one === MOVED)).toHaveLength(3);
  });

  it('refuse the places of Argo CD and of the cluster', () => {
    for (const namespace of ['argocd', 'kube-system']) {
      const own = projectsOf(
        (['services', 'versions', 'images'] as const).map((part) =>
          project('staging', part, { destinations: [{ server: CLUSTER, namespace }] }),
        ),
      );
      expect(checkProjects(staging(namespace), own, 'k8s/argocd')).toMatchObject([
        { code: 'ENVIRONMENT_INVALID', message: expect.stringContaining(`the namespace ${namespace} is`) },
      ]);
    }
  });

  it.each(['pawl-*', '*', 'pawl-staging'])(
    'refuse a project of somebody else that reaches there by %s',
    (namespace) => {
      const old = projectsOf([{ ...project('x', 'services', { destinations: [{ server: '*', namespace }] }) }]);
      expect(found(staging(), [...projects(), ...old], 'k8s/argocd')).toEqual([WIDE]);
    },
  );
});
