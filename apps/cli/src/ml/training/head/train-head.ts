import { setImmediate as nextTurn } from 'node:timers/promises';
import { CliError } from '../../../errors/cli-error.ts';
import type { TrainParams } from '../../params/params.ts';
import { createRandom, type RandomStream } from '@pawl/shared/statistics/random';
import type { Head } from '../../../bundles/onnx/head.ts';
import type { EpochRecord, FeatureTable, TrainedHead, TrainingTable } from '../../types.ts';
import { checkTables } from './check-tables.ts';
import { forward, headLogits, initialParameters, type LinearParameters } from './linear.ts';
import { binaryCrossEntropy, classWeights, softmaxCrossEntropy, type BatchLoss, type Loss } from './losses.ts';
import { createAdam, stepLr } from './optimizer.ts';

/** What {@link trainHead} needs of the parameters, and the labels; two make a binary head with one logit. */
export type TrainHeadOptions = Pick<
  TrainParams,
  | 'epochs'
  | 'batch_size'
  | 'lr'
  | 'weight_decay'
  | 'seed'
  | 'dropout'
  | 'step_size'
  | 'gamma'
  | 'patience'
  | 'class_weights'
> & { readonly labels: readonly string[] };

/** Told after every epoch; awaited, so that a record can be sent before the next one begins. */
export type OnEpoch = (record: EpochRecord) => void | Promise<void>;

/**
 * Trains Dropout -> Linear on features. Every epoch takes each row from the originals or from one of the altered copies,
 * shuffles the rows and goes through them in batches, the last one short. The same seed and tables give the same bits.
 *
 * Float64 keeps every loss finite: features are float32, and a step of Adam is no longer than the learning rate allows.
 *
 * @throws CliError as {@link checkTables}; INTERRUPTED.
 */
export async function trainHead(
  options: TrainHeadOptions,
  train: TrainingTable,
  val: FeatureTable,
  onEpoch: OnEpoch,
  signal: AbortSignal,
): Promise<TrainedHead> {
  checkTables(options.labels, train, val);
  const trainer = createTrainer(options, train);
  const history: EpochRecord[] = [];
  let best: { readonly head: Head; readonly epoch: number; readonly loss: number } | undefined;
  for (let epoch = 1; epoch <= options.epochs; epoch++) {
    const lr = stepLr(options.lr, epoch, options.step_size, options.gamma);
    await trainer.epoch(lr, signal);
    // Measured on the float32 that would be shipped, not on what it is rounded from; both splits alike, without dropout.
    const head = trainer.head();
    const trained = trainer.measure(head, trainer.originals);
    const validated = trainer.measure(head, val);
    const record: EpochRecord = {
      epoch,
      train_loss: trained.loss,
      train_acc: trained.right / trainer.originals.rows,
      val_loss: validated.loss,
      val_acc: validated.right / val.rows,
      lr,
    };
    history.push(record);
    if (best === undefined || record.val_loss < best.loss) best = { head, epoch, loss: record.val_loss };
    await onEpoch(record);
    if (options.patience > 0 && epoch - best.epoch >= options.patience) break;
  }
  if (best === undefined) throw new RangeError('Training takes one epoch or more.');
  return { head: best.head, history, bestEpoch: best.epoch };
}

interface Trainer {
  /** What is trained on, unaltered. */
  readonly originals: FeatureTable;
  /** One pass over the rows. */
  epoch(lr: number, signal: AbortSignal): Promise<void>;
  /** Loss and right answers of a head. */
  measure(head: Head, table: FeatureTable): BatchLoss;
  /** The head as it is now, rounded to float32. */
  head(): Head;
}

function createTrainer(options: TrainHeadOptions, { tables }: TrainingTable): Trainer {
  const originals = tables[0] ?? { values: new Float32Array(), rows: 0, width: 0, classes: new Uint16Array() };
  const { rows, width, classes } = originals;
  const kind = options.labels.length === 2 ? 'binary' : 'multi-class';
  const outputs = kind === 'binary' ? 1 : options.labels.length;
  const loss = kind === 'binary' ? binaryCrossEntropy : softmaxCrossEntropy;
  const weights = classWeights(options.class_weights, classes, options.labels.length);
  const random = createRandom(options.seed);
  const parameters = initialParameters(width, outputs, random);
  const adam = createAdam([parameters.weight, parameters.bias], { weightDecay: options.weight_decay });
  const batch = createBatch(Math.min(options.batch_size, rows), width, outputs);

  return {
    originals,
    measure: (head, table) => loss(headLogits(head, table), table.classes, table.rows, outputs, undefined, weights),
    async epoch(lr, signal) {
      const order = random.permutation(rows);
      const choice = Uint8Array.from(order, () => random.below(tables.length));
      for (let from = 0; from < rows; from += options.batch_size) {
        const count = Math.min(options.batch_size, rows - from);
        for (let at = 0; at < count; at++) {
          const row = order[from + at] ?? 0;
          batch.classes[at] = classes[row] ?? 0;
          const { values } = tables[choice[from + at] ?? 0] ?? { values: new Float32Array() };
          batch.values.set(values.subarray(row * width, (row + 1) * width), at * width);
        }
        dropOut(batch.values.subarray(0, count * width), options.dropout, random);
        lossAndGradients(batch, count, width, parameters, loss, weights);
        adam.step(lr, [batch.weightGradient, batch.biasGradient]);
        // Ctrl-C and progress get their turn.
        await nextTurn();
        if (signal.aborted) throw new CliError('INTERRUPTED', 'training was interrupted', '', signal.reason);
      }
    },
    head: () => ({
      kind,
      weight: Float32Array.from(parameters.weight),
      bias: Float32Array.from(parameters.bias),
      width,
      outputs,
    }),
  };
}

/** Room for one batch, used again for each. */
export interface BatchBuffers {
  readonly values: Float64Array;
  readonly classes: Uint16Array;
  readonly logits: Float64Array;
  readonly logitGradient: Float64Array;
  readonly weightGradient: Float64Array;
  readonly biasGradient: Float64Array;
}

/** Room for `rows` rows. */
export function createBatch(rows: number, width: number, outputs: number): BatchBuffers {
  return {
    values: new Float64Array(rows * width),
    classes: new Uint16Array(rows),
    logits: new Float64Array(rows * outputs),
    logitGradient: new Float64Array(rows * outputs),
    weightGradient: new Float64Array(outputs * width),
    biasGradient: new Float64Array(outputs),
  };
}

/** Inverted dropout as `torch.nn.Dropout`: a value is zeroed with probability `p`, the others are divided by `1 - p`. */
export function dropOut(values: Float64Array, p: number, random: RandomStream): void {
  if (p === 0) return;
  const scale = 1 / (1 - p);
  for (let i = 0; i < values.length; i++) values[i] = random.next() < p ? 0 : (values[i] ?? 0) * scale;
}

/** Mean loss of the first `rows` rows of the batch; its gradients by weight and bias are left in the batch. */
export function lossAndGradients(
  batch: BatchBuffers,
  rows: number,
  width: number,
  parameters: LinearParameters,
  loss: Loss,
  weights?: ArrayLike<number>,
): BatchLoss {
  const { values, logits, logitGradient, weightGradient, biasGradient } = batch;
  const outputs = biasGradient.length;
  forward(values, rows, width, parameters, logits);
  const answered = loss(logits, batch.classes, rows, outputs, logitGradient, weights);
  weightGradient.fill(0);
  biasGradient.fill(0);
  for (let output = 0; output < outputs; output++) {
    const weights = output * width;
    for (let row = 0; row < rows; row++) {
      const slope = logitGradient[row * outputs + output] ?? 0;
      biasGradient[output] = (biasGradient[output] ?? 0) + slope;
      const from = row * width;
      for (let i = 0; i < width; i++)
        weightGradient[weights + i] = (weightGradient[weights + i] ?? 0) + slope * (values[from + i] ?? 0);
    }
  }
  return answered;
}
