import { z } from 'zod';
import { goldenProblem } from './golden-margin.ts';
import { semanticVersionSchema } from './semantic-version.ts';

/** File name of the manifest in a bundle. */
export const MANIFEST_FILE = 'manifest.json';
/** File name of the detached signature of the manifest, base64 of an ASN.1 ECDSA signature, as cosign writes it. */
export const SIGNATURE_FILE = 'manifest.json.sig';
/** File name of the same signature as a Sigstore bundle, named as cosign names it. */
export const SIGSTORE_FILE = 'manifest.json.sigstore.json';
/** File name of the OpenSSF Model Signing signature of the whole bundle, named as its tool names it. */
export const MODEL_SIGNATURE_FILE = 'model.sig';
/** What lies beside a manifest and is none of the bundle's files. */
const besideTheManifest: readonly string[] = [MANIFEST_FILE, SIGNATURE_FILE, SIGSTORE_FILE, MODEL_SIGNATURE_FILE];

/** The folders above a relative path, outermost first: `a/b/c` -> `a`, `a/b`. */
export function foldersOf(path: string): string[] {
  const segments = path.split('/').slice(0, -1);
  return segments.map((_, index) => segments.slice(0, index + 1).join('/'));
}

const sha256 = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'expected sha256:<64 hex digits>');

/**
 * A relative POSIX path that cannot leave the bundle: no leading slash, no backslash, no empty, `.` or `..` segment,
 * and no segment that an OCI layer would read as a whiteout (`.wh.`, OCI image spec, layer.md).
 */
const bundlePath = z
  .string()
  .max(255)
  .regex(
    /^(?!\.{1,2}(\/|$)|\.wh\.)[A-Za-z0-9_.-]+(\/(?!\.{1,2}(\/|$)|\.wh\.)[A-Za-z0-9_.-]+)*$/,
    'expected a relative path of A-Z a-z 0-9 _ . -',
  );

const name = z
  .string()
  .max(63)
  .regex(/^[a-z][a-z0-9_]*$/, 'expected lower-case letters, digits and _ (it prefixes metric names)');

/** What a label's id looks like: it is a folder, a metric's label and the beginning of a field's name. */
export const LABEL_ID = /^[a-z0-9][a-z0-9_]{0,62}$/;
const label = z.string().regex(LABEL_ID, 'expected lower-case letters, digits and _');
/** For people, in one line: no control characters, no separators of lines, nothing that turns the direction of reading. */
const labelName = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^\p{Cc}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]+$/u, 'expected one line of text');
const probability = z.number().min(0).max(1);
const channels = z.tuple([z.number(), z.number(), z.number()]);
const divisors = channels.refine((values) => values.every((value) => value > 0), 'expected numbers above 0');

/** How a decoded sRGB picture becomes the input tensor of the graph. */
const inputFields = z.strictObject({
  /** Name of the graph's input. */
  name: z.string().min(1),
  /** Order of the dimensions; N is the batch. */
  layout: z.enum(['NHWC', 'NCHW']),
  /** `uint8` takes 0..255 as they are; `float32` takes `(value * scale - mean) / std` per channel. */
  dtype: z.enum(['uint8', 'float32']),
  /** Order of the colours; `L` is one channel of grey, `0.299 R + 0.587 G + 0.114 B` (ITU-R BT.601). */
  channels: z.enum(['RGB', 'BGR', 'L']).optional(),
  /** Pixels. */
  width: z.int().min(1).max(4096),
  /** Pixels. */
  height: z.int().min(1).max(4096),
  /** `fill` ignores the aspect ratio; `cover` keeps it and crops the centre; `contain` keeps it and pads with black. */
  fit: z.enum(['fill', 'cover', 'contain']),
  /**
   * `cover` only, at least width and height, pixels: the picture is resized until its shorter side has this many, and
   * `width` x `height` are cut from the centre (torchvision's `Resize(crop)` and `CenterCrop`).
   */
  crop: z.int().min(1).max(4096).optional(),
  /** Resampling kernel, by sharp's names. */
  kernel: z.enum(['nearest', 'linear', 'cubic', 'mitchell', 'lanczos2', 'lanczos3']),
  /** float32 only: factor before mean and std, usually 1/255. */
  scale: z.number().positive().default(1),
  /** float32 only: per channel, in the order of `channels`; of `L` the first is used. */
  mean: channels.default([0, 0, 0]),
  /** float32 only: per channel, in the order of `channels`; of `L` the first is used. */
  std: divisors.default([1, 1, 1]),
});

/** {@link inputFields} that fit together. */
export const inputSpecSchema = inputFields.superRefine(({ fit, crop, width, height }, context) => {
  if (crop === undefined) return;
  if (fit !== 'cover') context.addIssue({ code: 'custom', path: ['crop'], message: 'needs fit cover' });
  if (crop < width || crop < height)
    context.addIssue({ code: 'custom', path: ['crop'], message: `expected at least ${Math.max(width, height)}` });
});

/** How the graph's output becomes probabilities. */
const outputSpecSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    /** One logit an image, shape [N,1]; sigmoid(logit) is the probability of `labels[1]`. */
    kind: z.literal('binary-logit'),
    /** Name of the graph's output. */
    name: z.string().min(1),
    /** `labels[1]` is answered from this probability on. */
    threshold: probability.default(0.5),
  }),
  z.strictObject({
    /** One probability an image, shape [N,1]: that of `labels[1]`. */
    kind: z.literal('binary-probability'),
    /** Name of the graph's output. */
    name: z.string().min(1),
    /** `labels[1]` is answered from this probability on. */
    threshold: probability.default(0.5),
  }),
  z.strictObject({
    /** One logit a label, shape [N,labels]; softmax gives the probabilities. */
    kind: z.literal('softmax-logits'),
    name: z.string().min(1),
  }),
  z.strictObject({
    /** One probability a label, shape [N,labels]. */
    kind: z.literal('probabilities'),
    name: z.string().min(1),
  }),
]);

/** What an acceptance image, a folder and a table call a picture that the model shall abstain from, or abstained from. */
export const NEITHER = 'neither';

/** Whether an output has one value an image, which speaks of the second of two labels. */
export const isBinary = (kind: OutputSpec['kind']): kind is 'binary-logit' | 'binary-probability' =>
  kind === 'binary-logit' || kind === 'binary-probability';

/**
 * When the model says that a picture is none of its labels: its score lies below a threshold that was chosen on pictures of
 * neither. The service then adds `"abstained": true` to the answer that it would have given.
 */
const abstainSpecSchema = z.discriminatedUnion('score', [
  z.strictObject({
    score: z.undefined().optional(),
    /** Name of another output of the graph, one value an image: the larger, the more surely one of the labels. */
    output: z.string().min(1),
    /** Abstains below it; in the output's unit, any finite number. */
    threshold: z.number(),
  }),
  z.strictObject({
    /** Largest probability of any label, as answered (Hendrycks and Gimpel 2017, arXiv:1610.02136). */
    score: z.literal('max-probability'),
    /** Abstains below it, 0..1. */
    threshold: probability,
  }),
  z.strictObject({
    /** Negative free energy, `logsumexp(logits)` (Liu et al. 2020, arXiv:2010.03759); needs `softmax-logits`. */
    score: z.literal('energy'),
    /** Abstains below it; nats, any finite number. */
    threshold: z.number(),
  }),
]);

/**
 * A smaller graph that is asked before the model, of the same labels, kind of output and threshold. It answers what it is
 * sure of; the model answers the rest, so that most pictures cost as little as the small graph (a cascade: Viola and Jones
 * 2001, doi:10.1109/CVPR.2001.990517). Only the model abstains by an output of its graph.
 */
const firstStageSchema = z.strictObject({
  /** Its ONNX graph. */
  model: bundlePath,
  input: inputSpecSchema,
  /** Name of its output, of the model's kind. */
  output: z.string().min(1),
  /**
   * Answers from this margin on: distance of the logit from that of the threshold, or of the best logit from the second;
   * in logits, at least 0.
   */
  sure: z.number().min(0),
  /** Absent: it takes every picture for one of the labels. */
  known: z
    .strictObject({
      /** Name of another output of its graph, one value an image: the larger, the more surely one of the labels. */
      output: z.string().min(1),
      /** Answers from this value on; in the output's unit, any finite number. */
      threshold: z.number(),
    })
    .optional(),
});

/**
 * An image of the bundle with the answer that the packaged model gave for it. Its label wins by the tolerance at least, or
 * comparing would find nothing; unless the model abstains from it.
 */
const goldenImageSchema = z.strictObject({
  file: bundlePath,
  label,
  /** Probability by label, as computed where the bundle was made. */
  probabilities: z.record(label, probability),
  /** Whether the model abstains from it; absent: not compared. */
  abstained: z.boolean().optional(),
});

/** A file of the bundle, other than the manifest and its signature. */
const bundleFileSchema = z.strictObject({
  path: bundlePath,
  /** Bytes. */
  size: z.int().min(0),
  sha256,
});

/**
 * `manifest.json` of a model bundle: the single source of its type and of its validation. The identity of a bundle is
 * the sha256 of this file's bytes; every other file is named here with its own sha256.
 */
export const manifestSchema = z
  .strictObject({
    schemaVersion: z.literal(1),
    /** Model name; prefixes the service's metrics. */
    name,
    version: semanticVersionSchema,
    description: z.string().max(1000).optional(),
    /** In the order of the graph's output. */
    labels: z.array(label).min(2).max(10_000),
    /** What people read instead of a label's id, where that is something else: `{"golden_retriever": "Golden Retriever"}`. */
    labelNames: z.record(label, labelName).optional(),
    /** The ONNX graph. */
    model: bundlePath,
    input: inputSpecSchema,
    output: outputSpecSchema,
    /** Absent: the model always answers. */
    abstain: abstainSpecSchema.optional(),
    /** Absent: the model is asked about every picture. */
    firstStage: firstStageSchema.optional(),
    golden: z.strictObject({
      /** Largest allowed difference of any probability from the expected one, 0..1. */
      tolerance: z.number().positive().max(0.5),
      images: z.array(goldenImageSchema).min(1).max(256),
    }),
    /** Statistics of the training inputs, for drift. */
    reference: bundlePath.optional(),
    /** Figures of the evaluation, such as `accuracy`; with the data they were measured on in `lineage`. */
    metrics: z.record(z.string(), z.number()).default({}),
    /** Where the weights come from: run id, data hash, Git commit, licence, free text. */
    lineage: z.record(z.string(), z.string()).default({}),
    files: z.array(bundleFileSchema).min(1).max(1000),
  })
  .superRefine((manifest, context) => {
    const problem = (path: PropertyKey[], message: string) => {
      context.addIssue({ code: 'custom', path, message });
    };
    const listed = new Set(manifest.files.map((file) => file.path));
    const labels = new Set(manifest.labels);
    if (listed.size !== manifest.files.length) problem(['files'], 'a path is listed twice');
    if (besideTheManifest.some((file) => listed.has(file)))
      problem(['files'], 'the manifest and its signature do not list themselves');
    for (const path of listed)
      for (const folder of foldersOf(path))
        if (listed.has(folder) || folder === MANIFEST_FILE || folder === SIGNATURE_FILE)
          problem(['files'], `${folder} is both a file and a folder`);
    if (labels.size !== manifest.labels.length) problem(['labels'], 'a label is listed twice');
    if (isBinary(manifest.output.kind) && manifest.labels.length !== 2)
      problem(['labels'], `a ${manifest.output.kind} output needs exactly 2 labels`);
    for (const of of Object.keys(manifest.labelNames ?? {}))
      if (!labels.has(of)) problem(['labelNames', of], 'is not among labels');
    if (manifest.abstain?.score === undefined && manifest.abstain?.output === manifest.output.name)
      problem(['abstain', 'output'], 'is the output that names the label; expected another one');
    if (manifest.abstain === undefined && manifest.golden.images.some(({ abstained }) => abstained === true))
      problem(['golden', 'images'], 'the model is expected to abstain, and has no abstain');
    if (manifest.golden.images.every(({ abstained }) => abstained === true))
      problem(['golden', 'images'], 'none of them is to be answered with its label; expected one at least');
    if (manifest.abstain?.score === 'energy' && manifest.output.kind !== 'softmax-logits')
      problem(['abstain', 'score'], 'energy needs an output of kind softmax-logits');
    if (!listed.has(manifest.model)) problem(['model'], 'is not among files');
    for (const { path, message } of firstStageProblems(manifest, listed)) problem(['firstStage', ...path], message);
    if (manifest.reference !== undefined && !listed.has(manifest.reference))
      problem(['reference'], 'is not among files');
    for (const [index, image] of manifest.golden.images.entries()) {
      const at = ['golden', 'images', index];
      if (!listed.has(image.file)) problem([...at, 'file'], 'is not among files');
      if (!labels.has(image.label)) problem([...at, 'label'], 'is not among labels');
      for (const of of Object.keys(image.probabilities))
        if (!labels.has(of)) problem([...at, 'probabilities', of], 'is not among labels');
      for (const of of manifest.labels)
        if (!Object.hasOwn(image.probabilities, of)) problem([...at, 'probabilities'], `lacks label ${of}`);
      // Of a picture of none of the labels the nearest one decides nothing.
      if (image.abstained === true) continue;
      const useless = goldenProblem(image, manifest, manifest.golden.tolerance);
      if (useless !== undefined) problem(at, useless);
    }
  });

interface StagedParts {
  readonly firstStage?: FirstStageSpec | undefined;
  readonly output: OutputSpec;
  readonly abstain?: AbstainSpec | undefined;
  readonly model: string;
}

/** What is wrong with the first stage of a manifest, by its field. */
function* firstStageProblems(
  { firstStage, output, abstain, model }: StagedParts,
  listed: ReadonlySet<string>,
): Generator<{ readonly path: string[]; readonly message: string }> {
  if (firstStage === undefined) return;
  if (!listed.has(firstStage.model)) yield { path: ['model'], message: 'is not among files' };
  if (firstStage.model === model) yield { path: ['model'], message: 'is the model itself; expected another graph' };
  if (output.kind === 'probabilities')
    yield {
      path: [],
      message: 'is sure by a margin of logits; expected an output of kind binary-logit or softmax-logits',
    };
  if (firstStage.known?.output === firstStage.output)
    yield { path: ['known', 'output'], message: 'is the output that names the label; expected another one' };
  if (abstain?.score === 'energy')
    yield {
      path: [],
      message: 'has an energy of another scale than the model; expected to abstain by an output or not at all',
    };
  if (abstain !== undefined && abstain.score === undefined && firstStage.known === undefined)
    yield { path: ['known'], message: 'is missing: the model abstains by an output, and would not be asked' };
}

/** Paths of the ONNX graphs of a bundle, in the order in which a picture meets them. */
export const graphsOf = ({ firstStage, model }: Pick<Manifest, 'firstStage' | 'model'>): readonly string[] =>
  firstStage === undefined ? [model] : [firstStage.model, model];

/** Bytes of all files of a bundle, without the manifest itself. */
export const sizeOfFiles = (files: readonly BundleFile[]): number => files.reduce((sum, { size }) => sum + size, 0);

/** A valid manifest. */
export type Manifest = z.infer<typeof manifestSchema>;
/** How a picture becomes the input tensor. */
export type InputSpec = z.infer<typeof inputSpecSchema>;
/** How the output becomes probabilities. */
export type OutputSpec = z.infer<typeof outputSpecSchema>;
/** When the model abstains. */
export type AbstainSpec = z.infer<typeof abstainSpecSchema>;
/** The graph that is asked before the model. */
export type FirstStageSpec = z.infer<typeof firstStageSchema>;
/** A file of the bundle with size and digest. */
export type BundleFile = z.infer<typeof bundleFileSchema>;
/** A golden image with its expected answer. */
export type GoldenImage = z.infer<typeof goldenImageSchema>;
/** What a person or a program writes of a manifest before packaging: `files` is computed, defaults may be left out. */
export type ManifestDraft = Omit<z.input<typeof manifestSchema>, 'files'>;
