import { readFile } from 'node:fs/promises';
import { digestOfBytes } from '@pawl/shared/bundle/digest';
import type { SignedModel } from '@pawl/shared/bundle/readers/model-signing';
import { parseManifest } from '@pawl/shared/bundle/verify-manifest';
import { inRepository } from '@pawl/test-kit/repository';

let model: SignedModel | undefined;

/** The shipped bundle, as what speaks about it is compared with it. */
export async function catdogModel(): Promise<SignedModel> {
  if (model !== undefined) return model;
  const bytes = await readFile(inRepository('models/catdog/manifest.json'));
  return (model = { manifest: parseManifest(bytes), digest: digestOfBytes(bytes) });
}
