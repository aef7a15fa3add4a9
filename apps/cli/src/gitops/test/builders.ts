import { stringify } from 'yaml';
import { digestOf } from '../../bundles/test/builders.ts';
import type { ReleasedVersion } from '../environments/environment.ts';
import { objectName } from '../release/plan-release.ts';

/** A ModelVersion file of an environment. */
export function aReleased(version: string, digest = digestOf('1'), model = 'catdog'): ReleasedVersion {
  const spec = { model, version, artifact: { uri: `oci://registry.example/${model}:${version}`, digest } };
  const name = objectName(model, version);
  const object = { apiVersion: 'pawl.dev/v1alpha1', kind: 'ModelVersion', metadata: { name }, spec };
  return { file: `${model}-${version}.yaml`, text: stringify(object), name, spec };
}
