import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startService } from './support/start-service.ts';

describe('the home directory of a service', () => {
  it('stays empty: onnxruntime keeps no id of the machine, and reports to nobody', async () => {
    const home = await mkdtemp(join(tmpdir(), 'pawl-home-'));
    try {
      const service = await startService({ HOME: home });
      await service.logged(/^model loaded$/);
      await service.stop();
      expect(await readdir(home)).toEqual([]);
    } finally {
      await rm(home, { recursive: true });
    }
  });
});
