/**
 * Entry of a worker thread: encoded image in, output of the graph out. Decoding is its own as well, in a process that can
 * be given up (docs/decisions/0019), so that a worker keeps one core busy from the first byte to the last logit (0003).
 */
import { setPriority } from 'node:os';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { IsolatedDecoder } from './decoder/isolated-decoder.ts';
import { measureImage } from '../preprocessing/image-statistics.ts';
import { toRefusal } from './refusal.ts';
import { inputsOf } from './stage.ts';
import { StagedSession } from './staged-session.ts';
import type { ImageFacts, WorkerMessage, WorkerSetup, WorkerTask } from './worker-protocol.ts';

const port = parentPort;
if (port === null) throw new Error('image-worker runs only as a worker thread');
const setup = workerData as WorkerSetup;
const inputs = inputsOf(setup.spec);

const send = (message: WorkerMessage): void => {
  port.postMessage(message);
};

/** Gives a buffer's memory back now: the collector sees only a few bytes of it. */
function free(array: Uint8Array<ArrayBuffer>): void {
  if (array.byteLength > 0) array.buffer.transfer(0);
}

function lowerPriority(): void {
  if (setup.niceness === 0) return;
  try {
    // Linux keeps the nice value per thread, and 0 means the calling one (sched(7)).
    if (process.platform === 'linux') setPriority(0, setup.niceness);
  } catch {
    // A sandbox may forbid it; the service is then merely less quick to answer probes when saturated.
  }
}

const receive = () => receiveMessageOnPort(port) as { readonly message: WorkerTask } | undefined;

async function start(): Promise<void> {
  lowerPriority();
  const decoder = new IsolatedDecoder(
    { inputs, limits: setup.limits },
    {
      onLoss: (reason) => {
        send({ kind: 'decoder-lost', reason });
      },
      // The pool starts another worker, and gives up when that does not help.
      onHopeless: (error) => {
        // Uncaught, it ends the thread.
        setImmediate(() => {
          throw error;
        });
      },
    },
  );
  const session = await StagedSession.load(setup);
  await decoder.started;

  const take = (task: WorkerTask): void => {
    classify(task).then(send, (error: unknown) => {
      const refusal = toRefusal(error, 'INFERENCE_FAILED', 'The image could not be classified.');
      send({ kind: 'refused', id: task.id, ...refusal });
    });
  };
  port?.on('message', take);
  send({ kind: 'ready' });

  /** Takes what has come meanwhile: the graph blocks this thread, and the decoder would have nothing to do. */
  function takeWaiting(): void {
    for (let next = receive(); next !== undefined; next = receive()) take(next.message);
  }

  async function classify({ id, bytes }: WorkerTask): Promise<WorkerMessage> {
    const begin = performance.now();
    let decodeMs = 0;
    let image: ImageFacts | undefined;
    const said = await session.ask(async (index) => {
      const from = performance.now();
      const { pixels, format, width, height, frames } = await decoder.decode(bytes, index);
      decodeMs += performance.now() - from;
      image ??= {
        format,
        width,
        height,
        frames,
        statistics: setup.measures === true ? measureImage(pixels, inputs[index]?.width ?? 0) : undefined,
      };
      if (index === inputs.length - 1) free(bytes);
      takeWaiting();
      return pixels;
    });
    free(bytes);
    const timings = { decodeMs, inferMs: performance.now() - begin - decodeMs };
    if (image === undefined) throw new RangeError('an answer without a picture');
    return { kind: 'done', id, said, image, timings };
  }
}

start().catch((error: unknown) => {
  send({ kind: 'failed-to-start', ...toRefusal(error, 'MODEL_INCOMPATIBLE', 'The worker could not load the model.') });
});
