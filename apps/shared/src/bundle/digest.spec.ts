import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createDigester, digestOfBytes, digestOfFile, isDigest } from './digest.ts';
import { aFolder, cleanFolders, rejection, someBytes } from '@pawl/test-kit/bundles';

afterEach(cleanFolders);

describe('digest', () => {
  it('writes the sha256 test vector of FIPS 180-4', () => {
    expect(digestOfBytes(Buffer.from('abc'))).toBe(
      'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });

  it.each([0, 1, 1024 * 1024, 2 * 1024 * 1024 + 17])(
    'hashes a file of %d bytes as node does in one go',
    async (size) => {
      const bytes = someBytes(size);
      const path = join(await aFolder(), 'file');
      await writeFile(path, bytes);
      const expected = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
      expect(await digestOfFile(path)).toEqual({ digest: expected, size });
      const digester = createDigester();
      digester.update(bytes.subarray(0, 7));
      digester.update(bytes.subarray(7));
      expect(digester.digest()).toBe(expected);
    },
  );

  it('refuses a folder, and stops when it is aborted', async () => {
    const folder = await aFolder();
    expect(await rejection(digestOfFile(folder))).toMatchObject({ code: 'EINVAL' });
    await writeFile(join(folder, 'file'), 'x');
    const reason = new Error('enough');
    expect(await rejection(digestOfFile(join(folder, 'file'), AbortSignal.abort(reason)))).toBe(reason);
  });

  it.each([
    ['sha256:' + 'a'.repeat(64), true],
    ['sha256:' + 'A'.repeat(64), false],
    ['sha256:' + 'a'.repeat(63), false],
    ['sha512:' + 'a'.repeat(64), false],
    ['a'.repeat(64), false],
  ])('says of %s that it is a digest: %s', (text, expected) => {
    expect(isDigest(text)).toBe(expected);
  });
});
