import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { compareCodeUnits } from '@pawl/shared/bundle/canonical-json';
import { isMissing } from '@pawl/shared/errors/system-error';
import { CliError } from '../../../errors/cli-error.ts';

/** Bundles that are there to train on, a folder each: a backbone is called by the folder's name. */
const BACKBONES = 'models/backbones';

/**
 * The address that a backbone's name stands for: `resnet18` is `models/backbones/resnet18` where there is nothing called
 * `resnet18` in the working directory. Whatever holds a slash, a colon or the ending `.onnx` is an address itself.
 *
 * @throws CliError FILE_NOT_FOUND with the names that there are.
 */
export async function findBackbone(text: string, cwd: string): Promise<string> {
  if (/[/\\:]|\.onnx$/.test(text) || (await entries(resolve(cwd))).includes(text)) return text;
  const names = await entries(resolve(cwd, BACKBONES));
  if (names.includes(text)) return join(BACKBONES, text);
  throw new CliError(
    'FILE_NOT_FOUND',
    `There is no backbone "${text}": ${names.length === 0 ? `${BACKBONES} holds none` : `${BACKBONES} holds ${names.join(', ')}`}.`,
    'Give one of them, the folder or address of a bundle, or an ONNX file.',
  );
}

async function entries(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).sort(compareCodeUnits);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
