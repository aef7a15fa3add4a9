import { imageFormats } from '@pawl/shared/preprocessing/image-format';
import { z } from 'zod';

const share = z.number().min(0).max(1);
const seed = z
  .int()
  .min(0)
  .max(2 ** 31 - 1);

/** `split_ratios` must sum to 1 within this. */
const RATIO_TOLERANCE = 1e-9;

const preprocessParamsSchema = z.strictObject({
  /** Pixels of width and height. */
  image_size: z.int().min(32).max(1024).default(224),
  split_ratios: z
    .strictObject({ train: share, val: share, test: share })
    .refine(({ train, val, test }) => Math.abs(train + val + test - 1) < RATIO_TOLERANCE, 'must sum to 1')
    .default({ train: 0.8, val: 0.1, test: 0.1 }),
  seed: seed.default(42),
  /** Formats of photographs, by content; other files are ignored. */
  formats: z.array(z.enum(imageFormats)).min(1).default(['jpeg', 'png']),
  /** Pixels of the shorter side below which a photograph is tiny and left out. */
  min_side: z.int().min(1).max(4096).default(32),
  /** Largest Hamming distance of 64-bit perceptual hashes of near-duplicates. */
  near_duplicate_bits: z.int().min(0).max(16).default(6),
  /** Address of a bundle that is asked which photographs look mislabelled; empty: nobody. */
  check_labels: z.string().default(''),
});

const augmentationParamsSchema = z.strictObject({
  /** Altered copies of each training photograph, besides the original. */
  variants: z.int().min(0).max(32).default(2),
  /** Probability of a horizontal flip. */
  flip: share.default(0.5),
  /** Degrees, either way. */
  rotation: z.number().min(0).max(180).default(15),
  /** Brightness, contrast and saturation factors are drawn from `1 - x .. 1 + x`. */
  color_jitter: z.number().min(0).max(1).default(0.2),
});

export const trainParamsSchema = z.strictObject({
  epochs: z.int().min(1).max(10_000).default(10),
  batch_size: z.int().min(1).max(65_536).default(32),
  lr: z.number().positive().max(10).default(0.001),
  /** L2, added to the gradient as PyTorch's Adam does. */
  weight_decay: z.number().min(0).max(10).default(0.0001),
  seed: seed.default(42),
  /** Probability that a feature is zeroed in training. */
  dropout: z.number().min(0).max(0.95).default(0.3),
  /** Epochs between two reductions of the learning rate. */
  step_size: z.int().min(1).default(5),
  gamma: z.number().positive().max(1).default(0.5),
  /** `balanced`: each label counts as much as the others in the loss, however many photographs it has. */
  class_weights: z.enum(['none', 'balanced']).default('none'),
  /** Epochs without a better validation loss after which training stops; 0: never. */
  patience: z.int().min(0).default(0),
  /** A bundle folder or an ONNX file. */
  backbone: z.string().min(1).default('models/backbones/resnet18'),
  /** Name of the pooled feature output, shape [N,width]. */
  features: z.string().min(1).default('features'),
  augmentation: augmentationParamsSchema.prefault({}),
});

const gateParamsSchema = z.strictObject({
  /** Level of the interval whose lower end accuracy and recall are judged by; 0: the figures themselves are. */
  confidence: z.number().min(0).max(0.999).default(0.95),
  accuracy: share.default(0),
  /** Of every class. */
  recall: share.default(0),
  /** Macro average of one-vs-rest for several classes. */
  roc_auc: share.default(0),
  /** At most; nats. */
  log_loss: z.number().positive().default(Infinity),
  /** At most. */
  ece: z.number().positive().default(1),
  /** Significance level of "worse than the replaced bundle on the same pictures"; 0: never refused for that. */
  not_worse: share.default(0.05),
});

const abstainParamsSchema = z.strictObject({
  /** Share of the validation photographs that may be abstained from, at most; 0: the model always answers. */
  rate: z.number().min(0).max(0.5).default(0.05),
  /** Folder of photographs of none of the labels; empty: not measured. */
  neither: z.string().default(''),
});

const bundleParamsSchema = z.strictObject({
  /** Name of the model. */
  name: z.string().min(1).default('catdog'),
  /** Address of the bundle that this one follows; empty: it is the first, 1.0.0. */
  replaces: z.string().default(''),
  /** Folder of labelled photographs that become golden images, beside those of the replaced bundle; empty: none. */
  golden: z.string().default(''),
  /** Golden images of the replaced bundle that the new one need not have; by their paths in it. */
  drop_golden: z.array(z.string().min(1)).default([]),
});

const trackingParamsSchema = z.strictObject({
  /** Name of the MLflow experiment. */
  experiment: z.string().min(1).default('catdog'),
  /** Alias that the registered model version gets. */
  alias: z.string().min(1).default('candidate'),
});

/** `params.yaml`: the single source of its type, its defaults and its validation. */
export const paramsSchema = z.strictObject({
  preprocess: preprocessParamsSchema.prefault({}),
  train: trainParamsSchema.prefault({}),
  gate: gateParamsSchema.prefault({}),
  abstain: abstainParamsSchema.prefault({}),
  bundle: bundleParamsSchema.prefault({}),
  tracking: trackingParamsSchema.prefault({}),
});

export type Params = z.infer<typeof paramsSchema>;
export type PreprocessParams = Params['preprocess'];
export type TrainParams = Params['train'];
export type AugmentationParams = TrainParams['augmentation'];
export type GateParams = Params['gate'];
