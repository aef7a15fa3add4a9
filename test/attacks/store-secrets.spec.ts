/**
 * A store, or whoever reads what a service says: the password or the signature in the address of the weights must not come
 * out, whatever the store answers and however wrong the address is.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inRepository } from '@pawl/test-kit/repository';
import { launchService, startService, type RunningService } from '../../apps/inference/test/support/start-service.ts';
import { readiness } from './support/readiness.ts';

const SECRETS = /PASS|WORD|SIGNATURE/;

let work: string;
let service: RunningService | undefined;
let store: Server | undefined;

beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'pawl-attack-'));
});
afterEach(async () => {
  await service?.stop();
  service = undefined;
  store?.closeAllConnections();
  store?.close();
  store = undefined;
  rmSync(work, { recursive: true });
});

/** Starts a store that answers each request so, and gives its address with a name, a password and a signed query. */
async function secretAddress(status: number, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  store = createServer((request, response) => {
    response.writeHead(status, headers).end(`no ${request.url ?? ''} for ${request.headers.authorization ?? ''}`);
  }).listen(0, '127.0.0.1');
  await once(store, 'listening');
  return `http://user:PASSWORD@127.0.0.1:${(store.address() as AddressInfo).port}/m?X-Amz-Signature=SIGNATURE`;
}

it.each<[string, number, Record<string, string>]>([
  ['has nothing', 404, {}],
  ['refuses', 403, {}],
  [
    'redirects to an address with secrets of its own',
    302,
    { location: 'http://evil:PASSWORD@store.example/?s=SIGNATURE' },
  ],
  ['redirects to no address', 302, { location: 'http://evil:PASS WORD@[::1/?s=SIGNATURE' }],
])('a service whose store %s repeats no secret of the address', async (_, status, headers) => {
  service = await startService({ MODEL_URI: await secretAddress(status, headers), MODEL_CACHE_DIR: work });
  const [code, body] = await readiness(service.url);
  expect(code).toBe(503);
  const health = await (await fetch(`${service.url}/health`)).text();
  const metrics = await (await fetch(`${service.url}/metrics`)).text();
  const said = [JSON.stringify(body), health, metrics, JSON.stringify(service.log)].join('\n');
  expect(said).toContain('127.0.0.1');
  expect(said).not.toMatch(SECRETS);
});

it.each([
  'ftp://user:PASSWORD@store.example/m',
  'https:user:PASSWORD@store.example',
  'user:PASSWORD@store.example/m?SIGNATURE',
  'https://user:PASS/WORD@store.example/m',
  'https://user:PASS%ZZWORD@[::1/m',
  's3://user:PASSWORD@bucket/m',
  'oci://user:PASSWORD@registry.example/m:1',
])('neither a service nor its init container repeats the secret of %s', async (uri) => {
  const log = join(work, 'termination-log');
  const fetcher = spawn(process.execPath, ['apps/inference/dist/bundle/fetch-model.js'], {
    cwd: inRepository(''),
    env: { PATH: process.env['PATH'], MODEL_URI: uri, MODEL_DIGEST: `sha256:${'0'.repeat(64)}`, TERMINATION_LOG: log },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  for (const stream of [fetcher.stdout, fetcher.stderr]) stream.on('data', (chunk: Buffer) => said.push(String(chunk)));
  const [code] = (await once(fetcher, 'close')) as [number];
  expect(code).toBe(1);
  said.push(readFileSync(log, 'utf8'));

  service = launchService({ MODEL_URI: uri, MODEL_CACHE_DIR: work });
  await service.logged(/^model load failed/).then(
    (line) => said.push(JSON.stringify(line)),
    (error: unknown) => said.push(String(error)),
  );
  expect(said.join('\n')).toMatch(/CONFIG_INVALID|BUNDLE_URI_INVALID|BUNDLE_STORE_UNREACHABLE/);
  expect(said.join('\n')).not.toMatch(SECRETS);
});
