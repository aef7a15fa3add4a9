import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ManifestDraft } from '@pawl/shared/bundle/manifest';
import { publishBundle } from '@pawl/shared/bundle/publish-bundle';
import { writeBundle, type BundleSourceFile } from '@pawl/shared/bundle/write-bundle';
import { someBytes, someDraft } from '@pawl/test-kit/bundles';

/** What makes a small bundle; its graph is none. */
export interface BundleRecipe {
  readonly version?: string;
  /** Other weights for another number. */
  readonly weights?: number;
  /** Bytes of the model, instead of `weights`. */
  readonly model?: Uint8Array;
  readonly changes?: Partial<ManifestDraft>;
  readonly privateKeyPem?: string;
}

/** Writes a small bundle into `<folder>/<name>`. */
export async function writeSmallBundle(folder: string, name: string, recipe: BundleRecipe = {}) {
  const { version = '1.0.0', weights = 1, changes = {}, privateKeyPem } = recipe;
  const sources: BundleSourceFile[] = [
    { path: 'model.onnx', source: recipe.model ?? someBytes(50_000, weights) },
    { path: 'golden/cat-1.jpg', source: someBytes(2000, 2) },
    { path: 'reference.json', source: Buffer.from('{}\n') },
  ];
  const draft = someDraft({ version, ...changes });
  const { digest } = await writeBundle(join(folder, name), draft, sources, { privateKeyPem });
  return { folder: join(folder, name), digest };
}

/** Writes a small bundle and publishes it below `<folder>/store`; the address is what a cluster would be given. */
export async function publishSmallBundle(folder: string, recipe: BundleRecipe & { readonly version: string }) {
  const { folder: bundle, digest } = await writeSmallBundle(folder, `bundle-${recipe.version}`, recipe);
  const uri = pathToFileURL(join(folder, 'store', recipe.version)).href;
  await publishBundle(bundle, uri);
  return { uri, digest };
}

/** A server that gives every request the same status. */
export async function serveStatus(status: number): Promise<{ readonly host: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(status).end('{"errors":[{"message":"Bearer of-a-secret"}]}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
