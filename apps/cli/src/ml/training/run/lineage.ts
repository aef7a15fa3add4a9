import { canonicalJson } from '@pawl/shared/bundle/canonical-json';
import { digestOfBytes } from '@pawl/shared/bundle/digest';
import { digestOfPictures, MEASURED_ON, type MeasuredPicture } from '../../../bundles/diff/measured-on.ts';
import { PAIRED } from '../../../bundles/diff/paired.ts';
import type { Params } from '../../params/params.ts';
import { PAWL_VERSION } from '../../../terminal/version.ts';

/** The commit that a training was run from. */
export interface Revision {
  /** Full hex. */
  readonly commit: string;
  /** Whether tracked files differed from it. */
  readonly dirty: boolean;
}

/** Where a trained bundle comes from, beside its pictures. */
export interface TrainingOrigin {
  readonly pawlVersion: string;
  /** {@link hashOfParams} of the parameters that were in force. */
  readonly paramsHash: string;
  /** Of the folder that the command was run in; undefined where there is no Git. */
  readonly git?: Revision | undefined;
}

/** Pure: what made this run: program, parameters, commit. */
export const trainingOriginOf = (params: Params, revision: Revision | undefined): TrainingOrigin => ({
  pawlVersion: PAWL_VERSION,
  paramsHash: hashOfParams(params),
  git: revision,
});

/**
 * Pure: `sha256:<hex>` of the parameters that weights depend on. Which bundle is replaced gives them a number, and tracking
 * tells others of them: neither makes other weights, and a retraining must see that.
 */
export function hashOfParams(params: Params): string {
  // JSON leaves undefined out.
  const counted = { ...params, tracking: undefined, bundle: { ...params.bundle, replaces: undefined } };
  return digestOfBytes(Buffer.from(canonicalJson(JSON.parse(JSON.stringify(counted)))));
}

/** What else `lineage` of a manifest says of a training. */
export interface LineageInput extends TrainingOrigin {
  readonly runId: string;
  readonly dataHash: string;
  /** Those of the test split, and the number of all. */
  readonly pictures: { readonly test: readonly MeasuredPicture[]; readonly all: number };
  /** Golden images of the replaced bundle that were dropped by name. */
  readonly dropped?: readonly string[] | undefined;
  /** Against the bundle that is replaced, as `pairedSentence` says it. */
  readonly paired?: string | undefined;
  readonly backbone: {
    readonly name: string;
    readonly digest: string;
    readonly lineage: Readonly<Record<string, string>>;
  };
  readonly temperature: number;
}

/** Pure: `lineage` of the manifest. What is known of the backbone's weights is carried along. */
export function lineageOf(input: LineageInput): Record<string, string> {
  const { backbone, git } = input;
  const carried = ['quantisation', 'licence', 'license', 'note'].flatMap((key) => {
    const text = backbone.lineage[key];
    return text === undefined ? [] : [[key, text] as const];
  });
  return {
    run_id: input.runId,
    data_hash: input.dataHash,
    ...(git !== undefined && { git_commit: git.dirty ? `${git.commit}-dirty` : git.commit }),
    params_hash: input.paramsHash,
    pawl_version: input.pawlVersion,
    backbone: backbone.lineage['backbone'] ?? backbone.name,
    backbone_digest: backbone.digest,
    head: `linear, trained on frozen features; logits divided by ${input.temperature.toFixed(4)} (temperature scaling)`,
    [MEASURED_ON]: digestOfPictures(input.pictures.test),
    ...(input.paired !== undefined && { [PAIRED]: input.paired }),
    ...(input.dropped !== undefined && input.dropped.length > 0 && { golden_dropped: input.dropped.join(', ') }),
    metrics: `${input.pictures.test.length} test pictures of a data set of ${input.pictures.all}; optimistic where the backbone was trained on the same pictures`,
    ...Object.fromEntries(carried),
  };
}
