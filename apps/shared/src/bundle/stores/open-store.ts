import type { BundleLocation } from '../bundle-uri.ts';
import type { HttpsStoreOptions } from './https.ts';
import type { OciStoreOptions } from './oci.ts';
import type { S3StoreOptions } from './s3.ts';
import type { BundleStore } from './store.ts';

/** Options of all stores; each takes its own. */
export interface StoreOptions extends HttpsStoreOptions, OciStoreOptions {
  readonly s3?: S3StoreOptions | undefined;
}

/**
 * Opens the store of an address. Every store is loaded when it is first needed: a service that opens a `file://` bundle
 * pays for none of the others.
 */
export async function openStore(location: BundleLocation, options: StoreOptions): Promise<BundleStore> {
  switch (location.kind) {
    case 'file':
      return (await import('./file.ts')).fileStore(location);
    case 'https':
      return (await import('./https.ts')).httpsStore(location, options);
    case 'oci':
      return (await import('./oci.ts')).ociStore(location, options);
    case 's3':
      return await (await import('./s3.ts')).s3Store(location, options.s3 ?? {});
  }
}
