import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { aFolder, cleanFolders } from '@pawl/test-kit/bundles';
import { inRepository } from '@pawl/test-kit/repository';
import { pack } from 'tar-stream';
import { readImageArchive } from '../../scripts/images/image-archive.ts';
import { type Budgets, reportSizes } from '../../scripts/images/sizes.ts';

afterEach(cleanFolders);

const config = (architecture: string) => ({
  os: 'linux',
  architecture,
  history: [
    { created_by: '/bin/sh -c #(nop) COPY dir:0123456789abcdef in / ' },
    { created_by: 'ENV X=y', empty_layer: true },
    { created_by: 'COPY dist /app # buildkit' },
  ],
});
// What does not compress and what does.
const layers = [gzipSync(randomBytes(5_000)), gzipSync(Buffer.alloc(100_000))];
const sizes = layers.map(({ length }) => length);

type Files = Record<string, Buffer>;
const json = (value: unknown) => Buffer.from(JSON.stringify(value));

/** An OCI layout; a name stands for a digest. */
function anOciLayout(architectures: readonly string[], isNested = false): Files {
  const files: Files = { 'blobs/sha256/base': layers[0]!, 'blobs/sha256/dist': layers[1]! };
  const manifests = architectures.map((architecture) => {
    files[`blobs/sha256/config-${architecture}`] = json(config(architecture));
    files[`blobs/sha256/${architecture}`] = json({
      config: { digest: `sha256:config-${architecture}` },
      layers: [{ digest: 'sha256:base' }, { digest: 'sha256:dist' }],
    });
    return { digest: `sha256:${architecture}`, platform: { os: 'linux', architecture } };
  });
  const statement = { digest: 'sha256:statement', platform: { os: 'unknown', architecture: 'unknown' } };
  if (isNested) files['blobs/sha256/index'] = json({ manifests: [...manifests, statement] });
  files['index.json'] = json({ manifests: isNested ? [{ digest: 'sha256:index' }] : manifests });
  return files;
}

async function written(files: Files): Promise<string> {
  const folder = await aFolder();
  for (const [name, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), bytes);
  }
  return folder;
}

async function packed(files: Files, links: Record<string, string> = {}): Promise<string> {
  const tar = pack();
  for (const [name, bytes] of Object.entries(files)) tar.entry({ name }, bytes);
  for (const [name, linkname] of Object.entries(links)) tar.entry({ name, type: 'symlink', linkname });
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar as AsyncIterable<Buffer>) chunks.push(chunk);
  const path = join(await aFolder(), 'image.tar');
  await writeFile(path, Buffer.concat(chunks));
  return path;
}

describe('an archive of an image', () => {
  const expected = (architecture: string) => ({
    platform: `linux/${architecture}`,
    layers: [
      { bytes: sizes[0], madeBy: '/bin/sh -c #(nop) COPY dir:0123456789abcdef in / ' },
      { bytes: sizes[1], madeBy: 'COPY dist /app # buildkit' },
    ],
  });

  it('is an OCI layout, as a folder', async () => {
    expect(await readImageArchive(await written(anOciLayout(['amd64'])))).toEqual([expected('amd64')]);
  });

  it('is an OCI layout of two platforms, packed, beside what a builder says about them', async () => {
    const images = await readImageArchive(await packed(anOciLayout(['amd64', 'arm64'], true)));
    expect(images).toEqual([expected('amd64'), expected('arm64')]);
  });

  it('is what docker save wrote before OCI: layers count as a push compresses them', async () => {
    const layer = Buffer.alloc(300_000, 'pawl');
    const files = { 'config.json': json(config('amd64')), 'a/layer.tar': layer };
    const manifest = json([{ Config: 'config.json', Layers: ['a/layer.tar', 'b/layer.tar'] }]);
    const path = await packed({ ...files, 'manifest.json': manifest }, { 'b/layer.tar': '../a/layer.tar' });
    const [image] = await readImageArchive(path);
    expect(image!.layers.map(({ bytes }) => bytes)).toEqual(Array(2).fill(gzipSync(layer).length));
  });

  it('is nothing else', async () => {
    await expect(readImageArchive(await written({ 'a.txt': Buffer.from('x') }))).rejects.toThrow(
      'no archive of an image',
    );
  });

  it('has every layer that it names', async () => {
    const { 'blobs/sha256/dist': gone, ...files } = anOciLayout(['amd64']);
    expect(gone).toBeDefined();
    await expect(readImageArchive(await written(files))).rejects.toThrow('names blobs/sha256/dist, which is not there');
  });
});

describe('the budget of an image', () => {
  const image = { platform: 'linux/arm64', layers: sizes.map((bytes) => ({ bytes, madeBy: 'COPY x /' })) };
  const all = sizes[0]! + sizes[1]!;

  it('is kept to the byte', () => {
    expect(reportSizes('cli', [image], { cli: all }).problems).toEqual([]);
    const { problems } = reportSizes('cli', [image], { cli: all - 1 });
    expect(problems).toEqual([
      expect.stringContaining(`cli linux/arm64 has ${all} bytes compressed; expected ${all - 1} at most`),
    ]);
  });

  it('is one for each platform', () => {
    const small = { ...image, platform: 'linux/amd64', layers: [] };
    expect(reportSizes('cli', [small, image], { cli: all - 1 }).problems).toHaveLength(1);
  });

  it('shows every layer by its step', () => {
    const made = { ...image, layers: [{ bytes: 1_234_567, madeBy: '/bin/sh -c #(nop) COPY multi:0123 in /app/ ' }] };
    expect(reportSizes('cli', [made], {}).lines).toEqual([
      'cli linux/arm64: 1.23 MB compressed, no budget',
      '   1.23 MB  COPY /app/',
    ]);
  });

  it('is not kept by an archive without an image', () => {
    expect(reportSizes('cli', [], {}).problems).toHaveLength(1);
  });

  it('is of targets that the Dockerfile has', () => {
    const budgets = JSON.parse(readFileSync(inRepository('images/budgets.json'), 'utf8')) as Budgets;
    const targets = [...readFileSync(inRepository('Dockerfile'), 'utf8').matchAll(/^FROM .* AS (\S+)$/gm)].map(
      ([, name]) => name,
    );
    expect(targets).toEqual(expect.arrayContaining(Object.keys(budgets)));
    expect(budgets['inference']).toBeLessThanOrEqual(110e6);
    expect(budgets['controller']).toBeLessThanOrEqual(70e6);
  });
});
