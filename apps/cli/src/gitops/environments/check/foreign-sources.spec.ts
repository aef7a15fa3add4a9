import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { foreignFiles, foreignResources } from './foreign-sources.ts';

describe('what would be read from elsewhere', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pawl-foreign-'));
  });
  afterEach(() => rm(folder, { recursive: true }));
  const write = async (file: string, text: string) => {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), text);
  };
  const resources = async (text: string) => {
    await write('acceptance/kustomization.yaml', text);
    return (await foreignResources(join(folder, 'acceptance'), 'acceptance')).map(({ code, message }) => {
      expect(code).toBe('SOURCE_FOREIGN');
      return message;
    });
  };

  it.each([
    'configMapGenerator: [{ name: x, files: [cat.a.jpg, dog.b.jpg=c.jpg] }]',
    'resources: [more.yaml]',
    'resources: [../base]',
    'commonAnnotations: { source: "https://example.com/photographs?by=me" }',
    'a: [',
    '',
  ])('takes %j', async (text) => {
    await write('acceptance/more.yaml', '');
    await write('base/kustomization.yaml', 'resources: []');
    expect(await resources(text)).toEqual([]);
  });

  it.each([
    ['resources: [https://git.example/x//base?ref=main]', 'https://git.example/x//base?ref=main (resources)'],
    ['resources: ["git@git.example:x/y.git"]', 'git@git.example:x/y.git (resources)'],
    ['resources: [github.com/x/y]', 'github.com/x/y (resources)'],
    ['bases: ["git::ssh://x/y"]', 'git::ssh://x/y (bases)'],
    ['components: [nowhere]', 'nowhere (components)'],
    ['generators: ["apiVersion: builtin\\nkind: X"]', 'apiVersion: builtin kind: X (generators)'],
    [
      'configMapGenerator: [{ name: x, files: ["cat.jpg=https://x.example/c.jpg"] }]',
      'https://x.example/c.jpg (a file)',
    ],
    ['patches: [{ path: "https://x.example/p.yaml" }]', 'https://x.example/p.yaml (a file)'],
    ['helmCharts: [{ name: x, repo: "https://x.example" }]', 'a chart (helmCharts)'],
    ['resources: [../base]', 'https://x.example/y (resources)'],
  ])('refuses %j', async (text, said) => {
    // A folder of the name of an address does not help: kustomize takes the address.
    await write('acceptance/github.com/x/y/kustomization.yaml', '');
    await write('base/kustomization.yaml', 'resources: [https://x.example/y, ../acceptance]');
    expect(await resources(text)).toEqual([expect.stringContaining(`names ${said}, which`)]);
  });

  it('refuses links and files by which Argo CD is told otherwise, however deep', async () => {
    await write('catdog/acceptance/.argocd-source-catdog-staging-images.yaml', 'kustomize: {}');
    await write('models/README.md', '');
    await symlink('../values.yaml', join(folder, 'models/catdog-1.0.0.yaml'));
    expect((await foreignFiles(folder, 'e')).map(({ code, file }) => [code, file]).sort()).toEqual([
      ['SOURCE_FOREIGN', 'e/catdog/acceptance/.argocd-source-catdog-staging-images.yaml'],
      ['SOURCE_FOREIGN', 'e/models/catdog-1.0.0.yaml'],
    ]);
  });
});
