/**
 * An author of weights keeps some of them in a file beside the model, which no manifest lists: whoever writes to the folder
 * changes the answers of a signed, pinned bundle.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withExternalTensor } from '@pawl/test-kit/onnx-bytes';
import { startService, type RunningService } from '../../apps/inference/test/support/start-service.ts';
import { readiness } from './support/readiness.ts';
import { spoiltBundle } from './support/spoilt-bundle.ts';

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

it('a model with weights beside it is refused, also where it would answer its golden images rightly', async () => {
  const { uri } = await spoiltBundle(join(work, 'bundle'), {
    model: (shipped) => withExternalTensor(shipped, 'hidden.bin'),
  });
  writeFileSync(join(work, 'bundle/hidden.bin'), Buffer.alloc(4));
  service = await startService({ MODEL_URI: uri });
  expect(await readiness(service.url)).toMatchObject([
    503,
    {
      state: 'failed',
      code: 'MODEL_EXTERNAL_DATA',
      reason: expect.stringMatching(/keeps weights in another file, which no digest covers/) as string,
    },
  ]);
});
