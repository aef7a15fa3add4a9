import { randomBytes } from 'node:crypto';
import { eventually } from '@pawl/test-kit/eventually';
import { joinKey, type ResourceType } from '@pawl/shared/kubernetes/kube-object';
import { type ConfigMap, namespaces } from '@pawl/shared/kubernetes/objects';
import type { KubeClient } from '@pawl/shared/kubernetes/client';
import type { Thing } from '@pawl/shared/kubernetes/test/things';

const crds: ResourceType = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
};

export const configMap = (namespace: string, name: string, data: Readonly<Record<string, string>> = {}): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace, name },
  data,
});

/** A namespace of its own for a suite; {@link remove} takes it away again. */
export async function makeNamespace(client: KubeClient): Promise<{ name: string; remove: () => Promise<void> }> {
  const name = `runtime-test-${randomBytes(4).toString('hex')}`;
  await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  return { name, remove: () => client.delete(namespaces, undefined, name) };
}

/**
 * A kind of its own, with a status subresource. The server begins to remember its changes when it is made, so that a
 * watch from an older resourceVersion is answered with 410 for certain.
 */
export async function makeKind(
  client: KubeClient,
): Promise<{ type: ResourceType<Thing>; remove: () => Promise<void> }> {
  const type: ResourceType<Thing> = {
    group: `runtime-test-${randomBytes(4).toString('hex')}.pawl.test`,
    version: 'v1',
    plural: 'things',
    kind: 'Thing',
  };
  const name = `things.${type.group}`;
  const free = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  await client.create(crds, {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name },
    spec: {
      group: type.group,
      scope: 'Namespaced',
      names: { plural: 'things', kind: 'Thing' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: { openAPIV3Schema: { type: 'object', properties: { spec: free, status: free } } },
        },
      ],
    },
  });
  await eventually(`${joinKey(undefined, name)} is served`, () => client.list(type));
  return { type, remove: () => client.delete(crds, undefined, name) };
}
