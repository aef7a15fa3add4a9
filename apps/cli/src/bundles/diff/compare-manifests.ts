import { canonicalJson } from '@pawl/shared/bundle/canonical-json';
import { graphsOf, sizeOfFiles, type GoldenImage, type Manifest } from '@pawl/shared/bundle/manifest';
import { compareMetrics, type MetricChange } from './metrics.ts';
import { shortDigest } from '../../terminal/text.ts';
import { nextVersion, versionedParts, type NextVersion } from '../next-version.ts';

/** A bundle as the comparison names it. */
export interface Side {
  readonly uri: string;
  readonly name: string;
  readonly version: string;
  /** `sha256:<hex>` of the manifest. */
  readonly digest: string;
  readonly signed: boolean;
  /** Bytes of all files. */
  readonly bytes: number;
  /** Bytes of the graph, or of both. */
  readonly modelBytes: number;
}

/** A value that two versions have differently; undefined: absent on that side. */
export interface FieldChange {
  readonly field: string;
  readonly before?: string | undefined;
  readonly after?: string | undefined;
}

/** A golden image that both versions have, by content, with another answer. */
interface GoldenChange {
  readonly file: string;
  /** The image's own label. */
  readonly label: string;
  readonly before: number;
  /** Probability of `label`, 0..1. */
  readonly after: number;
}

/** What two versions differ in by their manifests alone. */
export interface ManifestComparison {
  readonly before: Side;
  readonly after: Side;
  /** What number the change demands. */
  readonly change: NextVersion;
  readonly metrics: readonly MetricChange[];
  readonly labels: {
    readonly added: readonly string[];
    readonly removed: readonly string[];
    readonly reordered: boolean;
  };
  /** Of input, output, abstain and first stage, by their names in the manifest. */
  readonly contract: readonly FieldChange[];
  readonly lineage: readonly FieldChange[];
  readonly golden: {
    /** Images that both have. */
    readonly common: number;
    readonly added: number;
    readonly removed: number;
    /** Those whose probability moved by more than {@link GOLDEN_SHIFT}, largest first. */
    readonly changed: readonly GoldenChange[];
  };
}

/** Probability by which a golden answer has to move to be named; below it CPUs differ too. */
const GOLDEN_SHIFT = 0.02;

/** One side, by its manifest. */
export function sideOf(
  uri: string,
  bundle: { readonly manifest: Manifest; readonly digest: string; readonly signature?: Uint8Array | undefined },
): Side {
  const { name, version, files } = bundle.manifest;
  const graphs = graphsOf(bundle.manifest);
  return {
    uri,
    name,
    version,
    digest: bundle.digest,
    signed: bundle.signature !== undefined,
    bytes: sizeOfFiles(files),
    modelBytes: sizeOfFiles(files.filter(({ path }) => graphs.includes(path))),
  };
}

/** Pure: two versions side by side. */
export function compareManifests(
  before: { readonly side: Side; readonly manifest: Manifest },
  after: { readonly side: Side; readonly manifest: Manifest },
): ManifestComparison {
  const [a, b] = [before.manifest, after.manifest];
  return {
    before: before.side,
    after: after.side,
    change: nextVersion(versionedParts(a), versionedParts(b)),
    metrics: compareMetrics(a, b),
    labels: compareLabels(a.labels, b.labels),
    contract: [
      ...compareFields('input', a.input, b.input),
      ...compareFields('output', a.output, b.output),
      ...compareFields('abstain', a.abstain ?? {}, b.abstain ?? {}),
      ...compareFields('firstStage', firstFields(a), firstFields(b)),
    ],
    lineage: compareFields('', a.lineage, b.lineage),
    golden: compareGolden(a, b),
  };
}

/** A first stage by its fields, its graph by content. */
function firstFields({ firstStage, files }: Manifest): object {
  if (firstStage === undefined) return {};
  const { input, model, ...rest } = firstStage;
  const ofInput = Object.fromEntries(Object.entries(input).map(([key, value]) => [`input.${key}`, value] as const));
  return { ...rest, ...ofInput, model: shortDigest(files.find(({ path }) => path === model)?.sha256 ?? '') };
}

function compareLabels(before: readonly string[], after: readonly string[]): ManifestComparison['labels'] {
  const added = after.filter((label) => !before.includes(label));
  const removed = before.filter((label) => !after.includes(label));
  const kept = (labels: readonly string[], other: readonly string[]) => labels.filter((label) => other.includes(label));
  return { added, removed, reordered: canonicalJson(kept(before, after)) !== canonicalJson(kept(after, before)) };
}

function compareFields(prefix: string, before: object, after: object): readonly FieldChange[] {
  const [a, b] = [before as Record<string, unknown>, after as Record<string, unknown>];
  const text = (value: unknown) =>
    value === undefined ? undefined : typeof value === 'string' ? value : JSON.stringify(value);
  return [...new Set([...Object.keys(a), ...Object.keys(b)])]
    .sort()
    .map((key) => ({ field: prefix === '' ? key : `${prefix}.${key}`, before: text(a[key]), after: text(b[key]) }))
    .filter(({ before: was, after: is }) => was !== is);
}

function compareGolden(a: Manifest, b: Manifest): ManifestComparison['golden'] {
  const byContent = (manifest: Manifest) => {
    const digests = new Map(manifest.files.map(({ path, sha256 }) => [path, sha256]));
    return new Map(manifest.golden.images.map((image) => [digests.get(image.file) ?? image.file, image]));
  };
  const [before, after] = [byContent(a), byContent(b)];
  const common = [...before].flatMap(([content, image]): [GoldenImage, GoldenImage][] => {
    const other = after.get(content);
    return other === undefined ? [] : [[image, other]];
  });
  const changed = common
    .map(([was, is]) => ({
      file: is.file,
      label: is.label,
      before: was.probabilities[is.label] ?? 0,
      after: is.probabilities[is.label] ?? 0,
    }))
    .filter((change) => Math.abs(change.after - change.before) > GOLDEN_SHIFT)
    .sort((x, y) => Math.abs(y.after - y.before) - Math.abs(x.after - x.before));
  return {
    common: common.length,
    added: after.size - common.length,
    removed: before.size - common.length,
    changed,
  };
}
