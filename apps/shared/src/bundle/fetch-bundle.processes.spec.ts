import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { aBundle, aFolder, cleanFolders, someBytes } from '@pawl/test-kit/bundles';
import { serveFolder } from '@pawl/test-kit/file-server';
import type { fetchBundle } from './fetch-bundle.ts';
import { generateSigningKeyPair } from './signature.ts';

afterEach(cleanFolders);

describe('fetchBundle in several processes', () => {
  it.each([
    ['with a digest', true],
    ['without a digest', false],
  ])('lets all of them fetch to one target at once, %s', async (_, withDigest) => {
    const published = await aBundle({ privateKeyPem: generateSigningKeyPair().privateKeyPem });
    const server = await serveFolder(published.directory);
    const folder = await aFolder();
    const options = {
      directory: join(folder, 'current'),
      maxBytes: 1_000_000,
      timeoutMs: 120_000,
      ...(withDigest ? { digest: published.digest } : {}),
    };
    const bundles = await Promise.all((await asProcesses(4)).map((fetch) => fetch(server.url, options)));
    await server.close();
    expect(bundles.map((bundle) => bundle.digest)).toEqual(bundles.map(() => published.digest));
    expect(await readFile(join(options.directory, 'model.onnx'))).toEqual(someBytes(300_000));
    expect(await readdir(folder)).toEqual(['current']);
    // Else they had queued as calls of one process do, and the test would show nothing.
    expect(server.requests.filter((line) => line.includes('model.onnx')).length).toBeGreaterThan(1);
  });
});

/** The module loaded again so many times: like several processes, the copies share nothing but the file system. */
async function asProcesses(count: number): Promise<(typeof fetchBundle)[]> {
  const copies: (typeof fetchBundle)[] = [];
  for (let copy = 0; copy < count; copy += 1) {
    import.meta.jest.resetModules();
    copies.push((await import('./fetch-bundle.ts')).fetchBundle);
  }
  expect(new Set(copies).size).toBe(count);
  return copies;
}
