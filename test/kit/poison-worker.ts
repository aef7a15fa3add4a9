/**
 * Loaded into worker threads with `--import`, before their own code: lets a test make a worker die or hang by the bytes
 * of an image, which no real image can be relied on to do.
 */
import { spawnSync } from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import threads, { isMainThread, parentPort } from 'node:worker_threads';

/** Bytes that, anywhere in an image, end the worker thread that receives it. */
export const DEADLY = 'pawl-test: the worker dies';
/** Bytes that, anywhere in an image, stop the worker thread that receives it for good. */
export const HANGING = 'pawl-test: the worker hangs';
/** Bytes that, anywhere in an image, put the worker thread that receives it inside native code that does not return soon. */
export const STUCK = 'pawl-test: the worker is stuck';
/** How long that takes, s: longer than a pool waits for a thread to end. */
const STUCK_SECONDS = 20;

/** For `--import`. */
export const poison = import.meta.url;

function harm(message: { readonly bytes?: Uint8Array }): void {
  const bytes = Buffer.from(message.bytes ?? []);
  if (bytes.includes(DEADLY)) process.exit(13);
  if (bytes.includes(STUCK)) spawnSync('sleep', [String(STUCK_SECONDS)]);
  if (bytes.includes(HANGING)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

if (!isMainThread) {
  parentPort?.on('message', harm);
  // A worker also takes messages that its loop has not come to yet; no listener hears of those.
  const receive = threads.receiveMessageOnPort;
  threads.receiveMessageOnPort = (port) => {
    const received = receive(port) as { readonly message: { readonly bytes?: Uint8Array } } | undefined;
    if (received !== undefined) harm(received.message);
    return received;
  };
  syncBuiltinESMExports();
}
