import { digestOfBytes } from '@pawl/shared/bundle/digest';
import type { FirstStageSpec, Manifest, ManifestDraft } from '@pawl/shared/bundle/manifest';
import type { Bundle } from '@pawl/shared/bundle/open-bundle';
import { type BundleSourceFile, writeBundle } from '@pawl/shared/bundle/write-bundle';
import { marginOf } from '@pawl/shared/execution/stage';
import { shareBytes } from '@pawl/shared/execution/share-bytes';
import { withLocalModel } from '../../bundles/local-model.ts';
import { nextVersion, versionedParts } from '../../bundles/next-version.ts';
import { readKey, withBundle } from '../../bundles/read-bundle.ts';
import { CliError } from '../../errors/cli-error.ts';
import type { Context } from '../../terminal/context.ts';
import { type EvaluationData, withQuestions } from '../training/evaluate-bundle.ts';
import { askGolden, readGoldenOf, type GoldenCandidate, type GoldenImages } from '../training/run/golden.ts';
import { assertVersion, NOTICE_FILE } from '../training/run/previous-bundle.ts';
import { chooseSure, type CurvePoint, isLoss, MARGINS, type StageCosts, stageCurve } from '../stages/curve.ts';
import { chooseKnown, type FirstGraph, readFirst } from './first-stage.ts';
import {
  aloneAs,
  askStage,
  pairStages,
  reportOn,
  type StageAnswers,
  type StagesReport,
} from '../stages/measure-stages.ts';

/** Two bundles that become one. */
export interface CascadeOptions {
  /** Addresses. */
  readonly first: string;
  readonly final: string;
  /** What the margin is chosen on. */
  readonly data: EvaluationData;
  /** The margin, logits; absent: the smallest without a loss, where that saves time. */
  readonly margin?: number | undefined;
  /** Absent: the next one after the final bundle's. */
  readonly version?: string | undefined;
  /** Absolute path. */
  readonly out: string;
  /** Path of a private key, as typed. */
  readonly key?: string | undefined;
}

/** A bundle of two graphs, and how it came to be. */
export interface Cascade {
  readonly bundle: Bundle;
  readonly firstStage: FirstStageSpec;
  readonly report: StagesReport;
  readonly chosen: CurvePoint;
  readonly golden: GoldenImages;
  /** Golden images of the final bundle that lie close to the margin. */
  readonly close: readonly string[];
  readonly signed: boolean;
}

const FIRST_MODEL = 'first-stage.onnx';
const FIRST_NOTICE = 'NOTICE-first-stage.md';
/**
 * Golden images this close to the margin, in logits, are left out: another CPU rounds int8 otherwise, and might ask the
 * other stage about them.
 */
const CLOSE = 0.5;
/** The same for what the first stage knows, whose unit is its own: a share of the deviation over the pictures. */
const CLOSE_KNOWN = 0.1;

/**
 * Puts a small bundle before a large one: chooses the smallest margin without a loss against the large one alone, and
 * writes a bundle of both graphs, whose golden images have the answers of both together.
 *
 * @throws CliError STAGES_DIFFER, STAGES_USELESS, DATA_*, GATE_FAILED when no golden image is left; PawlError of the bundles.
 */
export async function makeCascade(context: Context, options: CascadeOptions): Promise<Cascade> {
  const privateKeyPem = options.key === undefined ? undefined : await readKey(context, options.key, 'private');
  return await withBundle(context, options.first, {}, (first) =>
    withBundle(context, options.final, {}, async (final) => {
      const { manifest } = final;
      if (options.version !== undefined) assertVersion(options.version, manifest, manifest.name);
      const graph = await readFirst(first, manifest, context.signal);
      const model = await final.read(manifest.model, context.signal);
      const [small, large] = [aloneAs(nameOf(first), graph.bytes, graph.spec), aloneAs(nameOf(final), model, manifest)];
      const { pictures, answers, finalAnswers } = await withQuestions(
        context,
        options.data,
        manifest,
        async (questions) => ({
          pictures: questions,
          answers: await askStage(context, small, questions),
          finalAnswers: await askStage(context, large, questions),
        }),
      );
      const known = chooseKnown(first.manifest, graph.spec, answers);
      const spec = { labels: manifest.labels, output: manifest.output, known };
      const { rows, costs } = pairStages(spec, pictures, answers, finalAnswers);
      const stages = `${nameOf(first)} before ${nameOf(final)}`;
      const chosen =
        options.margin === undefined
          ? requireUse(chooseSure(stageCurve(rows, costs, MARGINS)), costs, stages)
          : requireNoLoss(stageCurve(rows, costs, [options.margin])[0], stages);
      const report = reportOn(rows, costs, chosen.sure);
      const { input, output } = graph.spec;
      const firstStage: FirstStageSpec = {
        model: FIRST_MODEL,
        input,
        output: output.name,
        sure: chosen.sure,
        ...(known !== undefined && { known }),
      };
      const candidates = await readGoldenOf(final, manifest.labels);
      const close = await closeOnes(context, small, { firstStage, answers }, candidates);
      const staged = { ...large, firstModel: shareBytes(graph.bytes), spec: { ...large.spec, firstStage } };
      const golden = await withLocalModel(staged, context.signal, (served) =>
        askGolden(
          served,
          { spec: manifest, tolerance: manifest.golden.tolerance },
          candidates.filter(({ name }) => !close.includes(name)),
        ),
      );
      const draft = draftOf(final, first, graph, { firstStage, golden, version: options.version, chosen, report });
      const sources = [
        { path: FIRST_MODEL, source: graph.bytes },
        ...golden.sources,
        ...(await carriedOver(final, first, context.signal)),
      ];
      const bundle = await writeBundle(options.out, draft, sources, { privateKeyPem });
      return { bundle, firstStage, report, chosen, golden, close, signed: privateKeyPem !== undefined };
    }),
  );
}

/** @throws CliError STAGES_USELESS. */
function requireNoLoss(wanted: CurvePoint | undefined, stages: string): CurvePoint {
  if (wanted === undefined) throw new RangeError('a margin without a point');
  if (!isLoss(wanted)) return wanted;
  const { sure, broken, fixed, p } = wanted;
  throw new CliError(
    'STAGES_USELESS',
    `${stages} answers worse from a margin of ${sure} on than the second alone: ${broken} broken, ${fixed} fixed, p ${p.toFixed(3)}.`,
    'Leave --margin out: the smallest one without a loss is chosen.',
  );
}

/** @throws CliError STAGES_USELESS. */
function requireUse(chosen: CurvePoint | undefined, { final }: StageCosts, stages: string): CurvePoint {
  const hint = 'Train a better first stage, or serve the final one alone.';
  if (chosen === undefined)
    throw new CliError(
      'STAGES_USELESS',
      `${stages} answers worse at every margin up to ${MARGINS.at(-1) ?? 0} than the second alone.`,
      hint,
    );
  if (chosen.ms < final) return chosen;
  throw new CliError(
    'STAGES_USELESS',
    `${stages} saves nothing: from a margin of ${chosen.sure} on nothing is lost, and a picture takes ${chosen.ms.toFixed(1)} ms, alone ${final.toFixed(1)}.`,
    hint,
  );
}

/** Names of candidates that the first stage may pass on or not by a hair. */
async function closeOnes(
  context: Context,
  small: Parameters<typeof askStage>[1],
  { firstStage: { sure, known }, answers }: { readonly firstStage: FirstStageSpec; readonly answers: StageAnswers },
  candidates: readonly GoldenCandidate[],
): Promise<readonly string[]> {
  const pictures = candidates.map(({ name, label, bytes }) => ({
    item: { path: name, label },
    read: () => Promise.resolve(bytes),
  }));
  const { said } = await askStage(context, small, pictures);
  const closeKnown = CLOSE_KNOWN * deviation(answers.said.flatMap((each) => each?.known ?? []));
  return candidates.flatMap(({ name }, index) => {
    const of = said[index];
    if (of === undefined) return [];
    const byMargin = Math.abs(marginOf(of.output, small.spec.output) - sure) < CLOSE;
    const byKnown = known !== undefined && Math.abs((of.known ?? NaN) - known.threshold) < closeKnown;
    return byMargin || byKnown ? [name] : [];
  });
}

interface Made {
  readonly firstStage: FirstStageSpec;
  readonly golden: GoldenImages;
  readonly version: string | undefined;
  readonly chosen: CurvePoint;
  readonly report: StagesReport;
}

function draftOf(final: Bundle, first: Bundle, graph: FirstGraph, made: Made): ManifestDraft {
  const { manifest } = final;
  const { firstStage, golden, chosen, report } = made;
  const { version } = nextVersion(versionedParts(manifest), {
    ...versionedParts(manifest),
    firstStage,
    firstDigest: digestOfBytes(graph.bytes),
  });
  const { schemaVersion, name, description, labels, model, input, output, abstain, reference } = manifest;
  return {
    ...{ schemaVersion, name, labels, model, input, output },
    ...(description !== undefined && { description }),
    ...(abstain !== undefined && { abstain }),
    ...(reference !== undefined && { reference }),
    version: made.version ?? version,
    firstStage,
    golden: { tolerance: manifest.golden.tolerance, images: [...golden.images] },
    // What was measured of the final stage alone does not hold for both.
    metrics: {
      stages_accuracy: rounded(chosen.accuracy),
      stages_accuracy_final_alone: rounded(report.finalAccuracy),
      stages_passed_on: rounded(chosen.passedOn),
      stages_pictures: report.pictures,
    },
    lineage: { ...lineageOf(manifest), first_stage: origin(first), final_stage: origin(final) },
  };
}

/** Where the final stage comes from, without what was measured of it alone. */
const lineageOf = ({ lineage }: Manifest): Record<string, string> =>
  Object.fromEntries(
    Object.entries(lineage).filter(([key]) => !/^(metrics\.|measured_on$|paired$|test_pictures$)/.test(key)),
  );

/** `catdog 1.0.0 sha256:..., backbone: ...`. */
function origin({ manifest, digest }: Bundle): string {
  const { backbone } = manifest.lineage;
  return `${manifest.name} ${manifest.version} ${digest}${backbone === undefined ? '' : `, backbone: ${backbone}`}`;
}

/** Files of the final bundle that stay as they are, and the credits of the first. */
async function carriedOver(final: Bundle, first: Bundle, signal: AbortSignal): Promise<readonly BundleSourceFile[]> {
  const golden = new Set(final.manifest.golden.images.map(({ file }) => file));
  const kept = final.manifest.files.filter(({ path }) => !golden.has(path));
  const sources: BundleSourceFile[] = [];
  for (const { path } of kept) sources.push({ path, source: await final.read(path, signal) });
  if (first.manifest.files.some(({ path }) => path === NOTICE_FILE))
    sources.push({ path: FIRST_NOTICE, source: await first.read(NOTICE_FILE, signal) });
  return sources;
}

/** Standard deviation of the population. */
function deviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

const nameOf = ({ manifest: { name, version } }: Bundle): string => `${name} ${version}`;
const rounded = (value: number): number => Math.round(value * 1e6) / 1e6;
