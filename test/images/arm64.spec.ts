import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBundle } from '@pawl/shared/bundle/open-bundle';
import { eventually, GivenUp } from '@pawl/test-kit/eventually';
import { freePort } from '@pawl/test-kit/free-port';
import { catdog } from '@pawl/test-kit/repository';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { emulatedRoot, onPath } from './support/emulated-root.ts';

/** Emulation is some hundred times slower, and the machine may be busy. */
import.meta.jest.setTimeout(900_000);

/** Largest difference of a probability: what test/cpus allows a logit to differ by moves none by more. */
const TOLERANCE = 0.005;

describeWhenSet('PAWL_TEST_ARM64_ROOT', 'the service of the arm64 image', (root) => {
  const qemu = onPath('qemu-aarch64');
  if (qemu === undefined) {
    it.skip('is emulated (skipped: there is no qemu-aarch64 on PATH: apt-get install qemu-user)', () => undefined);
    return;
  }
  let folder: string;
  let service: ChildProcess;
  let url: string;
  let output = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pawl-arm64-test-'));
    const emulated = await emulatedRoot(qemu, root, folder);
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const [command, ...args] = emulated.node([join(root, 'app/apps/inference/dist/bundle/main.js')]);
    service = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        ...emulated.env,
        PORT: String(port),
        HOST: '127.0.0.1',
        MODEL_URI: `file:${catdog}`,
        DRAIN_DELAY_MS: '0',
        WORKERS: '1',
        // The speed of an emulator says nothing.
        REQUEST_DEADLINE_MS: '600000',
        IMAGE_TIMEOUT_MS: '600000',
      },
    });
    for (const stream of [service.stdout, service.stderr])
      stream?.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-20_000)));
    // The service is ready when it has answered all golden images of its model as they are to be answered.
    await eventually(
      'the service to be ready',
      async () => {
        if (service.exitCode !== null) throw new GivenUp(`the service ended:\n${output}`);
        const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(60_000) }).catch(() => undefined);
        return response?.ok === true;
      },
      { timeoutMs: 800_000, everyMs: 500 },
    );
  });
  afterAll(async () => {
    if (service.exitCode === null) {
      service.kill('SIGKILL');
      await once(service, 'exit');
    }
    await rm(folder, { recursive: true });
  });

  it('is a program for arm64, with all that it loads', () => {
    // ELF: the machine is at byte 18, and 183 is AArch64.
    const node = readFileSync(join(root, 'usr/local/bin/node'));
    expect(node.readUInt16LE(18)).toBe(183);
    expect(existsSync(join(root, 'lib/ld-linux-aarch64.so.1'))).toBe(true);
  });

  it('answers the golden set', async () => {
    const response = await fetch(`${url}/readyz`);
    const said = (await response.json()) as { golden_difference: number; digest: string };
    const { digest } = await openBundle(catdog);
    expect(said).toMatchObject({ ready: true, digest });
    expect(said.golden_difference).toBeLessThanOrEqual(TOLERANCE);
  });

  it('runs with the allocator of the image', () => {
    // Of the emulated process, the kernel knows the files that it has mapped.
    expect(readFileSync(`/proc/${service.pid}/maps`, 'utf8')).toContain(
      join(root, 'usr/lib/aarch64-linux-gnu/libjemalloc.so.2'),
    );
  });

  it('answers over HTTP as the model is to', async () => {
    const { manifest } = await openBundle(catdog);
    const [first] = manifest.golden.images;
    const body = await readFile(join(catdog, first!.file));
    const response = await fetch(`${url}/predict`, {
      method: 'POST',
      headers: { 'content-type': 'image/jpeg' },
      body: new Uint8Array(body),
      signal: AbortSignal.timeout(600_000),
    });
    const answer = (await response.json()) as Record<string, unknown>;
    const [label] = Object.entries(first!.probabilities).sort(([, a], [, b]) => b - a)[0]!;
    expect([response.status, answer['label']]).toEqual([200, label]);
    for (const [name, probability] of Object.entries(first!.probabilities))
      expect(Math.abs((answer[`${name}_probability`] as number) - probability)).toBeLessThanOrEqual(TOLERANCE);
  });

  it('ends by SIGTERM', async () => {
    service.kill('SIGTERM');
    const [code] = (await once(service, 'exit')) as [number | null];
    expect(code).toBe(0);
  });
});
