import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { extract } from 'tar-stream';

/** A layer of an image, as a registry stores it. */
export interface ImageLayer {
  /** Bytes, compressed. */
  readonly bytes: number;
  /** The step of the build that made it; '' when the image does not say. */
  readonly madeBy: string;
}

/** An image of one platform. */
export interface ArchivedImage {
  /** `linux/amd64`; '' when the image does not say. */
  readonly platform: string;
  /** Bottom first. */
  readonly layers: readonly ImageLayer[];
}

/** A file of an archive. */
interface Entry {
  /** Bytes as a registry would store them. */
  readonly bytes: number;
  /** Of small files. */
  readonly text: string | undefined;
}

/** The parts of the two formats that are read. OCI image layout 1.1; `docker save` before it, image format 1.2. */
interface Descriptor {
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly os: string; readonly architecture: string };
}
interface OciDocument {
  readonly manifests?: readonly Descriptor[];
  readonly layers?: readonly Descriptor[];
  readonly config?: Descriptor;
}
interface DockerManifest {
  readonly Config: string;
  readonly Layers: readonly string[];
}
interface ImageConfig {
  readonly os?: string;
  readonly architecture?: string;
  readonly history?: readonly { readonly created_by?: string; readonly empty_layer?: boolean }[];
}

/** JSON of images is smaller by far. Bytes. */
const TEXT_BYTES = 2 ** 20;
const GZIP = Buffer.from([0x1f, 0x8b]);
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/**
 * Reads what images an archive holds: an OCI layout (folder or tar, as `buildah push oci:` and BuildKit write it) or what
 * `docker save` writes. Layers that lie there uncompressed are counted as gzip makes them, which is what a push sends.
 *
 * @throws Error when the file is none of these, or an image names a layer that is not there.
 */
export async function readImageArchive(path: string): Promise<readonly ArchivedImage[]> {
  const entries = (await stat(path)).isDirectory() ? await entriesOfFolder(path) : await entriesOfTar(path);
  const index = entries.get('index.json');
  if (index !== undefined) return imagesOfIndex(entries, path, parse(entries, 'index.json', path) as OciDocument);
  if (entries.has('manifest.json'))
    return (parse(entries, 'manifest.json', path) as readonly DockerManifest[]).map(({ Config, Layers }) =>
      image(
        parse(entries, Config, path) as ImageConfig,
        Layers.map((layer) => entry(entries, layer, path).bytes),
      ),
    );
  throw new Error(
    `${path} is no archive of an image: expected index.json (OCI) or manifest.json (docker save) in it. ` +
      'Write one with "buildah push IMAGE oci:FOLDER" or "docker save --output FILE IMAGE".',
  );
}

const blobOf = ({ digest }: Descriptor): string => `blobs/${digest.replace(':', '/')}`;

function imagesOfIndex(entries: Map<string, Entry>, path: string, document: OciDocument): ArchivedImage[] {
  return (document.manifests ?? []).flatMap((descriptor) => {
    // What BuildKit says about an image lies beside it as an image of no platform.
    if (descriptor.platform?.os === 'unknown') return [];
    const inner = parse(entries, blobOf(descriptor), path) as OciDocument;
    if (inner.manifests !== undefined) return imagesOfIndex(entries, path, inner);
    if (inner.config === undefined) return [];
    const layers = (inner.layers ?? []).map((layer) => entry(entries, blobOf(layer), path).bytes);
    return [image(parse(entries, blobOf(inner.config), path) as ImageConfig, layers)];
  });
}

function image(config: ImageConfig, layers: readonly number[]): ArchivedImage {
  const steps = (config.history ?? []).filter(({ empty_layer: isEmpty }) => isEmpty !== true);
  return {
    platform: [config.os, config.architecture].filter(Boolean).join('/'),
    layers: layers.map((bytes, i) => ({
      bytes,
      // A builder that joins layers tells more steps than there are, or none: then no step belongs to a layer.
      madeBy: steps.length === layers.length ? (steps[i]?.created_by ?? '') : '',
    })),
  };
}

function entry(entries: Map<string, Entry>, name: string, path: string): Entry {
  const found = entries.get(name);
  if (found === undefined) throw new Error(`${path}: the image names ${name}, which is not there. Write it again.`);
  return found;
}

const parse = (entries: Map<string, Entry>, name: string, path: string): unknown =>
  JSON.parse(entry(entries, name, path).text ?? '');

async function entriesOfFolder(folder: string): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  for (const file of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const path = join(file.parentPath, file.name);
    entries.set(relative(folder, path), await measured(createReadStream(path) as AsyncIterable<Buffer>));
  }
  return entries;
}

async function entriesOfTar(path: string): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  const links: [name: string, target: string][] = [];
  const tar = extract();
  const reading = pipeline(createReadStream(path), tar);
  for await (const item of tar) {
    const name = item.header.name.replace(/^\.\//, '');
    if (item.header.type === 'file') entries.set(name, await measured(item as AsyncIterable<Buffer>));
    else item.resume();
    // `docker save` stores a layer that two images share once.
    if (item.header.type === 'symlink') links.push([name, join(name, '..', item.header.linkname)]);
  }
  await reading;
  for (const [name, target] of links) {
    const found = entries.get(target);
    if (found !== undefined) entries.set(name, found);
  }
  return entries;
}

/** Reads a file to its end. */
async function measured(file: AsyncIterable<Buffer>): Promise<Entry> {
  const zipped = new PassThrough();
  let bytes = 0;
  let own = 0;
  const kept: Buffer[] = [];
  let gzip: ReturnType<typeof createGzip> | undefined;
  let done: Promise<void> | undefined;
  zipped.on('data', (chunk: Buffer) => (bytes += chunk.length));
  for await (const chunk of file) {
    if (own === 0) {
      const head = Buffer.from(chunk.subarray(0, ZSTD.length));
      const isCompressed = head.subarray(0, 2).equals(GZIP) || head.equals(ZSTD);
      if (!isCompressed) {
        gzip = createGzip();
        done = pipeline(gzip, zipped);
      }
    }
    own += chunk.length;
    if (own <= TEXT_BYTES) kept.push(chunk);
    if (gzip?.write(chunk) === false) await new Promise((resolve) => gzip?.once('drain', resolve));
  }
  gzip?.end();
  await done;
  return {
    bytes: gzip === undefined ? own : bytes,
    text: own <= TEXT_BYTES ? Buffer.concat(kept).toString() : undefined,
  };
}
