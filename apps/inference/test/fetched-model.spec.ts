import { createReadStream, existsSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openBundle } from '@pawl/shared/bundle/open-bundle';
import { startService } from './support/start-service.ts';

const models = fileURLToPath(new URL('../../../models/', import.meta.url));

/** Serves the folder `models` on the loopback; refuses with 503 while `up` says so. */
async function serveModels(port = 0, up = () => true): Promise<{ server: Server; port: number }> {
  const server = createServer((request, response) => {
    const file = join(models, request.url ?? '');
    if (!up()) response.writeHead(503).end();
    else if (!existsSync(file) || !statSync(file).isFile()) response.writeHead(404).end();
    else createReadStream(file).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { server, port: (server.address() as AddressInfo).port };
}

describe('a model that is fetched', () => {
  let cache: string;
  beforeEach(async () => {
    cache = await mkdtemp(join(tmpdir(), 'pawl-test-'));
  });
  afterEach(() => rm(cache, { recursive: true, force: true }));

  it('is served from a web server', async () => {
    const { server, port } = await serveModels();
    const service = await startService({ MODEL_URI: `http://127.0.0.1:${port}/catdog`, MODEL_CACHE_DIR: cache });
    const ready = await fetch(`${service.url}/readyz`);
    expect(ready.status).toBe(200);
    const { version } = (await openBundle(join(models, 'catdog'))).manifest;
    expect(await ready.json()).toMatchObject({ ready: true, version });
    await service.stop();
    server.close();
  });

  it('is waited for while its store is down, with the reason at /readyz', async () => {
    let up = false;
    const { server, port } = await serveModels(0, () => up);
    const starting = startService({ MODEL_URI: `http://127.0.0.1:${port}/catdog`, MODEL_CACHE_DIR: cache });
    const service = await starting;
    expect(await (await fetch(`${service.url}/health`)).json()).toEqual({ status: 'ok', model_loaded: false });
    const waiting = await fetch(`${service.url}/readyz`);
    expect(waiting.status).toBe(503);
    expect(await waiting.json()).toMatchObject({ ready: false, state: 'loading', code: 'BUNDLE_STORE_UNREACHABLE' });
    up = true;
    await service.logged(/^model loaded$/);
    expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
    await service.stop();
    server.close();
  });

  it('that is not there is refused for good', async () => {
    const { server, port } = await serveModels();
    const service = await startService({ MODEL_URI: `http://127.0.0.1:${port}/nothing`, MODEL_CACHE_DIR: cache });
    const refused = await fetch(`${service.url}/readyz`);
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ ready: false, state: 'failed', code: 'BUNDLE_NOT_FOUND' });
    await service.stop();
    server.close();
  });
});
