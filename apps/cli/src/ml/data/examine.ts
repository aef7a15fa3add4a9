import { digestOfBytes } from '@pawl/shared/bundle/digest';
import { lateCodes } from '@pawl/shared/errors/late';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import type { ImageDecoder } from '@pawl/shared/preprocessing/decode-image';
import { encodePng, imageLibrary } from '@pawl/shared/preprocessing/encode-image';
import { sniffImageFormat, type ImageFormat } from '@pawl/shared/preprocessing/image-format';
import type { SourceFacts, Split } from './dataset.ts';
import type { FileTree } from './file-tree.ts';
import { unreadableFile, type Candidate, type Unreadable } from './find-photographs.ts';
import { fingerprintOf, type Fingerprint } from './fingerprint.ts';
import type { Journal } from './journal.ts';
import type { PictureStore } from './picture-store.ts';

/** What is known of the content of a photograph: the same for every file with these bytes. */
export type PhotographContent =
  | {
      readonly kind: 'decoded';
      readonly format: string;
      /** Pixels as looked at. */
      readonly width: number;
      readonly height: number;
      /** sha256 of the prepared PNG. */
      readonly picture: string;
      readonly print: Fingerprint;
    }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string };

/** A photograph that was decoded. */
export interface Decoded {
  readonly label: string;
  /** Where the raw folder is split already. */
  readonly split?: Split | undefined;
  readonly source: SourceFacts;
  /** sha256 of the prepared PNG, `sha256:<hex>`. */
  readonly picture: string;
  readonly print: Fingerprint;
}

/** What photographs are examined with. */
export interface ExaminerParts {
  readonly tree: FileTree;
  readonly decoder: ImageDecoder;
  /** Pixels of width and height. */
  readonly imageSize: number;
  readonly formats: readonly ImageFormat[];
  /** Bytes; a larger file is refused without being read into memory. */
  readonly maxBytes: number;
  readonly journal: Journal<PhotographContent>;
  readonly store: PictureStore;
}

/** Looks at single photographs. */
export interface Examiner {
  /** Pictures that were made, not found from an earlier run. */
  readonly made: number;
  /** Keys of everything that was asked of the journal. */
  readonly keys: readonly string[];
  /**
   * Decodes a photograph and keeps the picture, unless an earlier run did so.
   *
   * @throws CliError DISK_FULL, FILE_WRITE_FAILED, DATA_UNREADABLE for a broken archive.
   */
  examine(candidate: Candidate): Promise<Decoded | Unreadable>;
}

/** Version of what is found out and how; another one finds everything out again. */
const FINDINGS = 1;

/** An examiner; many photographs may be examined at the same time. */
export function createExaminer(parts: ExaminerParts): Examiner {
  const { tree, decoder, imageSize, formats, maxBytes, journal, store } = parts;
  const context = `${FINDINGS} ${imageLibrary} ${imageSize} ${formats.join()}`;
  const underWay = new Map<string, Promise<PhotographContent>>();
  const keys: string[] = [];
  let made = 0;

  async function findOut(digest: string, bytes: Uint8Array<ArrayBuffer>): Promise<PhotographContent> {
    const key = `${digest} ${context}`;
    keys.push(key);
    const known = journal.get(key);
    if (known?.kind === 'refused' || (known !== undefined && (await store.has(digest, known.picture)))) return known;
    const finding = await decode(digest, bytes);
    // A timeout says more about the moment than about the file.
    if (finding.kind === 'decoded' || !lateCodes.has(finding.code)) await journal.add(key, finding);
    return finding;
  }

  async function decode(digest: string, bytes: Uint8Array<ArrayBuffer>): Promise<PhotographContent> {
    const format = sniffImageFormat(bytes);
    if (format !== undefined && !formats.includes(format))
      return {
        kind: 'refused',
        code: 'IMAGE_FORMAT_UNSUPPORTED',
        message: `The file is named as another format but is ${format.toUpperCase()}, which is not among preprocess.formats.`,
      };
    try {
      const { pixels, width, height, format: decodedFormat } = await decoder.decode(bytes);
      const print = fingerprintOf(pixels, imageSize, imageSize);
      const png = await encodePng({ pixels, width: imageSize, height: imageSize });
      free(pixels);
      await store.save(digest, png);
      const picture = digestOfBytes(png);
      free(png);
      made += 1;
      return { kind: 'decoded', format: decodedFormat, width, height, picture, print };
    } catch (error) {
      if (!(error instanceof PawlError)) throw error;
      return { kind: 'refused', code: error.code, message: error.message };
    }
  }

  return {
    get made() {
      return made;
    },
    keys,
    async examine({ path, label, split, size }) {
      let bytes: Uint8Array<ArrayBuffer>;
      try {
        // The decoder refuses it by its length; a file of many gigabytes must not get into memory for that.
        if (size > maxBytes)
          return {
            path,
            code: 'FILE_TOO_LARGE',
            message: `The file has ${size} bytes; at most ${maxBytes} are allowed.`,
          };
        bytes = await tree.read(path);
      } catch (error) {
        return unreadableFile(path, error);
      }
      const digest = digestOfBytes(bytes);
      // Two files with the same bytes are one piece of work.
      const work = underWay.get(digest) ?? findOut(digest, bytes);
      underWay.set(digest, work);
      const finding = await work;
      if (finding.kind === 'refused') return { path, code: finding.code, message: finding.message };
      const { format, width, height, picture, print } = finding;
      const { brightness } = print;
      const source = { path, digest, format, width, height, bytes: size, brightness };
      return { label, split, source, picture, print };
    },
  };
}

/** Gives memory outside the heap back now; the collector would let hundreds of pictures pile up behind small objects. */
function free(array: Uint8Array<ArrayBuffer>): void {
  if (array.byteLength === array.buffer.byteLength && array.byteLength > 0) array.buffer.transfer(0);
}
