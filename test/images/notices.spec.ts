import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { aFolder, cleanFolders } from '@pawl/test-kit/bundles';
import { inRepository } from '@pawl/test-kit/repository';
import { packagesIn, readComponent, renderComponents, renderNotices, unique } from '../../scripts/images/notices.ts';

afterEach(cleanFolders);

const standard = inRepository('images/licences');

async function aPackage(
  folder: string,
  name: string,
  more: object,
  files: Record<string, string> = {},
): Promise<string> {
  const path = join(folder, name);
  await mkdir(path, { recursive: true });
  await writeFile(join(path, 'package.json'), JSON.stringify({ name, version: '1.0.0', license: 'MIT', ...more }));
  for (const [file, text] of Object.entries(files)) await writeFile(join(path, file), text);
  return path;
}

describe('a package of an image', () => {
  it('brings its licence and its notices', async () => {
    const path = await aPackage(
      await aFolder(),
      'a',
      { author: { name: 'Ann' } },
      { LICENSE: 'L\r\nL', NOTICE: 'N', x: '' },
    );
    expect(readComponent(path, standard)).toEqual({
      name: 'a',
      version: '1.0.0',
      licence: 'MIT',
      origin: 'Ann',
      texts: ['L\nL', 'N'],
    });
  });

  it('that brings none gets the texts of its licence', async () => {
    const path = await aPackage(await aFolder(), 'a', { license: '(Apache-2.0 AND BSD-3-Clause)' });
    expect(readComponent(path, standard).texts).toEqual([
      expect.stringContaining('Apache License'),
      expect.stringContaining('Neither the name'),
    ]);
  });

  it('without a licence, or with one that nobody has the text of, is refused', async () => {
    const folder = await aFolder();
    const none = await aPackage(folder, 'a', { license: undefined });
    expect(() => readComponent(none, standard)).toThrow('expected a name, a version and a licence');
    const unknown = await aPackage(folder, 'b', { license: 'WTFPL' });
    expect(() => readComponent(unknown, standard)).toThrow('brings no text of its licence WTFPL');
  });
});

describe('the notices', () => {
  const component = (name: string, text: string) => ({
    name,
    version: '1.0.0',
    licence: 'MIT',
    origin: '',
    texts: [text],
  });

  it('have each package and each text once', () => {
    const components = unique([component('b', 'same'), component('@s/a', 'same'), component('b', 'same')]);
    const text = renderNotices('x', components, 'of Node');
    expect(text.match(/^@s\/a 1\.0\.0 \| MIT$/gm)).toHaveLength(1);
    expect(text.match(/^same$/gm)).toHaveLength(1);
    expect(text).toContain('@s/a 1.0.0, b 1.0.0');
    expect(text).toMatch(/of Node\n$/);
  });

  it('are a list for scanners, too', () => {
    expect(JSON.parse(renderComponents([component('@s/a', '')], '24.1.0'))).toMatchObject({
      bomFormat: 'CycloneDX',
      components: [{ purl: 'pkg:npm/%40s/a@1.0.0' }, { name: 'node', version: '24.1.0' }],
    });
  });

  it('find packages with and without a scope', async () => {
    const folder = await aFolder();
    await aPackage(folder, '@s/b', {});
    await aPackage(folder, 'a', {});
    await mkdir(join(folder, 'none'));
    expect(packagesIn(folder)).toEqual([join(folder, '@s/b'), join(folder, 'a')]);
  });
});

describe.each(['inference', 'controller', 'cli'])('the joined files of %s', (app) => {
  const dist = inRepository(`apps/${app}/dist`);
  const listed = JSON.parse(readFileSync(join(dist, 'packages.json'), 'utf8')) as string[];

  it('have an entry for every package in them', () => {
    // Independent of the list: what the source maps say that a file is made of.
    const inMaps = readdirSync(join(dist, 'bundle'))
      .filter((file) => file.endsWith('.map'))
      .flatMap(
        (file) => (JSON.parse(readFileSync(join(dist, 'bundle', file), 'utf8')) as { sources: string[] }).sources,
      )
      .map((source) => /(?:^|\/)(node_modules\/.*|apps\/[^/]+\/node_modules\/.*)$/.exec(source)?.[1])
      .map((source) => /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(source ?? '')?.[0])
      .filter((folder) => folder !== undefined)
      .map((folder) => folder.replace(/^.*node_modules\//, ''));
    const names = listed.map((folder) => folder.replace(/^.*node_modules\//, ''));
    expect(new Set(inMaps).size).toBeGreaterThan(10);
    expect([...new Set(inMaps)].filter((name) => !names.includes(name))).toEqual([]);
  });

  it('have a licence and its text for each', () => {
    for (const folder of listed) {
      const { licence, texts } = readComponent(inRepository(folder), standard);
      expect([folder, licence, texts.length > 0]).toEqual([folder, expect.stringMatching(/\w/), true]);
    }
  });
});

it.each(['onnxruntime-node', 'onnxruntime-common', 'sharp', 'swagger-ui-dist', '@resvg/resvg-js', 'dejavu-fonts-ttf'])(
  '%s, which lies beside the joined files, has the text of its licence',
  (name) => {
    const { texts } = readComponent(inRepository(`node_modules/${name}`), standard);
    expect(texts.join('').length).toBeGreaterThan(500);
  },
);
