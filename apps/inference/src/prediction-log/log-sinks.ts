import { createWriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { objectName } from '@pawl/shared/predictionlog/object-name';
import type { LogStore } from '@pawl/shared/predictionlog/log-store';
import type { LogSink } from './log-writer.ts';

const compress = promisify(gzip);
const STANDARD_OUTPUT = 1;

/**
 * One gzip object of JSON lines a batch.
 * @param open opens the store, which may load a large SDK; called with the first batch.
 * @param instance of the process, by chance.
 */
export function storeSink(display: string, open: () => Promise<LogStore>, instance: string): LogSink {
  let store: Promise<LogStore> | undefined;
  return {
    display,
    prepare: async ({ lines, begunAt, number }) => {
      // Settled once: every try writes the same bytes to the same name, so one that was lost on its way back does no harm.
      const name = objectName({ begunAt, instance, number });
      const bytes = await compress(lines.join(''));
      return async (signal) => {
        store ??= open().catch((error: unknown) => {
          // The next try opens it again: credentials may be mended meanwhile.
          store = undefined;
          throw error;
        });
        await (await store).put(name, bytes, signal);
      };
    },
    close: () => {
      void store?.then(
        (opened) => {
          opened.close();
        },
        () => undefined,
      );
    },
  };
}

/**
 * Lines among those of the request log, on standard output. Each is one write of its own: up to 4,096 bytes a pipe takes it
 * whole, and it cannot end up inside another line. Written by another thread, so that a reader who stops stops nobody here.
 */
export function standardOutputSink(output: Writable = createWriteStream('', { fd: STANDARD_OUTPUT })): LogSink {
  // Without a listener, an error of the stream would end the process; each write hears of it too.
  output.on('error', () => undefined);
  return {
    display: 'stdout',
    prepare: ({ lines }) =>
      Promise.resolve(async () => {
        for (const line of lines) await written(output, line);
      }),
    close: () => undefined,
  };
}

const written = (output: Writable, line: string): Promise<void> =>
  new Promise((resolve, reject) => {
    output.write(line, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
