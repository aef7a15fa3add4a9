import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { extract, pack, type Header } from 'tar-stream';
import { aBundle, aFolder, cleanFolders, rejection, someBytes } from '@pawl/test-kit/bundles';
import { digestOfBytes } from './digest.ts';
import { openBundle, type Bundle } from './open-bundle.ts';
import { digestOfLayer, extractLayer, packLayer, readLayerHead } from './oci-layer.ts';
import { generateSigningKeyPair } from './signature.ts';

afterEach(cleanFolders);

const signal = new AbortController().signal;

interface Entry extends Partial<Header> {
  readonly name: string;
  readonly body?: Buffer;
}

async function aTar(entries: readonly Entry[]): Promise<Buffer> {
  const tar = pack();
  for (const { body, ...header } of entries) tar.entry(header, body ?? Buffer.alloc(0));
  tar.finalize();
  return await buffer(Readable.from(tar));
}

/** A tar whose first entry has another size, with a right checksum (POSIX pax, ustar interchange format). */
function withSize(tar: Buffer, size: string): Buffer {
  const changed = Buffer.from(tar);
  changed.write(size.padEnd(12, '\0'), 124, 'latin1');
  const sum = changed
    .subarray(0, 512)
    .fill(' ', 148, 156)
    .reduce((total, byte) => total + byte, 0);
  changed.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return changed;
}

/** The entries of the right layer, for tests that spoil one. */
async function entriesOf(bundle: Bundle): Promise<Entry[]> {
  const names = ['manifest.json', ...bundle.manifest.files.map((file) => file.path)];
  return await Promise.all(names.map(async (name) => ({ name, body: await readFile(join(bundle.directory, name)) })));
}

async function extracted(bundle: Bundle, layer: Buffer, compression: 'none' | 'gzip' = 'none'): Promise<string> {
  const folder = await aFolder();
  await writeFile(join(folder, 'layer'), layer);
  await extractLayer(join(folder, 'layer'), join(folder, 'out', 'inner'), bundle, compression, signal);
  return join(folder, 'out', 'inner');
}

describe('the layer of a bundle', () => {
  it('has the manifest and the signature first, folders before their files, and no time, owner or link', async () => {
    const bundle = await aBundle({ privateKeyPem: generateSigningKeyPair().privateKeyPem });
    const headers: Header[] = [];
    const reader = extract();
    Readable.from(await packLayer(bundle)).pipe(reader);
    for await (const entry of reader) {
      headers.push(entry.header);
      entry.resume();
    }
    expect(headers.map(({ name, type, mode, uid, mtime }) => [name, type, mode, uid, Number(mtime)])).toEqual([
      ['manifest.json', 'file', 0o644, 0, 0],
      ['manifest.json.sig', 'file', 0o644, 0, 0],
      ['golden/', 'directory', 0o755, 0, 0],
      ['golden/cat-1.jpg', 'file', 0o644, 0, 0],
      ['model.onnx', 'file', 0o644, 0, 0],
      ['reference.json', 'file', 0o644, 0, 0],
    ]);
  });

  it('is the same for the same bundle', async () => {
    const [one, two] = [await aBundle(), await aBundle()];
    const bytes = await buffer(await packLayer(one));
    expect(await digestOfLayer(two)).toEqual({ digest: digestOfBytes(bytes), size: bytes.length });
  });

  it('fails instead of ending early when a file changed its size meanwhile', async () => {
    const bundle = await aBundle();
    const layer = await packLayer({ ...bundle, directory: await aFolder() });
    expect(await rejection(buffer(layer))).toMatchObject({ code: 'ENOENT' });
  });

  it.each(['none', 'gzip'] as const)('comes out as it went in, compression %s', async (compression) => {
    const bundle = await aBundle();
    const tar = await buffer(await packLayer(bundle));
    const folder = await extracted(bundle, compression === 'gzip' ? gzipSync(tar) : tar, compression);
    await writeFile(join(folder, 'manifest.json'), await readFile(join(bundle.directory, 'manifest.json')));
    await openBundle(folder, { digest: bundle.digest });
  });

  it('is also read as other tools write it: ./ in front, another order, no folders', async () => {
    const bundle = await aBundle();
    const entries = (await entriesOf(bundle)).reverse().map((entry) => ({ ...entry, name: `./${entry.name}` }));
    const folder = await extracted(bundle, await aTar([{ name: './', type: 'directory' }, ...entries]));
    expect((await readdir(folder)).sort()).toEqual(['golden', 'model.onnx', 'reference.json']);
  });

  it.each<[string, RegExp, Entry]>([
    [
      'a path that climbs out',
      /"\.\.\/evil", which its manifest does not list/,
      { name: '../evil', body: Buffer.from('x') },
    ],
    ['an absolute path', /"\/etc\/evil"/, { name: '/etc/evil', body: Buffer.from('x') }],
    ['a symbolic link', /of type symlink/, { name: 'link', type: 'symlink', linkname: '/etc' }],
    ['a hard link', /of type link/, { name: 'link', type: 'link', linkname: 'model.onnx' }],
    ['a device', /of type character-device/, { name: 'null', type: 'character-device', devmajor: 1, devminor: 3 }],
    ['a FIFO', /of type fifo/, { name: 'fifo', type: 'fifo' }],
    [
      'a symbolic link in the place of a folder',
      /of type symlink/,
      { name: 'golden', type: 'symlink', linkname: '/tmp' },
    ],
    ['a folder that nothing lies in', /of type directory/, { name: 'empty/', type: 'directory' }],
    ['a whiteout', /\.wh\.model/, { name: '.wh.model.onnx' }],
    ['an unlisted file', /"run.sh", which/, { name: 'run.sh', body: Buffer.from('x') }],
    [
      'a listed file of another size',
      /model.onnx with 1 bytes; expected 300000/,
      { name: 'model.onnx', body: Buffer.from('x') },
    ],
  ])('is refused with %s', async (_, message, entry) => {
    const bundle = await aBundle();
    const error = await rejection(aTar([entry, ...(await entriesOf(bundle))]).then((tar) => extracted(bundle, tar)));
    expect(error).toMatchObject({ code: 'BUNDLE_IMAGE_INVALID', message: expect.stringMatching(message) });
  });

  it('is refused with a file twice', async () => {
    const bundle = await aBundle();
    const entries = await entriesOf(bundle);
    const error = await rejection(extracted(bundle, await aTar([...entries, ...entries.slice(1)])));
    expect(error).toMatchObject({ code: 'BUNDLE_IMAGE_INVALID', message: expect.stringContaining('twice') });
  });

  it.each<[string, 'none' | 'gzip', (tar: Buffer) => Buffer, RegExp]>([
    [
      'it unpacks to far more than its files',
      'gzip',
      (tar) => gzipSync(Buffer.concat([tar.subarray(0, -1024), Buffer.alloc(9_000_000)])),
      /unpacks to more/,
    ],
    ['it ends early', 'none', (tar) => tar.subarray(0, 200_000), /damaged/],
    ['its gzip is damaged', 'gzip', (tar) => gzipSync(tar).subarray(0, 100_000), /damaged/],
    ['it is no gzip', 'gzip', (tar) => tar, /damaged/],
    ['it is no tar', 'none', () => someBytes(4096), /damaged/],
    ['a size in it is no number', 'none', (tar) => withSize(tar, '8'), /damaged \(Invalid header\)/],
  ])('is refused when %s', async (_, compression, spoil, message) => {
    const bundle = await aBundle();
    const tar = await buffer(await packLayer(bundle));
    const error = await rejection(extracted(bundle, spoil(tar), compression));
    expect(error).toMatchObject({ code: 'BUNDLE_IMAGE_INVALID', message: expect.stringMatching(message) });
  });
});

describe('the head of a layer', () => {
  it.each(['none', 'gzip'] as const)(
    'gives manifest and signature and reads little more, compression %s',
    async (compression) => {
      const bundle = await aBundle({ privateKeyPem: generateSigningKeyPair().privateKeyPem, modelSize: 3_000_000 });
      const tar = await buffer(await packLayer(bundle));
      const layer = compression === 'gzip' ? gzipSync(tar) : tar;
      let read = 0;
      const chunks = function* () {
        for (let at = 0; at < layer.length; at += 65_536) {
          read += 65_536;
          yield layer.subarray(at, at + 65_536);
        }
      };
      const head = await readLayerHead(Readable.from(chunks()), compression);
      expect([...head.keys()]).toEqual(['manifest.json', 'manifest.json.sig']);
      expect(head.get('manifest.json')).toEqual(await readFile(join(bundle.directory, 'manifest.json')));
      expect(read).toBeLessThan(2_000_000);
    },
  );

  it.each<[string, () => Entry[], RegExp]>([
    ['there is no manifest', () => [{ name: 'x', body: Buffer.from('x') }], /does not begin with manifest.json/],
    [
      'megabytes come before the manifest',
      () => [{ name: 'x', body: Buffer.alloc(5_000_000) }, { name: 'manifest.json' }],
      /more than the 4194304 bytes/,
    ],
    [
      'the manifest is too large',
      () => [{ name: 'manifest.json', body: Buffer.alloc(1_048_577) }],
      /more than 1048576 bytes/,
    ],
    ['the manifest is a link', () => [{ name: 'manifest.json', type: 'symlink', linkname: 'x' }], /does not begin/],
  ])('is refused when %s', async (_, entries, message) => {
    const error = await rejection(readLayerHead(Readable.from([await aTar(entries())]), 'none'));
    expect(error).toMatchObject({ code: 'BUNDLE_IMAGE_INVALID', message: expect.stringMatching(message) });
  });

  it('passes on a broken connection as it is', async () => {
    const broken = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
    const layer = new Readable({ read: () => void layer.destroy(broken) });
    expect(await rejection(readLayerHead(layer, 'none'))).toMatchObject({ code: 'ECONNRESET' });
  });
});
