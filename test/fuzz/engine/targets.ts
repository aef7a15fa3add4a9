import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { inRepository } from '@pawl/test-kit/repository';

const FOLDER = inRepository('test/fuzz/targets');

/** Names of all targets: the files of `targets/`, without ending. */
export const targetNames: readonly string[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -'.ts'.length))
  .sort();

/** Path of a target's module. */
export const targetModule = (name: string): string => join(FOLDER, `${name}.ts`);
