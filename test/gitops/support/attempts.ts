import { stringify } from 'yaml';
import type { Clone } from './git.ts';
import { ARGOCD } from './argocd.ts';
import type { Installation } from './installation.ts';
import { versionFile } from './personalise.ts';

/** The only folder that the writer may write to. */
export const STAGING = 'k8s/environments/staging';
/** Name of everything that a writer tries to make. */
export const INTRUDER = 'intruder';
/** A version that nobody released. */
const VERSION = '99.0.0';

/** Something that a writer of staging's folder tries and must not reach. */
export interface Attempt {
  readonly title: string;
  /** Application that refuses it. */
  readonly application: string;
  /** What it says then. */
  readonly refusal: RegExp;
  /** Code by which `pawl environments check` refuses the same commit. */
  readonly code: string;
  /** Changes files of {@link STAGING}. */
  readonly change: (writer: Clone) => void;
}

type Json = Readonly<Record<string, unknown>>;

const object = (apiVersion: string, kind: string, namespace: string | undefined, body: Json): Json => ({
  apiVersion,
  kind,
  metadata: { name: INTRUDER, ...(namespace !== undefined && { namespace }) },
  ...body,
});

/** A pod that the namespaces' own admission takes: that one is not what is to refuse it. */
const pod = (image: string, namespace: string) =>
  object('v1', 'Pod', namespace, {
    spec: {
      containers: [
        {
          name: INTRUDER,
          image,
          command: ['node', '-e', 'setInterval(() => undefined, 60_000)'],
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
    },
  });

const subjects = [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: INTRUDER }];
const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' };

/** Adds objects to the kustomization of staging's acceptance images. */
function besideTheImages(resource: string, ...objects: readonly Json[]): (writer: Clone) => void {
  return (writer) => {
    const folder = `${STAGING}/catdog/acceptance`;
    if (objects.length > 0) writer.write(`${folder}/${resource}`, objects.map((one) => stringify(one)).join('---\n'));
    writer.edit(`${folder}/kustomization.yaml`, { resources: [resource] });
  };
}

/**
 * What a writer tries, one commit each.
 * @param image that a pod could run.
 */
export async function attemptsOf(installation: Installation, image: string): Promise<readonly Attempt[]> {
  const { prod, staging } = installation.environments;
  const rbac = 'rbac.authorization.k8s.io/v1';
  const notThere = new RegExp(`namespace ${prod.namespace} is not permitted in project 'pawl-staging-[a-z]+'`);
  const notOfProject = (kind: string) =>
    new RegExp(`resource \\S*:${kind} is not permitted in project pawl-staging-[a-z]+`);
  const viaImages = (title: string, refusal: RegExp, code: string, ...objects: readonly Json[]): Attempt => ({
    title,
    application: staging.images,
    refusal,
    code,
    change: besideTheImages('more.yaml', ...objects),
  });
  const { repository, branch } = await installation.elsewhere({
    'base/kustomization.yaml': stringify({ resources: ['pod.yaml'] }),
    'base/pod.yaml': stringify(pod(image, prod.namespace)),
  });
  return [
    viaImages('a Pod in prod', notOfProject('Pod'), 'KIND_FOREIGN', pod(image, prod.namespace)),
    viaImages(
      'a RoleBinding in prod',
      notOfProject('RoleBinding'),
      'KIND_FOREIGN',
      object(rbac, 'RoleBinding', prod.namespace, { subjects, roleRef }),
    ),
    {
      title: 'a ModelVersion in prod',
      application: staging.versions,
      refusal: notThere,
      code: 'NAMESPACE_FOREIGN',
      change: (writer) => {
        const [known = ''] = writer.list(`${STAGING}/models`).filter((file) => file.endsWith('.yaml'));
        const { spec, ...version } = writer.yaml(`${STAGING}/models/${known}`);
        writer.write(
          versionFile('staging', VERSION),
          stringify({
            ...version,
            metadata: { name: INTRUDER, namespace: prod.namespace },
            spec: { ...(spec as Json), version: VERSION },
          }),
        );
      },
    },
    viaImages(
      'a ConfigMap in prod',
      notThere,
      'NAMESPACE_FOREIGN',
      object('v1', 'ConfigMap', prod.namespace, {
        data: { 'cat.jpg': 'none' },
      }),
    ),
    viaImages(
      'a ClusterRoleBinding',
      notOfProject('ClusterRoleBinding'),
      'KIND_FOREIGN',
      object(rbac, 'ClusterRoleBinding', undefined, { subjects, roleRef }),
    ),
    viaImages(
      'a project of Argo CD that allows all, and an Application of it that writes to prod',
      notOfProject('(AppProject|Application)'),
      'KIND_FOREIGN',
      object('argoproj.io/v1alpha1', 'AppProject', ARGOCD, {
        spec: {
          sourceRepos: ['*'],
          destinations: [{ server: '*', namespace: '*' }],
          clusterResourceWhitelist: [{ group: '*', kind: '*' }],
        },
      }),
      object('argoproj.io/v1alpha1', 'Application', ARGOCD, {
        spec: {
          project: INTRUDER,
          source: { repoURL: repository, targetRevision: branch, path: 'base' },
          destination: { server: 'https://kubernetes.default.svc', namespace: prod.namespace },
          syncPolicy: { automated: {} },
        },
      }),
    ),
    {
      title: 'a kustomization that fetches a Pod for prod from another repository',
      application: staging.images,
      refusal: notOfProject('Pod'),
      code: 'SOURCE_FOREIGN',
      change: besideTheImages(`${repository}//base?ref=${branch}`),
    },
    {
      title: 'prod’s namespace in staging’s environment.yaml',
      application: staging.service,
      refusal: /do not match any of the allowed destinations in project 'pawl-staging-services'/,
      code: 'ENVIRONMENT_INVALID',
      change: (writer) => {
        writer.edit(`${STAGING}/environment.yaml`, { namespace: prod.namespace });
      },
    },
  ];
}
