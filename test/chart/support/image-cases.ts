/* eslint-disable @typescript-eslint/no-unsafe-return --
   Rendered objects are of many kinds; a field that is not there shows as a failed expectation. */
import type { KubeObject, Rendered } from './helm.ts';
import { DIGEST } from './releases.ts';
import type { ValueCase } from './value-case.ts';

/** Cases of one of the two images. */
export const imageCases = (
  prefix: string,
  at: (rendered: Rendered) => KubeObject,
  name: string,
): Readonly<Record<string, ValueCase>> => ({
  [`${prefix}.repository`]: { value: 'mirror.example/x', at: (r) => at(r).image, expected: 'mirror.example/x:0.1.0' },
  [`${prefix}.tag`]: { value: 'sha-1', at: (r) => at(r).image, expected: `ghcr.io/pawl-dev/${name}:sha-1` },
  [`${prefix}.digest`]: { value: DIGEST, at: (r) => at(r).image, expected: `ghcr.io/pawl-dev/${name}@${DIGEST}` },
  [`${prefix}.pullPolicy`]: { value: 'Always', at: (r) => at(r).imagePullPolicy, expected: 'Always' },
});
