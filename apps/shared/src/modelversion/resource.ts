import type { ResourceType } from '../kubernetes/kube-object.ts';
import type { ModelVersion } from './model-version.ts';
import { MODEL_VERSION } from './names.ts';

/** Where the API serves ModelVersions. */
export const modelVersions: ResourceType<ModelVersion> = MODEL_VERSION;
