import { modelVersionCrd } from '@pawl/shared/modelversion/crd';
import type { KubeClient } from '@pawl/shared/kubernetes/client';
import type { DesiredObject, KubeObject, ResourceType } from '@pawl/shared/kubernetes/kube-object';
import { eventually } from '@pawl/test-kit/eventually';

/** A CustomResourceDefinition as the server keeps it. */
export interface Crd extends KubeObject {
  readonly spec: {
    readonly versions: readonly {
      readonly additionalPrinterColumns: readonly { readonly name: string }[];
      readonly schema: { readonly openAPIV3Schema: object };
    }[];
  };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

export const crds: ResourceType<Crd> = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
};

/** The CRD that the shared types make, on the server: made or brought up to date, and served. */
export async function installCrd(client: KubeClient): Promise<Crd> {
  const crd = modelVersionCrd() as unknown as DesiredObject;
  await client.apply(crds, crd, { fieldManager: 'pawl-test', force: true });
  return await eventually('the CRD is served', async () => {
    const found = await client.get(crds, undefined, crd.metadata.name);
    const isServed = found?.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True');
    return isServed === true && found;
  });
}
