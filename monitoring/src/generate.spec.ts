import { existsSync, readFileSync } from 'node:fs';
import { inRepository } from '@pawl/test-kit/repository';
import { generateMonitoring } from './generate.ts';

describe('the generated files of monitoring', () => {
  it('are what `npm run generate` writes', async () => {
    for (const [path, text] of await generateMonitoring()) {
      const file = inRepository(path);
      expect({ path, text: existsSync(file) ? readFileSync(file, 'utf8') : undefined }).toEqual({ path, text });
    }
  });
});
