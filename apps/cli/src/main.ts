#!/usr/bin/env node
import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { ClusterContext } from './cluster/cluster-context.ts';
import { Interrupts } from './terminal/interrupts.ts';

// Photographs are decoded in libuv's pool, worker threads' too; it has 4 threads unless told otherwise before its first use.
process.env['UV_THREADPOOL_SIZE'] ??= String(Math.max(4, availableParallelism()));

// Before anything else is loaded: as process 1 of a container, a signal without a handler is lost.
const interrupts = new Interrupts();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    if (interrupts.press(performance.now(), signal)) process.exit(130);
  });

const context: ClusterContext = {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
  signal: interrupts.signal,
  now: () => new Date(),
  sleep: async (ms) => {
    await delay(ms, undefined, { signal: interrupts.signal }).catch(() => undefined);
  },
  random: () => randomBytes(3).toString('hex'),
  // Loaded when a cluster is needed: help and the commands that need none start without it.
  connect: async (options) => (await import('./cluster/connection/connect.ts')).connect(options),
};

// The reader of a pipe may go away first (`pawl get | head -1`), and so may the terminal: that is no error.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
  });

const { run } = await import('./program.ts');
process.exitCode = await run(process.argv.slice(2), context);
