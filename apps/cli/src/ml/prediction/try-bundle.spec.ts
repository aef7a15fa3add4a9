import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { aFolder, cleanFolders } from '@pawl/test-kit/bundles';
import { tryBundle, tryLines } from './try-bundle.ts';

describe('lines for a bundle that was just written', () => {
  it.each([
    ['in the checkout', '/pawl', 'models/candidate', '/pawl', 'MODEL_URI=file:models/candidate npm start'],
    ['an odd name', '/pawl', "my model's", '/pawl', `MODEL_URI='file:my model'\\''s' npm start`],
    ['below the checkout', '/pawl/docs', '../m', '/pawl', 'MODEL_URI=file:/pawl/m npm --prefix /pawl start'],
    ['below an odd checkout', '/p w/docs', 'm', '/p w', `MODEL_URI='file:/p w/docs/m' npm --prefix '/p w' start`],
    [
      'elsewhere',
      '/data',
      'm',
      undefined,
      'docker run --rm -p 8000:8000 -v /data/m:/model:ro -e MODEL_URI=file:///model ghcr.io/pawl-dev/pawl-inference:0.1.0',
    ],
  ])('%s', (_, cwd, out, checkout, expected) => {
    expect(tryLines(cwd, out, checkout)[1]).toBe(expected);
  });

  it('quotes the folder for predict, too', () => {
    expect(tryLines('/pawl', 'a b', '/pawl')[0]).toBe("pawl predict 'a b' PICTURES");
  });

  it('finds the checkout above, past packages of other names', async () => {
    const root = await aFolder();
    await mkdir(join(root, 'apps/cli'), { recursive: true });
    await writeFile(join(root, 'package.json'), '{"name":"pawl"}');
    await writeFile(join(root, 'apps/package.json'), 'broken');
    await writeFile(join(root, 'apps/cli/package.json'), '{"name":"@pawl/cli"}');
    expect((await tryBundle(join(root, 'apps/cli'), 'm'))[1]).toContain(`npm --prefix ${root} start`);
    expect((await tryBundle(root, 'm'))[1]).toBe('MODEL_URI=file:m npm start');
    await writeFile(join(root, 'package.json'), '{"name":"another"}');
    expect((await tryBundle(root, 'm'))[1]).toMatch(/^docker run/);
  });

  afterEach(cleanFolders);
});
