import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { Header, Pack } from 'tar-stream';
import { PawlError } from '../errors/pawl-error.ts';
import { compareCodeUnits } from './canonical-json.ts';
import { createDigester } from './digest.ts';
import { targetError } from './install-directory.ts';
import { foldersOf, MANIFEST_FILE, SIGNATURE_FILE } from './manifest.ts';
import { readSignature, type Bundle } from './open-bundle.ts';
import { MAX_SIGNATURE_BYTES } from './signature.ts';
import { codeOf, hasCode } from '../errors/system-error.ts';
import { MAX_MANIFEST_BYTES, type VerifiedManifest } from './verify-manifest.ts';

/** Bytes of a layer in which the manifest must have come; other tools may put folders or small files before it. */
const MAX_HEAD_BYTES = 4 * 1024 * 1024;

/** Bytes that pack headers of one entry may take, long names included. */
const MAX_ENTRY_OVERHEAD = 4096;

/**
 * The layer of a bundle's image: its files at the root, the manifest and its signature first so that they can be
 * checked before the rest is fetched, then the others by path. Entries carry neither times nor owners, so the same
 * bundle gives the same bytes.
 *
 * It is not compressed: weights hardly shrink, gzip output differs between zlib versions (the digest would depend on
 * the machine), and the diff_id of the OCI image spec is then the layer's own digest.
 */
export async function packLayer(bundle: Bundle): Promise<Readable> {
  const { pack: createPack } = await import('tar-stream');
  const pack = createPack();
  const signature = await readSignature(bundle.directory);
  const names = layerFiles(bundle, signature !== undefined);
  const fill = async () => {
    const folders = new Set<string>();
    for (const name of names) {
      for (const folder of foldersOf(name)) {
        if (folders.has(folder)) continue;
        folders.add(folder);
        pack.entry({ name: `${folder}/`, type: 'directory', mode: 0o755, ...anonymous });
      }
      if (name === SIGNATURE_FILE && signature !== undefined) pack.entry(entryOf(name, signature.length), signature);
      else await packFile(pack, name, join(bundle.directory, name));
    }
    pack.finalize();
  };
  fill().catch((error: unknown) => {
    pack.destroy(error as Error);
  });
  return Readable.from(pack, { objectMode: false });
}

/** Size and digest of a bundle's layer, without storing it. */
export async function digestOfLayer(bundle: Bundle): Promise<{ readonly digest: string; readonly size: number }> {
  const digester = createDigester();
  let size = 0;
  for await (const chunk of (await packLayer(bundle)) as AsyncIterable<Uint8Array>) {
    digester.update(chunk);
    size += chunk.length;
  }
  return { digest: digester.digest(), size };
}

/**
 * Reads the manifest, and the signature if it comes next, from the beginning of a layer; reads no further.
 *
 * @throws PawlError BUNDLE_IMAGE_INVALID where they are not at the beginning; errors of the stream as they are.
 */
export async function readLayerHead(layer: Readable, compression: 'none' | 'gzip'): Promise<Map<string, Buffer>> {
  const { extract } = await import('tar-stream');
  const head = new Map<string, Buffer>();
  const entries = extract();
  const feeding = feed(layer, compression, entries, MAX_HEAD_BYTES);
  try {
    for await (const entry of entries) {
      const name = nameOf(entry.header);
      const isFile = entry.header.type === 'file';
      if (head.has(MANIFEST_FILE) && isFile && name !== SIGNATURE_FILE) break;
      if (isFile && (name === MANIFEST_FILE || name === SIGNATURE_FILE)) head.set(name, await collect(entry, name));
      else entry.resume();
      if (head.has(MANIFEST_FILE) && head.has(SIGNATURE_FILE)) break;
    }
  } catch (error) {
    throw damaged(await rootOf(error, feeding));
  } finally {
    entries.destroy();
    layer.destroy();
    await feeding.catch(() => undefined);
  }
  if (head.has(MANIFEST_FILE)) return head;
  throw refused(`does not begin with ${MANIFEST_FILE}`);
}

/**
 * Unpacks a layer into a folder: exactly the files that the manifest lists, each with exactly its size. Folders are
 * made as needed; an entry of any other kind (link, device, whiteout), with any other path, twice, or too long ends it.
 *
 * @throws PawlError BUNDLE_IMAGE_INVALID, BUNDLE_TARGET_INVALID; the signal's reason.
 */
export async function extractLayer(
  layerPath: string,
  folder: string,
  { manifest }: VerifiedManifest,
  compression: 'none' | 'gzip',
  signal: AbortSignal,
): Promise<void> {
  const { extract } = await import('tar-stream');
  const sizes = new Map(manifest.files.map((file) => [file.path, file.size]));
  const folders = new Set(manifest.files.flatMap((file) => foldersOf(file.path)));
  const seen = new Set<string>();
  const most = manifest.files.reduce((sum, file) => sum + file.size + MAX_ENTRY_OVERHEAD, 2 * MAX_MANIFEST_BYTES);
  const entries = extract();
  const feeding = feed(createReadStream(layerPath), compression, entries, most, signal);
  try {
    for await (const entry of entries) {
      const { header } = entry;
      const name = nameOf(header);
      if (header.type === 'directory' && (name === '' || folders.has(name))) {
        entry.resume();
        continue;
      }
      if (header.type !== 'file') throw refused(`holds ${show(header)} of type ${header.type}`);
      if (seen.has(name)) throw refused(`holds ${show(header)} twice`);
      seen.add(name);
      if (name === MANIFEST_FILE || name === SIGNATURE_FILE) {
        // Already here, verified.
        entry.resume();
        continue;
      }
      const size = sizes.get(name);
      if (size === undefined) throw refused(`holds ${show(header)}, which its manifest does not list`);
      if (header.size !== size) throw refused(`holds ${name} with ${header.size} bytes; expected ${size}`);
      const to = join(folder, name);
      await mkdir(dirname(to), { recursive: true }).catch(rethrowTarget);
      await pipeline(Readable.from(entry), createWriteStream(to), { signal }).catch((error: unknown) => {
        throw isFsError(error) ? targetError(error) : error;
      });
    }
    await feeding;
  } catch (error) {
    signal.throwIfAborted();
    throw damaged(await rootOf(error, feeding));
  } finally {
    entries.destroy();
    await feeding.catch(() => undefined);
  }
}

/** Feeds a layer to the tar reader; more than `most` unpacked bytes end it, so that gzip cannot blow up. */
function feed(
  layer: Readable,
  compression: 'none' | 'gzip',
  entries: NodeJS.WritableStream,
  most: number,
  signal?: AbortSignal,
): Promise<void> {
  let size = 0;
  const cap = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      if (size > most) done(refused(`unpacks to more than the ${most} bytes that are expected`));
      else done(null, chunk);
    },
  });
  const stages = compression === 'gzip' ? [layer, createGunzip(), cap, entries] : [layer, cap, entries];
  const feeding = pipeline(stages as unknown as [Readable, NodeJS.WritableStream], { signal: signal as AbortSignal });
  // Whoever waits for the entries sees the failure there; this promise is looked at only afterwards, and must not count
  // as unhandled until then.
  feeding.catch(() => undefined);
  return feeding;
}

/** Without the Sigstore bundle: it says the same as the plain signature, and readers refuse files that they do not know. */
function layerFiles(bundle: Bundle, signed: boolean): string[] {
  const rest = bundle.manifest.files.map((file) => file.path).sort(compareCodeUnits);
  return [MANIFEST_FILE, ...(signed ? [SIGNATURE_FILE] : []), ...rest];
}

const anonymous = { uid: 0, gid: 0, uname: '', gname: '', mtime: new Date(0) };
const entryOf = (name: string, size: number) => ({ name, size, type: 'file' as const, mode: 0o644, ...anonymous });

async function packFile(pack: Pack, name: string, path: string): Promise<void> {
  const { size } = await stat(path);
  await new Promise<void>((resolve, reject) => {
    const entry = pack.entry(entryOf(name, size), (error) => {
      if (error) reject(error);
      else resolve();
    });
    pipeline(createReadStream(path), entry).catch(reject);
  });
}

async function collect(entry: AsyncIterable<unknown> & { readonly header: Header }, name: string): Promise<Buffer> {
  const most = name === MANIFEST_FILE ? MAX_MANIFEST_BYTES : MAX_SIGNATURE_BYTES;
  if (entry.header.size > most) throw refused(`holds ${name} with more than ${most} bytes`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of entry) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

/** Tools write `./golden/` and `golden` for the same folder. */
const nameOf = (header: Header) =>
  header.name
    .replace(/^(\.\/)+/, '')
    .replace(/\/+$/, '')
    .replace(/^\.$/, '');

const show = (header: Header) => JSON.stringify(header.name.slice(0, 100));

const refused = (problem: string) =>
  new PawlError('BUNDLE_IMAGE_INVALID', { message: `the layer of the image ${problem}` });

/** An entry may only notice that the reader was destroyed; why it was, the feeding knows. */
async function rootOf(error: unknown, feeding: Promise<void>): Promise<unknown> {
  if (!hasCode(error, 'STREAM_DESTROYED', 'ERR_STREAM_PREMATURE_CLOSE')) return error;
  return await feeding.then(
    () => error,
    (root: unknown) => root,
  );
}

/** Errors of gzip and tar mean a damaged layer; others are passed on. */
function damaged(error: unknown): unknown {
  if (error instanceof PawlError) return error;
  const code = codeOf(error);
  if (code?.startsWith('Z_') === true) return refused(`is damaged (${code})`);
  // tar-stream's own errors have no code, and no class: a mistake of ours is a TypeError and stays one.
  const { name = '', message = '' } = (error ?? {}) as Partial<Error>;
  if (code === undefined && name === 'Error') return refused(`is damaged (${message})`);
  return error;
}

const isFsError = (error: unknown) => typeof error === 'object' && error !== null && 'syscall' in error;

function rethrowTarget(cause: unknown): never {
  throw targetError(cause);
}
