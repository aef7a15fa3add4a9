import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBundle, type Bundle } from '@pawl/shared/bundle/open-bundle';
import { catdog, catPhoto } from '@pawl/test-kit/repository';
import { FakeLogger } from '../../test/support/fake-logger.ts';
import { parseConfig } from '../config/config.schema.ts';
import { OnnxModelBackend } from './onnx-model-backend.ts';

describe('the backend that runs onnxruntime', () => {
  let folder: string;
  let backend: OnnxModelBackend;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pawl-backend-'));
    cpSync(catdog, folder, { recursive: true, mode: 0 });
    backend = new OnnxModelBackend(parseConfig({ WORKERS: '1', WORKER_NICENESS: '0' }), new FakeLogger());
  });
  afterEach(async () => {
    await backend.close();
    rmSync(folder, { recursive: true });
  });
  const opened = (): Promise<Bundle> => openBundle(folder, { verifyModelWhenRead: true });
  const logit = async () =>
    (await backend.classify([readFileSync(catPhoto)], { deadlineMs: 120_000 })).output[0] ?? NaN;

  it('refuses weights that were swapped after the bundle was opened', async () => {
    const bundle = await opened();
    const model = join(folder, 'model.onnx');
    const bytes = readFileSync(model);
    // Of the same size, and a whole model still: one weight differs.
    bytes[bytes.length - 5_000_000] = (bytes[bytes.length - 5_000_000] ?? 0) ^ 1;
    writeFileSync(`${model}.new`, bytes);
    renameSync(`${model}.new`, model);
    await expect(backend.load(bundle)).rejects.toMatchObject({ code: 'BUNDLE_DIGEST_MISMATCH' });
    expect(backend.usage.readyWorkers).toBe(0);
  });

  it('reads the weights once: what is swapped while they are loaded, or later, is not looked at', async () => {
    const bundle = await opened();
    const reads: string[] = [];
    await backend.load({
      ...bundle,
      readShared: async (file) => {
        reads.push(file);
        const bytes = await bundle.readShared(file);
        rmSync(folder, { recursive: true });
        return bytes;
      },
    });
    expect(reads).toEqual(['model.onnx']);
    expect(await logit()).toBeLessThan(0);
    cpSync(catdog, folder, { recursive: true, mode: 0 });
  });
});
