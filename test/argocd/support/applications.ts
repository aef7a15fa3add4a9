/** An Application of versions as Argo CD keeps it, as far as triggers and templates look at it. */
export interface ApplicationOptions {
  readonly health?: string;
  /** When health last changed, and when the last sync began, RFC 3339. */
  readonly healthSince?: string;
  readonly syncStarted?: string;
  readonly phase?: string;
  readonly message?: string;
  readonly retryCount?: number;
  readonly project?: string;
  readonly conditions?: readonly { readonly type: string; readonly message: string }[];
  /** Names of its ModelVersions. */
  readonly versions?: readonly string[];
  /** Whether it was ever synced. */
  readonly synced?: boolean;
  readonly repository?: string;
  /** Commit of the last sync that changed something. */
  readonly revision?: string;
}

export const REVISION = 'c0ffee0000000000000000000000000000000000';

/** The Application `catdog-prod-versions`: in its last sync a version came, whose canary began a second later. */
export function anApplication(options: ApplicationOptions = {}): object {
  const {
    health = 'Progressing',
    healthSince = '2026-01-02T03:04:06Z',
    syncStarted = '2026-01-02T03:04:05Z',
    phase = 'Succeeded',
    message = 'successfully synced (all tasks run)',
    project = 'pawl-prod-versions',
    versions = ['catdog-1-0-0', 'catdog-1-1-0'],
    synced = true,
    repository = 'https://git.example/pawl.git',
    revision = REVISION,
  } = options;
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: {
      name: 'catdog-prod-versions',
      namespace: 'argocd',
      labels: { 'pawl.dev/model': 'catdog', 'pawl.dev/environment': 'prod' },
    },
    spec: {
      project,
      source: { repoURL: repository, targetRevision: 'main', path: 'k8s/environments/prod/models' },
      destination: { server: 'https://kubernetes.default.svc', namespace: 'pawl-prod' },
    },
    status: {
      health: { status: health, lastTransitionTime: healthSince },
      sync: { status: 'Synced', revision },
      ...(options.conditions && { conditions: options.conditions }),
      ...(versions.length > 0 && {
        resources: versions.map((name) => ({ group: 'pawl.dev', kind: 'ModelVersion', name, status: 'Synced' })),
      }),
      ...(synced && {
        operationState: {
          phase,
          message,
          startedAt: syncStarted,
          ...(options.retryCount !== undefined && { retryCount: options.retryCount }),
          operation: {},
          syncResult: { revision, source: { repoURL: repository, path: 'k8s/environments/prod/models' } },
        },
      }),
    },
  };
}
