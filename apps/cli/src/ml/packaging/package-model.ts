import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { InputSpec, ManifestDraft } from '@pawl/shared/bundle/manifest';
import { canonicalJson } from '@pawl/shared/bundle/canonical-json';
import { REFERENCE_FILE } from '@pawl/shared/bundle/reference';
import type { Bundle } from '@pawl/shared/bundle/open-bundle';
import { checkDraft } from '@pawl/shared/bundle/verify-manifest';
import { maskUris } from '@pawl/shared/errors/mask-uri';
import { writeBundle } from '@pawl/shared/bundle/write-bundle';
import type { Context } from '../../terminal/context.ts';
import { CliError } from '../../errors/cli-error.ts';
import { describeGraph, type GraphDescription } from '../../bundles/onnx/describe-graph.ts';
import { inferInput, type InputWishes } from '../../bundles/onnx/infer-input.ts';
import { originOf, type InferredOutput, type OutputWishes } from '../../bundles/onnx/infer-output.ts';
import { readGraph, type GraphModel } from '../../bundles/onnx/read-graph.ts';
import { readKey } from '../../bundles/read-bundle.ts';
import type { GoldenImages } from '../training/run/golden.ts';
import { withLocalModel } from '../../bundles/local-model.ts';
import { PAWL_VERSION } from '../../terminal/version.ts';
import { askCandidates, chooseGolden, type GoldenOutputs } from './ask-golden.ts';
import { chooseOutput, adaptGraph } from './choose-output.ts';
import { readGoldenFolder, type LeftOut } from './golden-folder.ts';
import { labelsOfGraph } from './graph-labels.ts';
import { judgeOutput } from './judge-output.ts';
import { toLabels, type Labels } from '../../bundles/labels.ts';
import { measureReference, type MeasuredReference } from './measure-reference.ts';
import { parseLabelsFile } from './read-labels.ts';

/** A classifier that was trained elsewhere, and what its graph does not say. Paths are absolute. */
export interface PackageOptions {
  readonly model: string;
  readonly name: string;
  readonly version: string;
  /** In the order of the output; undefined: those of `labelsFile`, else what the graph says. */
  readonly labels: readonly string[] | undefined;
  readonly labelsFile?: string | undefined;
  readonly description?: string | undefined;
  readonly input: InputWishes;
  readonly output: OutputWishes;
  /** Folder of labelled photographs, `label/file`. */
  readonly golden: string;
  /** Largest difference of a golden probability on another machine. */
  readonly tolerance: number;
  readonly lineage: Readonly<Record<string, string>>;
  readonly out: string;
  /** Folder of pictures like those that users will send, to compare with later; undefined: drift is not watched. */
  readonly reference?: string | undefined;
  /** Path of a private key, as typed. */
  readonly key?: string | undefined;
}

/** A packaged model, and what was read from its graph. */
export interface PackagedModel {
  readonly bundle: Bundle;
  readonly graph: GraphDescription;
  /** One sentence each: what the graph does not say and nobody said, for people to check. */
  readonly assumptions: readonly string[];
  readonly golden: GoldenImages;
  /** Files of the golden folder that are no golden images whatever the model answers. */
  readonly leftOut: readonly LeftOut[];
  /** Pictures of the golden folder, where only some of them were asked about. */
  readonly goldenOf: number | undefined;
  /** What drift will be judged by. */
  readonly reference: MeasuredReference | undefined;
  readonly signed: boolean;
}

const LOGITS = { kind: 'softmax-logits' } as const;

/**
 * Makes a bundle of any ONNX image classifier. What its output means is judged by what it answers to the golden images, which
 * get the probabilities that the session that serves gives them, so the service will check that it answers as it did here.
 *
 * @throws CliError FILE_NOT_FOUND, GRAPH_*, DATA_*, GATE_FAILED when the golden images are answered as by a model with other
 *   labels or another input; PawlError BUNDLE_MANIFEST_INVALID naming a wrong field.
 */
export async function packageModel(context: Context, options: PackageOptions): Promise<PackagedModel> {
  const file = basename(options.model);
  const bytes = await readFile(options.model).catch((cause: unknown) => {
    throw new CliError('FILE_NOT_FOUND', `${options.model} cannot be read.`, 'Give the path of an ONNX file.', cause);
  });
  const original = readGraph(bytes, file);
  const { labels, from } = await labelsFor(options, original, file);
  const adapted = adaptGraph(original, bytes, options.output.name);
  const { input, assumptions: ofInput } = inferInput(adapted.model, file, options.input);
  const graph = describeGraph(original);
  const known = draftOf(options, labels, input, graph);
  checkDraft(known, options.tolerance);
  const privateKeyPem = options.key === undefined ? undefined : await readKey(context, options.key, 'private');
  const wishes = { ...options.output, name: adapted.output };
  const chosen = await chooseOutput(adapted, file, labels.ids, input, wishes);
  const folder = await readGoldenFolder(options.golden, labels);
  // The values of the output are asked for; of the kind only their number matters until they are judged.
  const kind = chosen.width === 1 ? ({ kind: 'binary-logit', threshold: 0.5 } as const) : LOGITS;
  const raw = { labels: [...labels.ids], input, output: { ...kind, name: chosen.name } };
  const asked = await withLocalModel({ bytes: adapted.bytes, spec: raw, name: file }, context.signal, (served) =>
    askCandidates(served, folder.candidates, context.signal),
  );
  const { output, assumptions: ofOutput } = judge(adapted.model, file, chosen.name, labels, asked, wishes);
  const { tolerance } = options;
  const golden = await chooseGolden(asked, { spec: { labels: [...labels.ids], output }, tolerance });
  const draft: ManifestDraft = {
    ...known,
    output,
    golden: { tolerance, images: [...golden.images] },
    ...(options.reference !== undefined && { reference: REFERENCE_FILE }),
  };
  const model = { bytes: adapted.bytes, spec: { labels: [...labels.ids], input, output }, name: file };
  const measured =
    options.reference === undefined ? undefined : await measureReference(context, model, options.reference);
  const sources = [
    { path: 'model.onnx', source: adapted.bytes },
    ...golden.sources,
    ...(measured === undefined
      ? []
      : [{ path: REFERENCE_FILE, source: Buffer.from(canonicalJson(measured.reference)) }]),
  ];
  const bundle = await writeBundle(options.out, draft, sources, { privateKeyPem });
  const assumptions = [
    ...(from === undefined
      ? []
      : [
          `The labels are those of ${from}: ${labels.ids.slice(0, 5).join(', ')}${labels.ids.length > 5 ? ', ...' : ''}.`,
        ]),
    ...adapted.changes,
    ...ofInput,
    ...ofOutput,
  ];
  const leftOut = [...folder.leftOut, ...asked.leftOut];
  return {
    bundle,
    graph,
    assumptions,
    golden,
    leftOut,
    goldenOf: folder.of,
    reference: measured,
    signed: privateKeyPem !== undefined,
  };
}

/** What was said, what a file says, or what the graph says; `from` where nobody said it. */
async function labelsFor(
  { labels, labelsFile }: PackageOptions,
  model: GraphModel,
  file: string,
): Promise<{ readonly labels: Labels; readonly from: string | undefined }> {
  if (labels !== undefined && labelsFile !== undefined)
    throw new CliError('USAGE', 'Expected one of --labels and --labels-file.', 'Leave one of them out.');
  if (labels !== undefined) return { labels: toLabels(labels, '--labels'), from: undefined };
  if (labelsFile !== undefined) {
    const text = await readFile(labelsFile, 'utf8').catch((cause: unknown) => {
      throw new CliError('FILE_NOT_FOUND', `${labelsFile} cannot be read.`, 'Check the path of the labels.', cause);
    });
    return { labels: toLabels(parseLabelsFile(text, labelsFile), labelsFile), from: undefined };
  }
  const own = labelsOfGraph(model);
  if (own !== undefined) return { labels: toLabels(own.names, own.from), from: own.from };
  throw new CliError(
    'USAGE',
    `${file} does not name its labels.`,
    'Give them in the order of the output: --labels cat,dog, or --labels-file labels.txt (one a line) or config.json.',
  );
}

function draftOf(options: PackageOptions, labels: Labels, input: InputSpec, graph: GraphDescription) {
  return {
    schemaVersion: 1,
    name: options.name,
    version: options.version,
    ...(options.description !== undefined && { description: options.description }),
    labels: [...labels.ids],
    ...(Object.keys(labels.names).length > 0 && { labelNames: labels.names }),
    model: 'model.onnx',
    input,
    lineage: {
      pawl_version: PAWL_VERSION,
      ...(graph.producer !== '' && { producer: graph.producer }),
      packaged_from: basename(options.model),
      // It is signed, published and shown by every service: no place for the password of a store.
      ...Object.fromEntries(Object.entries(options.lineage).map(([key, text]) => [key, maskUris(text)])),
    },
  } as const satisfies Omit<ManifestDraft, 'golden' | 'output'>;
}

function judge(
  model: GraphModel,
  file: string,
  name: string,
  { ids: labels }: Labels,
  { said }: GoldenOutputs,
  wishes: OutputWishes,
): InferredOutput {
  const maker = originOf(model, name);
  const rows = [...said].map(([picture, { output }]) => ({ name: basename(picture.name), values: output }));
  const isRounded = model.graph.node.some(({ opType }) => /^(De)?Quantize|^QLinear/.test(opType));
  return judgeOutput({ file, name, labels, isRounded, maker: maker?.opType, before: maker?.input[0] }, rows, wishes);
}
