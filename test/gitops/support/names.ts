import { MODEL } from '../../e2e/support/environment.ts';

/** What the bootstrap calls things: `k8s/argocd` has these names in it. */
export const names = {
  /** The Application that keeps the others. */
  root: 'pawl',
  projects: [
    'pawl-root',
    ...['staging', 'prod'].flatMap((environment) =>
      ['services', 'versions', 'images'].map((part) => `pawl-${environment}-${part}`),
    ),
  ],
  /** Application of the service in an environment. */
  service: (environment: string) => `${MODEL}-${environment}`,
  /** Application of the versions in an environment. */
  versions: (environment: string) => `${MODEL}-${environment}-versions`,
  /** Application of the acceptance images in an environment. */
  images: (environment: string) => `${MODEL}-${environment}-images`,
} as const;
