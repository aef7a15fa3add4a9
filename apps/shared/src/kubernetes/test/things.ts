import type { KubeObject, ResourceType } from '../kube-object.ts';

/** An object of a kind that nobody has. */
export interface Thing extends KubeObject {
  readonly spec?: { readonly color?: string };
}

export const things: ResourceType<Thing> = { group: 'pawl.test', version: 'v1', plural: 'things', kind: 'Thing' };

export const aThing = (name: string, spec: Thing['spec'] = {}): Thing => ({
  apiVersion: 'pawl.test/v1',
  kind: 'Thing',
  metadata: { name, namespace: 'ns' },
  spec,
});
