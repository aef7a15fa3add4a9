import type { CheckedReader } from '@pawl/shared/bundle/readers/check-readers';

/** What people call each of the documents beside an image. */
export const readerNames: Readonly<Record<CheckedReader['kind'], string>> = {
  'sigstore-bundle': 'Sigstore bundle',
  'model-signature': 'OpenSSF model signature',
  'image-signature': 'image signature',
  'ml-bom': 'CycloneDX ML-BOM',
  'model-pack': 'ModelPack',
  other: 'something else',
};
