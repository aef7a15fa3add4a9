/** Worker thread that repeats one part of the work, decoding or inference, for a while and reports how often it did. */
import { parentPort, workerData } from 'node:worker_threads';
import { createImageDecoder } from '@pawl/shared/preprocessing/decode-image';
import { defaultImageLimits } from '@pawl/shared/preprocessing/limits';
import { toTensorData } from '@pawl/shared/preprocessing/to-tensor';
import { OnnxSession, type SessionSpec } from '@pawl/shared/execution/onnx-session';
import { readPhotos } from './photos.ts';

/** What a part worker is told. */
export interface PartSetup {
  readonly part: 'decode' | 'infer';
  readonly modelPath: string;
  readonly spec: SessionSpec;
  readonly photos: string;
  readonly seconds: number;
  /** Index of the worker, so that workers do not walk the photographs in step. */
  readonly index: number;
}

const { part, modelPath, spec, photos: folder, seconds, index } = workerData as PartSetup;
const photos = readPhotos(folder);
const decoder = createImageDecoder(spec.input, { ...defaultImageLimits, timeoutMs: 60_000 });
const session = await OnnxSession.load(modelPath, spec);
const tensors: (Uint8Array | Float32Array)[] = [];
for (const { bytes } of photos) tensors.push(toTensorData((await decoder.decode(bytes)).pixels, spec.input));

const once =
  part === 'decode'
    ? (i: number) => decoder.decode(photos[i % photos.length]?.bytes ?? new Uint8Array())
    : (i: number) => session.run(tensors[i % tensors.length] ?? new Uint8Array(), 1);

parentPort?.postMessage('ready');
parentPort?.once('message', () => {
  void (async () => {
    const begin = performance.now();
    // Whole rounds over the photographs, so that the mix is the same whatever the speed.
    let done = 0;
    for (let round = 0; performance.now() - begin < seconds * 1000 || round === 0; round++)
      for (let i = 0; i < photos.length; i++, done++) await once(i + index);
    parentPort?.postMessage({ done, ms: performance.now() - begin });
  })();
});
