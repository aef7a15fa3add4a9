/**
 * Entry of a worker thread: an encoded image in, one row of features for each wanted variant out. The picture is decoded
 * once, altered here, and run one by one as the service runs it: what trains is, bit for bit, what serves.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { augment } from '../preprocessing/augment.ts';
import { createImageDecoder } from '../preprocessing/decode-image.ts';
import { measureImage } from '../preprocessing/image-statistics.ts';
import { toTensorData } from '../preprocessing/to-tensor.ts';
import type { FeatureMessage, FeatureSetup, FeatureTask } from './feature-protocol.ts';
import { OnnxSession } from './onnx-session.ts';
import { toRefusal } from './refusal.ts';

const port = parentPort;
if (port === null) throw new Error('feature-worker runs only as a worker thread');
const setup = workerData as FeatureSetup;
const { input } = setup.spec;

const send = (message: FeatureMessage): void => {
  port.postMessage(message);
};

/** The values of all outputs one after the other, in a copy: what onnxruntime gives lies in memory of its own. */
function joined(outputs: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const row = new Float32Array(outputs.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const values of outputs) {
    row.set(values, at);
    at += values.length;
  }
  return row;
}

async function start(): Promise<void> {
  const decoder = createImageDecoder(input, setup.limits);
  const session = await OnnxSession.open(setup.model, setup.spec);
  const [features = ''] = setup.spec.outputs;
  const rowOf = async (pixels: Uint8Array) => joined(await session.run(toTensorData(pixels, input), 1));
  const blank = await rowOf(new Uint8Array(input.width * input.height * 3));

  port?.on('message', (task: FeatureTask) => {
    extract(task).then(send, (error: unknown) => {
      send({ kind: 'refused', id: task.id, ...toRefusal(error, 'INFERENCE_FAILED', String(error)) });
    });
  });
  send({ kind: 'ready', width: blank.length, shape: session.outputShape(features) });

  async function extract({ id, bytes, variants }: FeatureTask): Promise<FeatureMessage> {
    const { pixels } = await decoder.decode(bytes);
    const statistics = measureImage(pixels, input.width);
    const rows: Float32Array<ArrayBuffer>[] = [];
    for (const variant of variants) {
      const altered = variant === null ? pixels : augment(pixels, input.width, input.height, variant);
      rows.push(await rowOf(altered));
      if (altered !== pixels) altered.buffer.transfer(0);
    }
    // The collector sees only a few bytes of each picture; give the pixels back now.
    pixels.buffer.transfer(0);
    return { kind: 'done', id, rows, statistics };
  }
}

start().catch((error: unknown) => {
  send({ kind: 'failed-to-start', ...toRefusal(error, 'MODEL_INCOMPATIBLE', String(error)) });
});
