import { fileStore, parseFile } from './file.ts';
import { httpsStore, parseHttps, type HttpsStoreOptions } from './https.ts';
import { parseOci } from './oci-location.ts';
import type { OciStoreOptions } from './oci-registry.ts';
import { parseS3, s3Store, type S3StoreOptions } from './s3.ts';
import type { BundleStore, WritableStore } from './store.ts';

/** Options of all stores; each takes its own. */
export interface StoreOptions extends HttpsStoreOptions, OciStoreOptions {
  readonly s3?: S3StoreOptions | undefined;
}

/** How a bundle is published to a store: as one image, file by file, as a folder by one rename, or not at all. */
export type Publishing = 'image' | 'files' | 'folder' | 'never';

/** What is the same for every location of a bundle. */
interface AnyLocation {
  /** Name of the row in the table. */
  readonly kind: string;
  /** The address without user information, query and fragment. */
  readonly display: string;
}

interface Row<Location extends AnyLocation, Way extends Publishing> {
  /** Schemes of its addresses; the first is the one to recommend, the others are accepted in its place. */
  readonly schemes: readonly [string, ...string[]];
  /** Pure: takes an address of one of the schemes apart. @throws AddressProblem */
  parse(uri: string, options: HttpsStoreOptions): Location;
  /** How bundles are published to it; with `files`, `open` gives a store that takes files. */
  readonly publishing: Way;
  open(
    location: Location,
    options: StoreOptions,
  ): BundleStore | Promise<Way extends 'files' ? WritableStore : BundleStore>;
}

const row = <Location extends AnyLocation, Way extends Publishing>(of: Row<Location, Way>): Row<Location, Way> => of;

/**
 * The stores of bundles, in the order of messages. Each key is the `kind` of the locations that its `parse` makes. A row
 * costs little to load: what is heavy (the AWS SDK, the client of registries, tar) is loaded when a store is opened.
 */
const storeTable = {
  file: row({ schemes: ['file'], parse: parseFile, publishing: 'folder', open: fileStore }),
  https: row({ schemes: ['https', 'http'], parse: parseHttps, publishing: 'never', open: httpsStore }),
  oci: row({
    schemes: ['oci'],
    parse: parseOci,
    publishing: 'image',
    open: async (location, options) => (await import('./oci.ts')).ociStore(location, options),
  }),
  s3: row({
    schemes: ['s3'],
    parse: parseS3,
    publishing: 'files',
    open: (location, options) => s3Store(location, options.s3 ?? {}),
  }),
};

/** Where a bundle is stored, taken apart. */
export type BundleLocation = {
  [Kind in keyof typeof storeTable]: ReturnType<(typeof storeTable)[Kind]['parse']>;
}[keyof typeof storeTable];

// The types let any row take any location; `rowOf` sees to it that each gets its own.
const rows: readonly Row<BundleLocation, Publishing>[] = Object.values(storeTable);

/** Every scheme that an address may have, without colon. */
export const schemes: readonly string[] = rows.flatMap((each) => each.schemes);

/** Pure: the recommended schemes, for a message: `file://, https://, oci:// or s3://` with the ending `://`. */
export function listSchemes(ending: ':' | '://', publishing?: readonly Publishing[]): string {
  const wanted =
    publishing === undefined ? rows : publishing.flatMap((way) => rows.filter((each) => each.publishing === way));
  const names = wanted.map((each) => `${each.schemes[0]}${ending}`);
  return [names.slice(0, -1).join(', '), ...names.slice(-1)].filter((part) => part !== '').join(' or ');
}

/**
 * Pure: the location that an address names; undefined where no store has its scheme.
 *
 * @throws AddressProblem
 */
export function parseLocation(uri: string, options: HttpsStoreOptions): BundleLocation | undefined {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(uri)?.[1]?.toLowerCase();
  return rows.find((each) => scheme !== undefined && each.schemes.includes(scheme))?.parse(uri, options);
}

/** Opens the store of a location. */
export async function openStore(location: BundleLocation, options: StoreOptions): Promise<BundleStore> {
  return await rowOf(location).open(location, options);
}

/** Opens the store of a location for writing single files; undefined where it does not take them. */
export async function openWritableStore(
  location: BundleLocation,
  options: StoreOptions,
): Promise<WritableStore | undefined> {
  const of = rowOf(location);
  // What `row` demands of a row that is published by files.
  return of.publishing === 'files' ? ((await of.open(location, options)) as WritableStore) : undefined;
}

const rowOf = (location: BundleLocation): Row<BundleLocation, Publishing> => storeTable[location.kind];
