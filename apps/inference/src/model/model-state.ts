import type { Manifest } from '@pawl/shared/bundle/manifest';
import type { Reference } from '@pawl/shared/bundle/reference';
import type { PawlError } from '@pawl/shared/errors/pawl-error';
import type { GoldenVerdict } from './golden.ts';

/** A verified, warm model that answers its golden images as expected. */
export interface ServedModel {
  readonly manifest: Manifest;
  /** `sha256:<hex>` of the manifest. */
  readonly digest: string;
  readonly golden: GoldenVerdict;
  /** What its pictures and answers are compared with, where the bundle has it. */
  readonly reference: Reference | undefined;
  /** A golden image, to try the service with. */
  readonly examplePath: string;
}

/** The state of the model, from its address to serving. */
export type ModelState =
  | { readonly name: 'absent' }
  | { readonly name: 'loading'; readonly step: 'fetch' | 'load' | 'golden'; readonly lastError?: PawlError | undefined }
  | { readonly name: 'ready'; readonly model: ServedModel }
  | { readonly name: 'failed'; readonly error: PawlError }
  | { readonly name: 'closed' };
