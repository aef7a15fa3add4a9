/**
 * An author of weights keeps some of them in a file beside the model, which no manifest lists: whoever writes to the folder
 * changes the answers of a signed, pinned bundle.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Manifest } from '@pawl/shared/bundle/manifest';
import { writeBundle } from '@pawl/shared/bundle/write-bundle';
import { withExternalTensor } from '@pawl/test-kit/onnx-bytes';
import { catdog } from '@pawl/test-kit/repository';
import { startService, type RunningService } from '../../apps/inference/test/support/start-service.ts';

let work: string;
let service: RunningService | undefined;

beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'pawl-attack-'));
});
afterEach(async () => {
  await service?.stop();
  service = undefined;
  rmSync(work, { recursive: true });
});

/** The shipped bundle with another model, valid in itself, and its address. */
async function aBundleOf(model: Uint8Array): Promise<{ readonly folder: string; readonly uri: string }> {
  const { files, ...draft } = JSON.parse(readFileSync(join(catdog, 'manifest.json'), 'utf8')) as Manifest;
  const folder = join(work, 'bundle');
  await writeBundle(
    folder,
    draft,
    files.map(({ path }) => ({ path, source: path === draft.model ? model : join(catdog, path) })),
  );
  return { folder, uri: pathToFileURL(folder).href };
}

it('a model with weights beside it is refused, also where it would answer its golden images rightly', async () => {
  const { folder, uri } = await aBundleOf(withExternalTensor(readFileSync(join(catdog, 'model.onnx')), 'hidden.bin'));
  writeFileSync(join(folder, 'hidden.bin'), Buffer.alloc(4));
  service = await startService({ MODEL_URI: uri });
  const answer = await fetch(`${service.url}/readyz`);
  expect([answer.status, await answer.json()]).toMatchObject([
    503,
    {
      state: 'failed',
      code: 'MODEL_EXTERNAL_DATA',
      reason: expect.stringMatching(/keeps weights in another file, which no digest covers/) as string,
    },
  ]);
});
