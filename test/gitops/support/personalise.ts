import { fastPolicy, imageValues } from '../../e2e/support/release-values.ts';
import { settings } from '../../e2e/support/settings.ts';
import type { Clone } from './git.ts';
import type { EnvironmentName, Installation } from './installation.ts';

/** Requests that each track must have answered in a step: about two seconds of the smaller share. */
const MIN_REQUESTS = 6;

/** How each environment differs, as its owner would write it. Prod has more pods and trusts fewer keys. */
interface Difference {
  readonly replicas: number;
  /** PEM of one public key or several. */
  readonly publicKey: string;
}

/** Steps of the canary in these tests: two, two seconds each. */
export const STEPS = fastPolicy.canary.steps;

const environmentFile = (name: EnvironmentName, file: string) => `k8s/environments/${name}/${file}`;

/**
 * Makes a clone this user's own: the address of the repository, namespaces, images, registry, keys. These are the edits that
 * the documentation asks for, and no others. Nothing is committed.
 */
export function personalise(
  installation: Installation,
  clone: Clone,
  differences: Readonly<Record<EnvironmentName, Difference>>,
): void {
  const env = clone.read('k8s/argocd/repository.env');
  if (!/^REPOSITORY=/m.test(env)) throw new Error('k8s/argocd/repository.env has no line REPOSITORY=');
  clone.write(
    'k8s/argocd/repository.env',
    env
      .replace(/^REPOSITORY=.*$/m, `REPOSITORY=${installation.repository}`)
      .replace(/^REVISION=.*$/m, `REVISION=${clone.branch}`),
  );
  const { inferenceImage, controllerImage } = settings();
  for (const name of ['staging', 'prod'] as const) {
    const { replicas, publicKey } = differences[name];
    const { namespace } = installation.environments[name];
    clone.edit(environmentFile(name, 'environment.yaml'), { namespace });
    const destinations = [{ server: clone.yaml(environmentFile(name, 'environment.yaml'))['cluster'], namespace }];
    clone.edit(`k8s/argocd/projects/${name}/destinations.yaml`, { spec: { destinations } });
    clone.edit(environmentFile(name, 'values.yaml'), {
      image: imageValues(inferenceImage),
      controller: {
        image: imageValues(controllerImage),
        resources: { requests: { cpu: '20m', memory: '64Mi' } },
      },
      publicKey,
    });
    clone.edit(environmentFile(name, 'catdog/values.yaml'), {
      replicaCount: replicas,
      resources: { requests: { cpu: '50m', memory: '128Mi' } },
      env: [{ name: 'WORKERS', value: '1' }],
      rollout: {
        ...fastPolicy,
        canary: { ...fastPolicy.canary, steps: STEPS },
        analysis: { ...fastPolicy.analysis, minRequests: MIN_REQUESTS },
      },
    });
  }
}

/** Path of the file of a version in an environment. */
export const versionFile = (name: EnvironmentName, version: string) =>
  environmentFile(name, `models/catdog-${version}.yaml`);
/** Path of the values of the model in an environment. */
export const modelValues = (name: EnvironmentName) => environmentFile(name, 'catdog/values.yaml');
/** Name of the ModelVersion of a version. */
export const objectName = (version: string) => `catdog-${version.replaceAll('.', '-')}`;
