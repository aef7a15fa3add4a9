import type { Pod } from '@pawl/shared/kubernetes/objects';

/** A running, ready pod with a container named `inference`, with parts of it replaced. */
export const aPod = (
  name: string,
  { metadata, spec, status }: Partial<Pick<Pod, 'metadata' | 'spec' | 'status'>> = {},
): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, ...metadata },
  spec: { containers: [{ name: 'inference' }], ...spec },
  status: {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: 'True' }],
    containerStatuses: [{ name: 'inference', ready: true, restartCount: 0, state: { running: {} } }],
    ...status,
  },
});
