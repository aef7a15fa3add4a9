import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { compareCodeUnits } from '@pawl/shared/bundle/canonical-json';
import { digestOfFile } from '@pawl/shared/bundle/digest';
import { CliError } from '../../errors/cli-error.ts';
import { writeError } from '../../errors/write-error.ts';
import { isHidden, listFiles, type FoundFile } from '../../files/list-photographs.ts';

/** A file that goes into an archive. */
export interface PackedFile {
  /** In the archive, with `/`. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
}

/** An archive that was written. */
export interface Archive {
  readonly files: number;
  /** Bytes of the archive. */
  readonly bytes: number;
  /** `sha256:<hex>` of the archive. */
  readonly digest: string;
}

/** Entries carry neither times nor owners: the same files give the same bytes. */
const anonymous = { type: 'file', mode: 0o644, uid: 0, gid: 0, uname: '', gname: '', mtime: new Date(0) } as const;

/**
 * Writes files of a folder into a tar archive, sorted by name, in one step: an earlier archive stays until the new one is
 * complete. The same files give the same bytes.
 *
 * @param onPacked told the number of files so far.
 * @throws CliError DISK_FULL, FILE_WRITE_FAILED, DATA_UNREADABLE for a file that changes meanwhile; the reason of `signal`.
 */
export async function writeArchive(
  folder: string,
  files: readonly PackedFile[],
  archive: string,
  signal?: AbortSignal,
  onPacked: (packed: number) => void = () => undefined,
): Promise<Archive> {
  const { pack: createPack } = await import('tar-stream');
  const partial = join(dirname(archive), `.${basename(archive)}.${process.pid}.partial`);
  const pack = createPack();
  const stop = new AbortController();
  const sorted = [...files].sort((a, b) => compareCodeUnits(a.name, b.name));
  const fill = async () => {
    for (const [index, { name, size }] of sorted.entries()) {
      signal?.throwIfAborted();
      // The stream counts what it gets, and fails on a byte more or less.
      const entry = pack.entry({ name, size, ...anonymous });
      await pipeline(createReadStream(join(folder, name)), entry, { signal: stop.signal }).catch((cause: unknown) => {
        throw /size mismatch/i.test(String(cause)) ? changed(name, cause) : cause;
      });
      onPacked(index + 1);
    }
    pack.finalize();
  };
  try {
    await mkdir(dirname(archive), { recursive: true });
    // Whichever fails first says why; the other one is ended by it, and waited for, or it would write after the clean-up.
    const failures: unknown[] = [];
    await Promise.all([
      pipeline(pack, createWriteStream(partial), signal === undefined ? {} : { signal }).catch((error: unknown) => {
        failures.push(error);
        stop.abort();
      }),
      fill().catch((error: unknown) => {
        failures.push(error);
        pack.destroy();
      }),
    ]);
    if (failures.length > 0) throw failures[0];
    const { digest, size: bytes } = await digestOfFile(partial, signal);
    await rename(partial, archive);
    return { files: sorted.length, bytes, digest };
  } catch (error) {
    await rm(partial, { force: true }).catch(() => undefined);
    signal?.throwIfAborted();
    throw writeError(archive, error);
  }
}

/** The files of a folder that `pawl data pack` packs. */
export interface Packable {
  readonly files: readonly PackedFile[];
  /** Hidden files, links that lead out of the folder, and what is no file. */
  readonly left: readonly FoundFile[];
}

/**
 * What of a folder goes into an archive: every regular file that is not hidden, and not the archive itself. Of a link that
 * leads out nothing goes in: whoever gets the archive gets the folder, and no other.
 *
 * @throws CliError FILE_NOT_FOUND, DATA_EMPTY.
 */
export async function packable(folder: string, archive: string): Promise<Packable> {
  const own = relative(resolve(folder), resolve(archive)).split(sep).join('/');
  const found = (await listFiles(folder, 'named')).filter(({ name }) => name !== own);
  const files = found.flatMap(({ name, size }) => (size === undefined || isHidden(name) ? [] : [{ name, size }]));
  if (files.length === 0)
    throw new CliError('DATA_EMPTY', `${folder} holds no file to pack.`, 'Name the folder that holds the files.');
  return { files, left: found.filter(({ name, size }) => size === undefined || isHidden(name)) };
}

const changed = (name: string, cause: unknown) =>
  new CliError('DATA_UNREADABLE', `${name} changed while it was packed.`, 'Run the command again.', cause);
