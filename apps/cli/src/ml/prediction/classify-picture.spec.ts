import { execFileSync } from 'node:child_process';
import { symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Classification } from '@pawl/shared/execution/image-task';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { aFolder, cleanFolders, someDraft } from '@pawl/test-kit/bundles';
import { classifyPicture } from './classify-picture.ts';

const draft = {
  ...someDraft(),
  output: { kind: 'binary-logit', name: 'logit', threshold: 0.5 },
} as const;
const asked = (output: readonly number[]) => ({
  ask: () => Promise.resolve({ output } as unknown as Classification),
});
const failing = (error: Error) => ({ ask: () => Promise.reject(error) });
const neverAsked = failing(new Error('the model was asked'));

describe('classifyPicture', () => {
  let folder: string;
  const at = (name: string) => ({ name, path: join(folder, name) });
  beforeEach(async () => {
    folder = await aFolder();
    await writeFile(join(folder, 'a.jpg'), 'bytes');
  });
  afterEach(cleanFolders);

  it('gives the answer of the service', async () => {
    expect(await classifyPicture(asked([2]), draft, at('a.jpg'))).toMatchObject({
      kind: 'answered',
      file: 'a.jpg',
      answer: { label: 'dog' },
    });
  });

  it.each<[string, string, () => Promise<unknown>]>([
    ['there is no such file', 'ENOENT', () => Promise.resolve()],
    ['a folder', 'EISDIR', () => Promise.resolve(execFileSync('mkdir', [join(folder, 'x')]))],
    ['a pipe, which is not waited for', 'EINVAL', () => Promise.resolve(execFileSync('mkfifo', [join(folder, 'x')]))],
    ['a link to itself', 'ELOOP', () => symlink('x', join(folder, 'x'))],
    [
      'a file too large to be read',
      'FILE_TOO_LARGE',
      async () => {
        await writeFile(join(folder, 'x'), '');
        await truncate(join(folder, 'x'), 10 * 2 ** 30);
      },
    ],
  ])('%s: a row with %s', async (_, code, make) => {
    await make();
    expect(await classifyPicture(neverAsked, draft, at('x'))).toMatchObject({ kind: 'unreadable', file: 'x', code });
  });

  it.each(['IMAGE_UNREADABLE', 'IMAGE_TIMEOUT', 'WORKER_CRASHED', 'INFERENCE_FAILED', 'DEADLINE_EXCEEDED'] as const)(
    '%s of the pool is a row',
    async (code) => {
      const row = await classifyPicture(failing(new PawlError(code, { message: 'So it is.' })), draft, at('a.jpg'));
      expect(row).toEqual({ kind: 'unreadable', file: 'a.jpg', code, message: 'So it is.' });
    },
  );

  it('has a row where the model gives no number', async () => {
    expect(await classifyPicture(asked([NaN]), draft, at('a.jpg'))).toMatchObject({ code: 'INFERENCE_FAILED' });
  });

  it.each([
    new PawlError('CLIENT_CLOSED_REQUEST', { message: 'stopped' }),
    new PawlError('MODEL_NOT_READY', { message: 'closed' }),
    new TypeError('a mistake'),
  ])('ends the run with what is not of this picture: %s', async (error) => {
    await expect(classifyPicture(failing(error), draft, at('a.jpg'))).rejects.toBe(error);
  });
});
