import type { KubeObject } from './helm.ts';

/** The pods that a rendered release would make, with the service account that every namespace has. */
export function podsOf(objects: readonly KubeObject[]): KubeObject[] {
  return objects
    .filter(({ kind }) => kind === 'Deployment' || kind === 'Pod')
    .map(({ kind, metadata, spec }) => {
      const template = kind === 'Pod' ? { metadata, spec } : spec.template;
      return {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          labels: template.metadata.labels,
          annotations: template.metadata.annotations,
          name: metadata.name,
        },
        spec: { ...template.spec, serviceAccountName: 'default' },
      };
    });
}
