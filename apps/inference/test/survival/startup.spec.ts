import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Manifest, ManifestDraft } from '@pawl/shared/bundle/manifest';
import { generateSigningKeyPair, signManifest } from '@pawl/shared/bundle/signature';
import { writeBundle } from '@pawl/shared/bundle/write-bundle';
import { catPhoto, inRepository } from '@pawl/test-kit/repository';
import { startService, type RunningService } from '../support/start-service.ts';
import { statusOf } from './support/facts.ts';
import { codeOf } from './support/raw-client.ts';

const root = inRepository('');
const catdog = join(root, 'models/catdog');
const mine = generateSigningKeyPair();
const others = generateSigningKeyPair();

let work: string;
let service: RunningService | undefined;

beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'pawl-startup-'));
});
afterEach(async () => {
  await service?.stop();
  service = undefined;
  rmSync(work, { recursive: true });
});

/** A copy of the shipped bundle that a test may spoil; its files can be written. */
function aCopy(spoil: (folder: string) => void = () => undefined): string {
  const folder = join(work, 'bundle');
  cpSync(catdog, folder, { recursive: true, mode: 0 });
  spoil(folder);
  return pathToFileURL(folder).href;
}

/** A file in the work folder. */
function aFile(name: string, content: string): string {
  const path = join(work, name);
  writeFileSync(path, content);
  return path;
}

/** Replaces a file whatever its mode is. */
function replace(path: string, content: Uint8Array | string): void {
  rmSync(path);
  writeFileSync(path, content);
}

/** A bundle with another manifest over the same files, valid in itself. */
async function rewritten(change: (draft: ManifestDraft) => ManifestDraft): Promise<string> {
  const { files, ...draft } = JSON.parse(readFileSync(join(catdog, 'manifest.json'), 'utf8')) as Manifest;
  const folder = join(work, 'rewritten');
  const sources = files.map(({ path }) => ({ path, source: join(catdog, path) }));
  await writeBundle(folder, change(draft), sources);
  return pathToFileURL(folder).href;
}

function sign(folder: string, privateKeyPem: string): void {
  writeFileSync(
    join(folder, 'manifest.json.sig'),
    signManifest(readFileSync(join(folder, 'manifest.json')), privateKeyPem),
  );
}

interface Readiness {
  readonly ready: boolean;
  readonly state: string;
  readonly code?: string;
  readonly reason?: string;
}

const readiness = async (): Promise<[number, Readiness]> => {
  const response = await fetch(`${service!.url}/readyz`);
  return [response.status, (await response.json()) as Readiness];
};

/** Sends the photograph; status and error code. */
async function predict(): Promise<[number, string]> {
  const body = Uint8Array.from(readFileSync(catPhoto));
  const headers = { 'content-type': 'image/jpeg' };
  const response = await fetch(`${service!.url}/predict`, { method: 'POST', headers, body });
  return [response.status, codeOf({ body: await response.text() })];
}

/** Runs the service to its own end: exit code and what it wrote to stderr. */
async function runToEnd(env: Readonly<Record<string, string>>): Promise<{ code: number; stderr: string }> {
  const child = spawn(process.execPath, ['apps/inference/dist/bundle/main.js'], {
    cwd: root,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return { code, stderr };
}

describe('a service that cannot start', () => {
  it('names every wrong variable, its value and what was expected, and ends with 1', async () => {
    const { code, stderr } = await runToEnd({ PORT: 'eighty', WORKERS: '0', PREDICTION_ID_KEY: 'short-secret' });
    expect(code).toBe(1);
    expect(stderr).toMatch(/CONFIG_INVALID/);
    expect(stderr).toMatch(/PORT="eighty": .*TCP port/);
    expect(stderr).toMatch(/WORKERS="0"/);
    expect(stderr).toMatch(/PREDICTION_ID_KEY=\(secret\).*at least 16/);
    expect(stderr).not.toContain('short-secret');
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('names the port that is taken, and ends with 1', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as { port: number };
    const { code, stderr } = await runToEnd({ PORT: String(port), HOST: '127.0.0.1', MODEL_URI: 'file:models/catdog' });
    holder.close();
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`CONFIG_INVALID: .*PORT=${port}.*EADDRINUSE`));
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});

describe('a service without a model', () => {
  it('is healthy, not ready, and says what is missing', async () => {
    service = await startService({ MODEL_URI: '', MODEL_NAME: 'catdog' });
    const health = await fetch(`${service.url}/health`);
    expect([health.status, await health.json()]).toEqual([200, { status: 'ok', model_loaded: false }]);
    expect(await readiness()).toEqual([
      503,
      { ready: false, state: 'absent', model: 'catdog', reason: 'No model is configured.' },
    ]);
    expect(await predict()).toEqual([503, 'MODEL_NOT_READY']);
    expect(await statusOf(`${service.url}/livez`)).toBe(200);
  });
});

describe('a bundle that is not what it should be is refused, and the service lives on to say why:', () => {
  type Env = Record<string, string>;
  const key = () => aFile('key.pem', mine.publicKeyPem);

  it.each<[string, () => Env | Promise<Env>, string, RegExp]>([
    [
      'another digest than the one asked for',
      () => ({ MODEL_DIGEST: `sha256:${'0'.repeat(64)}` }),
      'BUNDLE_DIGEST_MISMATCH',
      /0{64}/,
    ],
    [
      'one flipped bit in the weights',
      () => ({
        MODEL_URI: aCopy((folder) => {
          const bytes = readFileSync(join(folder, 'model.onnx'));
          bytes[bytes.length >> 1]! ^= 1;
          replace(join(folder, 'model.onnx'), bytes);
        }),
      }),
      'BUNDLE_DIGEST_MISMATCH',
      /model\.onnx is sha256:[0-9a-f]{64}; expected/,
    ],
    [
      'weights cut short',
      () => ({
        MODEL_URI: aCopy((folder) => {
          replace(join(folder, 'model.onnx'), 'short');
        }),
      }),
      'BUNDLE_DIGEST_MISMATCH',
      /model\.onnx has 5 bytes; expected/,
    ],
    [
      'a missing file',
      () => ({
        MODEL_URI: aCopy((folder) => {
          rmSync(join(folder, 'model.onnx'));
        }),
      }),
      'BUNDLE_FILE_MISSING',
      /model\.onnx/,
    ],
    [
      'no manifest',
      () => ({
        MODEL_URI: aCopy((folder) => {
          rmSync(join(folder, 'manifest.json'));
        }),
      }),
      'BUNDLE_NOT_FOUND',
      /manifest\.json/,
    ],
    [
      'a manifest that is no JSON',
      () => ({
        MODEL_URI: aCopy((folder) => {
          replace(join(folder, 'manifest.json'), '{');
        }),
      }),
      'BUNDLE_MANIFEST_INVALID',
      /./,
    ],
    ['no folder', () => ({ MODEL_URI: pathToFileURL(join(work, 'nowhere')).href }), 'BUNDLE_NOT_FOUND', /./],
    [
      'no signature where a key is configured',
      () => ({ MODEL_URI: aCopy(), MODEL_PUBLIC_KEY_FILE: key() }),
      'BUNDLE_SIGNATURE_MISSING',
      /no manifest\.json\.sig/,
    ],
    [
      "a stranger's signature",
      () => ({
        MODEL_URI: aCopy((folder) => {
          sign(folder, others.privateKeyPem);
        }),
        MODEL_PUBLIC_KEY_FILE: key(),
      }),
      'BUNDLE_SIGNATURE_INVALID',
      /signature/,
    ],
    [
      'a key file that is no key',
      () => ({
        MODEL_URI: aCopy((folder) => {
          sign(folder, mine.privateKeyPem);
        }),
        MODEL_PUBLIC_KEY_FILE: aFile('key.pem', 'hello'),
      }),
      'BUNDLE_KEY_INVALID',
      /P-256/,
    ],
    [
      'a key file that is not there',
      () => ({ MODEL_PUBLIC_KEY_FILE: join(work, 'no.pem') }),
      'CONFIG_INVALID',
      /MODEL_PUBLIC_KEY_FILE=.*no\.pem/,
    ],
    ["another model's bundle", () => ({ MODEL_NAME: 'birds' }), 'MODEL_INCOMPATIBLE', /"catdog".*"birds"/],
    [
      'a graph that the manifest does not describe',
      async () => ({
        MODEL_URI: await rewritten((draft) => ({ ...draft, input: { ...draft.input, width: 112, height: 112 } })),
      }),
      'MODEL_INCOMPATIBLE',
      /112/,
    ],
    [
      'golden images that are answered otherwise',
      async () => ({
        MODEL_URI: await rewritten(({ golden, ...draft }) => ({
          ...draft,
          golden: {
            ...golden,
            images: golden.images.map((image, i) =>
              i === 3 ? { ...image, label: 'dog', probabilities: { cat: 0.2, dog: 0.8 } } : image,
            ),
          },
        })),
      }),
      'GOLDEN_MISMATCH',
      /^golden\/\S+: expected dog \(0\.8000\), got cat \(0\.\d+\)/,
    ],
  ])('%s', async (_, env, code, reason) => {
    service = await startService(await env());
    const [status, body] = await readiness();
    expect([status, body.ready, body.state, body.code]).toEqual([503, false, 'failed', code]);
    expect(body.reason).toMatch(reason);
    expect(await predict()).toEqual([503, 'MODEL_NOT_READY']);
    expect(await statusOf(`${service.url}/health`)).toBe(200);
    expect(await statusOf(`${service.url}/livez`)).toBe(200);
    expect(service.log.some(({ level, message }) => level === 'error' && /^model load failed/.test(message))).toBe(
      true,
    );
    expect(await service.end('SIGTERM')).toBe(0);
  });
});

describe('a bundle that is what it should be', () => {
  it('with the right digest and signature is served', async () => {
    const MODEL_URI = aCopy((folder) => {
      sign(folder, mine.privateKeyPem);
    });
    service = await startService({ MODEL_URI, MODEL_PUBLIC_KEY_FILE: aFile('key.pem', mine.publicKeyPem) });
    expect((await readiness())[0]).toBe(200);
    expect((await predict())[0]).toBe(200);
  });
});
