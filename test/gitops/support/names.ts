import { MODEL } from '../../e2e/support/environment.ts';

/** What the bootstrap calls things: `k8s/argocd` has these names in it. */
export const names = {
  /** The Application that keeps the others. */
  root: 'pawl',
  projects: ['pawl-root', 'pawl', 'pawl-models'],
  /** Application of the service in an environment. */
  service: (environment: string) => `${MODEL}-${environment}`,
  /** Application of the versions in an environment. */
  versions: (environment: string) => `${MODEL}-${environment}-versions`,
} as const;
