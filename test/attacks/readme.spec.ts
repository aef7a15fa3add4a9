import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = import.meta.dirname;
const text = readFileSync(join(folder, 'README.md'), 'utf8');
const linked = [...text.matchAll(/\]\(([^)#]+)\)/g)].map(([, target]) => target!);

describe('the list of attacks', () => {
  it('names every spec of this folder', () => {
    const specs = readdirSync(folder).filter((file) => file.endsWith('.spec.ts') && file !== 'readme.spec.ts');
    expect(specs.filter((file) => !linked.includes(file))).toEqual([]);
  });
});
