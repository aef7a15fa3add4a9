import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { inRepository } from '@pawl/test-kit/repository';

/** Larger files say nothing that small ones do not, and are slow to change, bytes. */
const LARGEST = 128 * 1024;

function filesOf(folder: string): Uint8Array[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .filter((path) => statSync(path).size <= LARGEST)
    .map((path) => readFileSync(path));
}

/** Photographs of the repository, and the files of PAWL_TEST_HOSTILE where it is set. */
export function images(): readonly Uint8Array[] {
  const hostile = process.env['PAWL_TEST_HOSTILE'] ?? '';
  const photographs = ['charts/pawl/acceptance', 'apps/inference/public/examples', 'models/catdog/golden']
    .flatMap((folder) => filesOf(inRepository(folder)))
    .filter((bytes) => bytes[0] === 0xff || bytes[0] === 0x89);
  return hostile === '' ? photographs : [...photographs, ...filesOf(hostile)];
}
