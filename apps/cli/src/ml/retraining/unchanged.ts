/** What weights depend on: with the same of all four, training again gives the same ones. */
export interface TrainingInputs {
  /** `Dataset.hash`. */
  readonly data_hash: string;
  /** `hashOfParams`. */
  readonly params_hash: string;
  /** sha256 of the backbone's graph. */
  readonly backbone_digest: string;
  readonly pawl_version: string;
}

const words: Readonly<Record<keyof TrainingInputs, string>> = {
  data_hash: 'the photographs',
  params_hash: 'params.yaml',
  backbone_digest: 'the backbone',
  pawl_version: 'the version of pawl',
};

/**
 * Pure: what has changed since a bundle was trained, in words; empty when nothing has. The Git commit is no input: a
 * release is a commit itself, and would make every retraining the cause of the next.
 *
 * @param lineage of the bundle's manifest.
 */
export function changesSince(lineage: Readonly<Record<string, string>>, inputs: TrainingInputs): readonly string[] {
  return (Object.keys(words) as (keyof TrainingInputs)[])
    .filter((key) => lineage[key] !== inputs[key])
    .map((key) => words[key]);
}
