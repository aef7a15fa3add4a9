import type { Manifest } from '@pawl/shared/bundle/manifest';
import { parseManifest } from '@pawl/shared/bundle/verify-manifest';

/** Digest whose hex digits are all `digit`. */
export const digestOf = (digit: string): string => `sha256:${digit.repeat(64)}`;

/** A manifest of catdog; `graph` names the digest of its graph. */
export function aManifest(version: string, changes: Partial<Manifest> = {}, graph = 'a'): Manifest {
  const files = [
    { path: 'golden/cat.jpg', size: 2000, sha256: digestOf('c') },
    { path: 'model.onnx', size: 11_000_000, sha256: digestOf(graph) },
  ];
  const manifest = {
    schemaVersion: 1,
    name: 'catdog',
    version,
    labels: ['cat', 'dog'],
    model: 'model.onnx',
    input: { name: 'image', layout: 'NHWC', dtype: 'uint8', width: 224, height: 224, fit: 'fill', kernel: 'lanczos3' },
    output: { kind: 'binary-logit', name: 'logit' },
    golden: {
      tolerance: 0.05,
      images: [{ file: 'golden/cat.jpg', label: 'cat', probabilities: { cat: 0.9, dog: 0.1 } }],
    },
    files,
    ...changes,
  };
  return parseManifest(Buffer.from(JSON.stringify(manifest)));
}
