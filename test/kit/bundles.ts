import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ManifestDraft } from '@pawl/shared/bundle/manifest';
import type { Bundle } from '@pawl/shared/bundle/open-bundle';
import type { RetryClock } from '@pawl/shared/concurrency/retry';
import { writeBundle, type BundleSourceFile, type WriteBundleOptions } from '@pawl/shared/bundle/write-bundle';

/** Test support: a fresh folder for each test; `cleanFolders` in `afterEach` deletes them all. */
const folders: string[] = [];

/** A fresh empty folder. */
export async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pawl-bundle-'));
  folders.push(folder);
  return folder;
}

/** Deletes every folder of {@link aFolder}. */
export async function cleanFolders(): Promise<void> {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
}

/** Bytes that no compression and no shift leaves equal; the same for the same size and seed. */
export function someBytes(size: number, seed = 1): Buffer {
  if (size === 0) return Buffer.alloc(0);
  return createHash('shake256', { outputLength: size }).update(String(seed)).digest();
}

/** The sources of a small bundle: a model of `modelSize` bytes that is no ONNX graph, one golden image, a reference. */
export function someSources(modelSize = 300_000): BundleSourceFile[] {
  return [
    { path: 'model.onnx', source: someBytes(modelSize) },
    { path: 'golden/cat-1.jpg', source: someBytes(2000, 2) },
    { path: 'reference.json', source: Buffer.from('{}\n') },
  ];
}

/** A manifest draft that fits {@link someSources}. */
export function someDraft(changes: Partial<ManifestDraft> = {}): ManifestDraft {
  return {
    schemaVersion: 1,
    name: 'catdog',
    version: '1.4.0',
    labels: ['cat', 'dog'],
    model: 'model.onnx',
    input: { name: 'image', layout: 'NHWC', dtype: 'uint8', width: 224, height: 224, fit: 'fill', kernel: 'lanczos3' },
    output: { kind: 'binary-logit', name: 'logit' },
    golden: {
      tolerance: 0.02,
      images: [{ file: 'golden/cat-1.jpg', label: 'cat', probabilities: { cat: 0.9, dog: 0.1 } }],
    },
    reference: 'reference.json',
    ...changes,
  };
}

/** A bundle of {@link someSources} in a fresh folder; `keep`: {@link cleanFolders} leaves it. */
export async function aBundle(
  options: WriteBundleOptions & { readonly modelSize?: number; readonly keep?: boolean } = {},
): Promise<Bundle> {
  const parent = options.keep === true ? await mkdtemp(join(tmpdir(), 'pawl-bundle-')) : await aFolder();
  const target = join(parent, 'bundle');
  return await writeBundle(target, someDraft(), someSources(options.modelSize), options);
}

/** A clock that does not wait; `pauses` keeps what it was asked for. */
export function instantClock(): RetryClock & { readonly pauses: number[] } {
  const pauses: number[] = [];
  return {
    pauses,
    sleep: (ms, signal) => {
      pauses.push(ms);
      signal.throwIfAborted();
      return Promise.resolve();
    },
    random: () => 0.5,
  };
}

/** What a promise was rejected with; fails when it was not. */
export async function rejection(promise: Promise<unknown>): Promise<Record<string, unknown>> {
  return await promise.then(
    () => {
      throw new Error('expected a rejection');
    },
    (error: unknown) => error as Record<string, unknown>,
  );
}

/** A matcher for `toThrow` on some properties of the error; typed, which jest's own is not. */
export function anError(properties: Record<string, unknown>): Error {
  return expect.objectContaining(properties) as Error;
}
