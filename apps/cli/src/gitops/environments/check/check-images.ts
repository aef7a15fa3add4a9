import { NEITHER } from '@pawl/shared/bundle/manifest';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { createImageDecoder } from '@pawl/shared/preprocessing/decode-image';
import { defaultImageLimits } from '@pawl/shared/preprocessing/limits';
import type { Told } from './check-bundles.ts';
import type { CheckedImage } from './check-rendered.ts';
import { notice, problem, type Finding } from './findings.ts';
import type { VersionFile } from './version-file.ts';

/** Size that pictures are decoded to: whether they can be is the question. */
const SIDE = 224;

/** Decodes every image as the service does; those that it would refuse are findings. */
export async function checkImages(file: string, images: readonly CheckedImage[]): Promise<readonly Finding[]> {
  const decoder = createImageDecoder(
    {
      name: 'input',
      layout: 'NHWC',
      dtype: 'uint8',
      width: SIDE,
      height: SIDE,
      fit: 'cover',
      kernel: 'lanczos3',
      scale: 1,
      mean: [0, 0, 0],
      std: [1, 1, 1],
    },
    // Here nobody waits for an answer, and the machine may be busy.
    { ...defaultImageLimits, timeoutMs: 60_000 },
  );
  const findings: Finding[] = [];
  for (const { key, bytes } of images) {
    try {
      await decoder.decode(bytes);
    } catch (error) {
      if (!(error instanceof PawlError)) throw error;
      findings.push(problem('ACCEPTANCE_INVALID', file, `${key}: ${error.message}.`, error.hint));
    }
  }
  return findings;
}

/** What the labels of a model are, by the manifest of a version's bundle. */
export interface KnownLabels {
  /** With {@link NEITHER} for a model that abstains; undefined when they could not be had. */
  readonly labels?: readonly string[];
  readonly findings: readonly Finding[];
}

/** Pure: the labels that a version's bundle says, or that they are not known. */
export function labelsOf({ file, spec }: VersionFile, told: Told | undefined): KnownLabels {
  if (told === undefined) return { findings: [] };
  if (!('error' in told))
    return { labels: told.abstain === undefined ? told.labels : [...told.labels, NEITHER], findings: [] };
  // Whether a store can be reached from here says nothing about whether a cluster can.
  return {
    findings: [
      notice(
        'ACCEPTANCE_UNCHECKED',
        file,
        `the labels of ${spec.model} ${spec.version} are not known here: ${told.error.message}`,
        'Give access to its store, or --offline to leave this out.',
      ),
    ],
  };
}
