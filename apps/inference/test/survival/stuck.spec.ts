import { readFileSync } from 'node:fs';
import { eventually } from '@pawl/test-kit/eventually';
import { poison, STUCK } from '@pawl/test-kit/poison-worker';
import { decoderPids } from '@pawl/test-kit/process-tree';
import { catPhoto } from '@pawl/test-kit/repository';
import { startService, type RunningService } from '../support/start-service.ts';

const photo = readFileSync(catPhoto);
const sticking = Buffer.concat([photo, Buffer.from(STUCK)]);

let service: RunningService;

beforeEach(async () => {
  service = await startService({
    WORKERS: '2',
    NODE_OPTIONS: `--no-warnings --import=${poison}`,
    IMAGE_TIMEOUT_MS: '1000',
  });
});
afterEach(async () => {
  await service.stop();
});

const predict = (image: Uint8Array) =>
  fetch(`${service.url}/predict`, {
    method: 'POST',
    headers: { 'content-type': 'image/jpeg' },
    body: Uint8Array.from(image),
  });

async function answer(path: string): Promise<[number, string]> {
  const response = await fetch(`${service.url}${path}`);
  return [response.status, await response.text()];
}

describe('a service with a worker inside native code that does not return', () => {
  it('says so in its log and by its probes, and ends itself', async () => {
    const decoders = decoderPids(service.pid);
    expect(decoders).toHaveLength(2);
    expect((await predict(sticking)).status).toBe(503);
    const told = await service.logged(/^the process cannot recover and ends$/);
    expect(told).toMatchObject({ level: 'fatal', reason: expect.stringMatching(/^a worker does not end: /) as string });
    const livez = await answer('/livez');
    expect(livez).toEqual([503, expect.stringContaining('"status":"stuck"')]);
    expect(await answer('/readyz')).toEqual([503, expect.stringContaining('The process cannot recover and ends')]);
    // By itself: no signal is sent.
    expect(await service.ended).toBe('SIGKILL');
    await eventually('no decoder to outlive it', () => decoders.every((pid) => !isAlive(pid)));
  });

  it('also ends when it is asked to before that is known', async () => {
    const answered = predict(sticking).catch(() => undefined);
    await eventually('the image with a worker', async () =>
      (await answer('/metrics'))[1].includes('images_in_flight 1'),
    );
    expect(await service.end('SIGTERM')).toBe('SIGKILL');
    expect(service.log.map(({ message }) => message)).toContain('the process cannot recover and ends');
    await answered;
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
