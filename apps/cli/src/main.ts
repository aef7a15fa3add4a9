#!/usr/bin/env node
import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { ClusterContext } from './cluster/cluster-context.ts';
import { run } from './program.ts';

// Photographs are decoded in libuv's pool, worker threads' too; it has 4 threads unless told otherwise before its first use.
process.env['UV_THREADPOOL_SIZE'] ??= String(Math.max(4, availableParallelism()));

/** Milliseconds in which a second Ctrl-C is the first one again: npx passes on what the terminal has sent already. */
const SAME_INTERRUPT_MS = 1000;
const interrupt = new AbortController();
let interruptedAt = Infinity;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    // Who asks twice does not want to wait for last words.
    if (Date.now() - interruptedAt > SAME_INTERRUPT_MS) process.exit(130);
    if (!interrupt.signal.aborted) interruptedAt = Date.now();
    interrupt.abort();
  });

const context: ClusterContext = {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
  signal: interrupt.signal,
  now: () => new Date(),
  sleep: async (ms) => {
    await delay(ms, undefined, { signal: interrupt.signal }).catch(() => undefined);
  },
  random: () => randomBytes(3).toString('hex'),
  // Loaded when a cluster is needed: help and the commands that need none start without it.
  connect: async (options) => (await import('./cluster/connection/connect.ts')).connect(options),
};

// The reader of a pipe may go away first (`pawl get | head -1`): that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

process.exitCode = await run(process.argv.slice(2), context);
