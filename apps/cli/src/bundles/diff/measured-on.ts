import { compareCodeUnits } from '@pawl/shared/bundle/canonical-json';
import { digestOfBytes } from '@pawl/shared/bundle/digest';
import type { Manifest } from '@pawl/shared/bundle/manifest';

/**
 * Key of a manifest's lineage that holds {@link digestOfPictures} of what its metrics were measured on. A metric of other
 * pictures has a key of its own, such as `measured_on.accuracy_photos`.
 */
export const MEASURED_ON = 'measured_on';

/** A picture that a model was measured on. */
export interface MeasuredPicture {
  /** `sha256:<hex>` of the photograph as it was taken, where it is known, else of the prepared picture. */
  readonly digest: string;
  /** What it counts as. */
  readonly label: string;
}

/**
 * `sha256:<hex>` of the sorted lines `<digest>  <label>`, each ended by a newline: the same pictures with the same labels
 * have the same one, whatever they are called and to whatever size they were brought.
 */
export function digestOfPictures(pictures: readonly MeasuredPicture[]): string {
  const lines = pictures.map(({ digest, label }) => `${digest}  ${label}\n`).sort(compareCodeUnits);
  return digestOfBytes(Buffer.from(lines.join('')));
}

/** Whether a metric of two versions was measured on the same pictures; undefined where one of them does not say on which. */
export function onSamePictures(
  before: Pick<Manifest, 'lineage'>,
  after: Pick<Manifest, 'lineage'>,
  metric: string,
): boolean | undefined {
  const [first, second] = [before, after].map(
    ({ lineage }) => lineage[`${MEASURED_ON}.${metric}`] ?? lineage[MEASURED_ON],
  );
  return first === undefined || second === undefined ? undefined : first === second;
}
