/** Worker thread that repeats one part of the work, decoding or inference, whenever it is told to, and counts. */
import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { OnnxSession, type SessionSpec } from '@pawl/shared/execution/onnx-session';
import { createImageDecoder } from '@pawl/shared/preprocessing/decode-image';
import { defaultImageLimits } from '@pawl/shared/preprocessing/limits';
import { toTensorData } from '@pawl/shared/preprocessing/to-tensor';
import { readPhotos } from './photos.ts';

/** What a part worker is started with. */
export interface PartSetup {
  readonly modelPath: string;
  readonly spec: SessionSpec;
  /** Folder. */
  readonly photos: string;
}

/** One measurement. */
export interface PartOrder {
  readonly part: 'decode' | 'infer';
  readonly seconds: number;
  /** Where in the photographs to begin, so that workers do not walk them in step. */
  readonly offset: number;
}

/** What was measured. */
export interface PartCount {
  readonly done: number;
  readonly ms: number;
}

const setup = workerData as PartSetup;
const photos = readPhotos(setup.photos);
const decoder = createImageDecoder(setup.spec.input, { ...defaultImageLimits, timeoutMs: 60_000 });
const session = await OnnxSession.load(readFileSync(setup.modelPath), setup.spec);
const tensors: (Uint8Array | Float32Array)[] = [];
for (const { bytes } of photos) tensors.push(toTensorData((await decoder.decode(bytes)).pixels, setup.spec.input));

async function measure({ part, seconds, offset }: PartOrder): Promise<PartCount> {
  const once =
    part === 'decode'
      ? (i: number) => decoder.decode(photos[i % photos.length]?.bytes ?? new Uint8Array())
      : (i: number) => session.run(tensors[i % tensors.length] ?? new Uint8Array(), 1);
  const begin = performance.now();
  // Whole rounds over the photographs, so that the mix is the same whatever the speed.
  let done = 0;
  do for (let i = 0; i < photos.length; i++, done++) await once(i + offset);
  while (performance.now() - begin < seconds * 1000);
  return { done, ms: performance.now() - begin };
}

parentPort?.on('message', (order: PartOrder) => {
  void measure(order).then((count) => parentPort?.postMessage(count));
});
parentPort?.postMessage('ready');
