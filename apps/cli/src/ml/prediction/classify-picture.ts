import { readFile, stat } from 'node:fs/promises';
import type { Manifest } from '@pawl/shared/bundle/manifest';
import { codeOf } from '@pawl/shared/errors/system-error';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { toAnswer } from '@pawl/shared/execution/answer';
import { isRefusedPicture, MAX_PICTURE_BYTES, type LocalModel } from '../../bundles/local-model.ts';
import type { AnswerRow } from './answer-row.ts';
import type { Picture } from './find-pictures.ts';

/** Codes of the pool, beside those of pictures and files, that speak of one picture and not of the model or the run. */
const ofOnePicture: readonly string[] = [
  'INFERENCE_FAILED',
  'WORKER_CRASHED',
  'SERVICE_STALLED',
  'DEADLINE_EXCEEDED',
] satisfies PawlError['code'][];

/** What the file system says, for people. */
const systemWords: Readonly<Record<string, string>> = {
  ENOENT: 'There is no such file.',
  ENOTDIR: 'A part of the path is no folder.',
  EACCES: 'The file may not be read.',
  EPERM: 'The file may not be read.',
  EIO: 'The disk cannot read the file.',
  ELOOP: 'The link leads in a circle.',
};

/**
 * Reads a picture and asks the model about it.
 *
 * @returns its answer, or why there is none; what speaks of this picture alone is never thrown.
 * @throws PawlError of the pool, such as CLIENT_CLOSED_REQUEST for a run that was stopped.
 */
export async function classifyPicture(
  model: Pick<LocalModel, 'ask'>,
  manifest: Pick<Manifest, 'labels' | 'output' | 'abstain'>,
  { name, path }: Picture,
): Promise<AnswerRow> {
  const unreadable = (code: string, message: string): AnswerRow => ({ kind: 'unreadable', file: name, code, message });
  try {
    const stats = await stat(path);
    // Opened, a pipe would be waited for.
    if (!stats.isFile())
      return stats.isDirectory()
        ? unreadable('EISDIR', 'It is a folder.')
        : unreadable('EINVAL', 'It is no regular file, but a pipe, a socket or a device.');
    // The decoder refuses it by its length; a file of many gigabytes must not get into memory for that.
    if (stats.size > MAX_PICTURE_BYTES)
      return unreadable(
        'FILE_TOO_LARGE',
        `The file has ${stats.size} bytes; at most ${MAX_PICTURE_BYTES} are allowed.`,
      );
    const answer = toAnswer(await model.ask(await readFile(path)), manifest);
    return answer === undefined
      ? unreadable('INFERENCE_FAILED', 'The model gave no finite answer for this picture.')
      : { kind: 'answered', file: name, answer };
  } catch (error) {
    if (isRefusedPicture(error) || (error instanceof PawlError && ofOnePicture.includes(error.code)))
      return unreadable(error.code, error.message);
    const code = error instanceof PawlError ? undefined : codeOf(error);
    if (code === undefined || !/^E[A-Z0-9]+$/.test(code)) throw error;
    return unreadable(code, systemWords[code] ?? `The file cannot be read (${code}).`);
  }
}
