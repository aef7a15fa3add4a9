import type { Deployment as AnyDeployment, Pod as AnyPod } from '@pawl/shared/kubernetes/objects';

/** A pod that the server has looked at. */
export type Pod = AnyPod & { readonly status: NonNullable<AnyPod['status']> };

/** A Deployment that its controller has looked at. */
export type Deployment = AnyDeployment & { readonly status: NonNullable<AnyDeployment['status']> };

/** Whether an object has everything that is wanted of it; what the server added counts for nothing. Lists are whole. */
export function covers(there: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted))
    return (
      Array.isArray(there) && there.length === wanted.length && wanted.every((one, index) => covers(there[index], one))
    );
  if (typeof wanted !== 'object' || wanted === null) return there === wanted;
  if (typeof there !== 'object' || there === null) return false;
  return Object.entries(wanted).every(([key, value]) => covers((there as Record<string, unknown>)[key], value));
}
