import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { aFolder, cleanFolders } from '@pawl/test-kit/bundles';
import { canBeProcessOne, childrenOf } from '@pawl/test-kit/process-one';
import { startPawl, type PawlProcess } from './support/pawl-process.ts';

/** A service that takes connections and never answers: whoever asks it waits. */
let silent: Server;
let started: PawlProcess | undefined;

beforeEach(async () => {
  silent = createServer();
  await once(silent.listen(0, '127.0.0.1'), 'listening');
});
afterEach(async () => {
  started?.child.kill('SIGKILL');
  silent.close();
  await cleanFolders();
});

/** A `pawl smoke` that waits for an answer. */
async function aWaitingPawl(processOne: boolean): Promise<PawlProcess> {
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  started = startPawl(await aFolder(), ['smoke', url, '--timeout', '10m'], { processOne });
  // By its connection it is known to run, with its handlers in place.
  await once(silent, 'connection');
  return started;
}

describe('pawl is told to end', () => {
  it.each(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)('by %s: it stops as with Ctrl-C', async (signal) => {
    const { child, ended } = await aWaitingPawl(false);
    child.kill(signal);
    expect((await ended).code).toBe(130);
  });
});

const describeProcessOne = canBeProcessOne ? describe : describe.skip;

describeProcessOne(
  `pawl as process 1, whose signals have no default action${canBeProcessOne ? '' : ' (skipped: unshare --pid is not allowed here)'}`,
  () => {
    it.each(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)('stops by %s as with Ctrl-C', async (signal) => {
      const { child, ended } = await aWaitingPawl(true);
      const own = childrenOf(child.pid!)[0]!;
      const status = await readFile(`/proc/${own}/status`, 'utf8');
      expect(status).toMatch(/^NSpid:\s+\d+\s+(?:\d+\s+)*1$/m);
      process.kill(own, signal);
      expect((await ended).code).toBe(130);
    });
  },
);
