import { compareCodeUnits } from '@pawl/shared/bundle/canonical-json';
import type { PreprocessParams } from '../params/params.ts';
import type { SplitCounts } from './assign-splits.ts';
import { SUSPECT_BELOW, type LabelCheck } from './check-labels.ts';
import type { Classified } from './classify.ts';
import type { DatasetItem, Split } from './dataset.ts';
import type { Decoded } from './examine.ts';
import type { Ignored, Unreadable } from './find-photographs.ts';
import { hammingDistance } from './near-duplicates.ts';

/** A photograph in a list of the report. */
export interface ReportedPhotograph {
  /** Below the raw folder. */
  readonly path: string;
  readonly label: string;
  /** sha256 of the raw file. */
  readonly digest: string;
  /** Pixels as looked at. */
  readonly width: number;
  readonly height: number;
  /** Of the data set, when it is in it. */
  readonly split?: Split;
}

/** `report.json` of `pawl data prepare`. The same raw files and parameters give the same report, byte for byte. */
export interface DataReport {
  readonly schemaVersion: 1;
  /** As it was given. */
  readonly raw: string;
  /** How the raw folder was read, for people, and the splits that it gives (empty: all are drawn). */
  readonly layout: { readonly text: string; readonly given: readonly Split[] };
  readonly parameters: PreprocessParams;
  /** Why there is no data set; absent when there is one. */
  readonly problem?: { readonly code: string; readonly message: string };
  /** `Dataset.hash`; empty when there is none. */
  readonly hash: string;
  /** Raw files by what became of them; `total` is the sum of the others. */
  readonly files: {
    readonly total: number;
    readonly kept: number;
    readonly unreadable: number;
    readonly tiny: number;
    readonly ignored: number;
    /** Left out because the same picture is kept under the same label. */
    readonly duplicate: number;
    /** Left out because the same picture lies under two labels. */
    readonly conflicting: number;
  };
  /** Pictures of the data set, by label and split. */
  readonly labels: Readonly<Record<string, SplitCounts>>;
  /** Of what was decoded, kept or not. */
  readonly formats: Readonly<Record<string, number>>;
  /** Of what was decoded: photographs whose shorter side is at least `from` pixels and below the next one's. */
  readonly sides: readonly { readonly from: number; readonly count: number }[];
  readonly unreadable: readonly Unreadable[];
  readonly ignored: readonly Ignored[];
  readonly tiny: readonly ReportedPhotograph[];
  readonly duplicates: readonly { readonly kept: ReportedPhotograph; readonly left: readonly ReportedPhotograph[] }[];
  /** Largest first; each lies in one split, unless the raw folder is split already. */
  readonly nearDuplicates: readonly {
    /** Of all members; absent also where they lie in several. */
    readonly split?: Split;
    /** Its members have different labels: one of them may be wrong. */
    readonly mixed: boolean;
    /** `distance`: bits of 64 in which the hash differs from the first one's. */
    readonly members: readonly (ReportedPhotograph & { readonly distance: number })[];
  }[];
  readonly conflicts: readonly (readonly ReportedPhotograph[])[];
  /** What is to be expected of a training on it, a sentence each. */
  readonly concerns: readonly string[];
  /** What a model doubts; `skipped` says why none was asked. */
  readonly labelCheck:
    | { readonly skipped: string }
    | {
        readonly model: string;
        readonly version: string;
        readonly digest: string;
        readonly asked: number;
        /** Probability of the own label below which a photograph is listed. */
        readonly below: number;
        /** The surest first. */
        readonly suspects: readonly (ReportedPhotograph & {
          readonly probability: number;
          readonly says: string;
          readonly confidence: number;
        })[];
      };
}

/** Everything that a report is made of. */
export interface ReportParts {
  readonly raw: string;
  readonly layout: DataReport['layout'];
  readonly parameters: PreprocessParams;
  readonly problem?: { readonly code: string; readonly message: string } | undefined;
  readonly hash: string;
  readonly ignored: readonly Ignored[];
  readonly unreadable: readonly Unreadable[];
  readonly classified: Classified;
  /** Groups of indices of `classified.kept`. */
  readonly groups: readonly (readonly number[])[];
  /** Empty when there is no data set. */
  readonly items: readonly DatasetItem[];
  readonly check: LabelCheck;
  readonly concerns: readonly string[];
}

/** Lower ends of the classes of shorter sides. */
const SIDES = [0, 32, 64, 128, 256, 512, 1024, 2048];

/** The report; pure. */
export function buildReport(parts: ReportParts): DataReport {
  const { classified, items } = parts;
  const splitOf = new Map(items.map((item) => [item.source?.path, item.split]));
  const show = ({ source, label }: Decoded): ReportedPhotograph => {
    const { path, digest, width, height } = source;
    const split = splitOf.get(path);
    return { path, label, digest, width, height, ...(split !== undefined && { split }) };
  };
  const duplicates = classified.duplicates.map(({ kept, left }) => ({ kept: show(kept), left: left.map(show) }));
  const conflicts = classified.conflicts.map((same) => same.map(show));
  const left = classified.duplicates.flatMap((same) => same.left);
  const decoded = [...classified.kept, ...classified.tiny, ...left, ...classified.conflicts.flat()];
  const files = {
    kept: classified.kept.length,
    unreadable: parts.unreadable.length,
    tiny: classified.tiny.length,
    ignored: parts.ignored.length,
    duplicate: left.length,
    conflicting: classified.conflicts.flat().length,
  };
  return {
    schemaVersion: 1,
    raw: parts.raw,
    layout: parts.layout,
    parameters: parts.parameters,
    ...(parts.problem !== undefined && { problem: parts.problem }),
    hash: parts.hash,
    files: { total: Object.values(files).reduce((sum, number) => sum + number, 0), ...files },
    labels: countLabels(items),
    formats: countBy(decoded.map(({ source }) => source.format)),
    sides: countSides(decoded),
    unreadable: [...parts.unreadable].sort(byPath),
    ignored: [...parts.ignored].sort(byPath),
    tiny: classified.tiny.map(show).sort(byPath),
    duplicates: duplicates.sort((a, b) => byPath(a.kept, b.kept)),
    nearDuplicates: reportGroups(parts, show),
    conflicts: conflicts.sort((a, b) => byPath(a[0], b[0])),
    concerns: parts.concerns,
    labelCheck: reportCheck(parts.check),
  };
}

const byPath = (a: { readonly path: string } | undefined, b: { readonly path: string } | undefined) =>
  compareCodeUnits(a?.path ?? '', b?.path ?? '');

function reportGroups(
  { classified, groups }: ReportParts,
  show: (item: Decoded) => ReportedPhotograph,
): DataReport['nearDuplicates'] {
  return groups
    .map((group) => group.flatMap((index) => classified.kept[index] ?? []))
    .map((group) => {
      const [first] = [...group].sort((a, b) => byPath(a.source, b.source));
      const members = group
        .map((item) => ({ ...show(item), distance: hammingDistance(item.print.hash, first?.print.hash ?? '') }))
        .sort(byPath);
      const found = new Set(members.map((member) => member.split));
      const split = found.size === 1 ? members[0]?.split : undefined;
      const mixed = members.some(({ label }) => label !== members[0]?.label);
      return { ...(split !== undefined && { split }), mixed, members };
    })
    .sort((a, b) => b.members.length - a.members.length || byPath(a.members[0], b.members[0]));
}

function reportCheck(check: LabelCheck): DataReport['labelCheck'] {
  if (check.kind === 'skipped') return { skipped: check.reason };
  const { model, version, digest, asked } = check;
  const suspects = check.suspects.flatMap(({ item, probability, says, confidence }) => {
    if (item.source === undefined) return [];
    const { path, digest: source, width, height } = item.source;
    return [
      { path, label: item.label, digest: source, width, height, split: item.split, probability, says, confidence },
    ];
  });
  return { model, version, digest, asked, below: SUSPECT_BELOW, suspects };
}

function countLabels(items: readonly DatasetItem[]): Record<string, SplitCounts> {
  const counts: Record<string, SplitCounts> = {};
  for (const label of [...new Set(items.map((item) => item.label))].sort(compareCodeUnits))
    counts[label] = { train: 0, val: 0, test: 0 };
  for (const { label, split } of items) {
    const row = counts[label];
    if (row !== undefined) row[split] += 1;
  }
  return counts;
}

function countBy(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of [...values].sort(compareCodeUnits)) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

function countSides(decoded: readonly Decoded[]): DataReport['sides'] {
  const sides = decoded.map(({ source }) => Math.min(source.width, source.height));
  return SIDES.map((from, index) => {
    const below = SIDES[index + 1] ?? Infinity;
    return { from, count: sides.filter((side) => side >= from && side < below).length };
  });
}
