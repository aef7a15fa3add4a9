import { readFileSync } from 'node:fs';
import { generateChart } from '../../scripts/generate-chart.ts';

describe('generated files of the chart', () => {
  it('are what `npm run generate` writes', async () => {
    for (const [path, text] of await generateChart())
      expect({ path, text: readFileSync(path, 'utf8') }).toEqual({ path, text });
  });
});
