import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { compareCodeUnits } from '@pawl/shared/bundle/canonical-json';
import { codeOf } from '@pawl/shared/errors/system-error';
import { CliError } from '../../errors/cli-error.ts';

/** Where a file lies in an archive. */
interface TarEntry {
  /** Bytes from the start of the archive to the file's own first byte. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
}

/** What an archive holds. */
export interface TarIndex {
  /** By name, sorted. */
  readonly files: ReadonlyMap<string, TarEntry>;
  /** Names of symbolic and hard links, which have no bytes of their own. */
  readonly links: readonly string[];
}

/** Bytes read from the archive at once. */
const CHUNK = 1024 * 1024;

/**
 * Reads an archive once, from front to end, and says where its files lie. Folders and anything else that is neither file nor
 * link are skipped; of two files with one name the later counts, as when unpacking.
 *
 * @throws CliError DATA_UNREADABLE where the file is no tar archive or is cut short; the reason of `signal`.
 */
export async function indexTar(path: string, signal?: AbortSignal): Promise<TarIndex> {
  const { extract } = await import('tar-stream');
  const found: (readonly [string, TarEntry])[] = [];
  const links: string[] = [];
  const reader = extract();
  reader.on('entry', (header, entry, next) => {
    // Its position is not in the types.
    const { byteOffset: offset } = header as typeof header & { readonly byteOffset: number };
    const name = header.name.replace(/^(\.?\/)+/, '');
    if (header.type === 'file' && name !== '') found.push([name, { offset, size: header.size }]);
    if (header.type === 'symlink' || header.type === 'link') links.push(name);
    entry.on('end', next);
    // The reader fails for the same reason.
    entry.on('error', () => undefined);
    entry.resume();
  });
  try {
    const options = signal === undefined ? {} : { signal };
    await pipeline(createReadStream(path, { highWaterMark: CHUNK }), reader, options);
  } catch (cause) {
    signal?.throwIfAborted();
    // tar-stream's own errors have no code.
    if (codeOf(cause) !== undefined) throw cause;
    throw new CliError(
      'DATA_UNREADABLE',
      `${path} is no tar archive, or is cut short: ${(cause as Error).message}`,
      'Give a folder, or an archive made by `pawl data pack` (not compressed).',
      cause,
    );
  }
  return { files: new Map(found.sort(([a], [b]) => compareCodeUnits(a, b))), links };
}
