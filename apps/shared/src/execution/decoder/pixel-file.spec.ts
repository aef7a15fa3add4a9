import { ftruncateSync } from 'node:fs';
import { PixelFile, writePixels } from './pixel-file.ts';

const pixels = Uint8Array.from({ length: 1_000 }, (_, at) => at % 251);
const files: PixelFile[] = [];

function aFile(bytes: number): PixelFile {
  const file = PixelFile.create(bytes);
  if (file === undefined) throw new Error('this system has no /dev/shm, which Linux has');
  files.push(file);
  return file;
}

afterEach(() => {
  for (const file of files.splice(0)) file.close();
});

describe('PixelFile', () => {
  it('gives what was written, each time anew', () => {
    const file = aFile(1_000);
    expect(writePixels(file.fd, pixels)).toBe(true);
    expect(file.read(1_000)).toEqual(pixels);
    expect(writePixels(file.fd, pixels.toReversed())).toBe(true);
    const own = file.read(1_000);
    expect(own).toEqual(pixels.toReversed());
    expect(own.buffer.byteLength).toBe(1_000);
  });

  it('gives no more than it was made for, whatever the other side says or does', () => {
    const file = aFile(100);
    expect(writePixels(file.fd, pixels)).toBe(true);
    expect(() => file.read(1_000)).toThrow('1000 bytes of pixels; at most 100 are allowed');
    ftruncateSync(file.fd, 10);
    expect(() => file.read(100)).toThrow('100 bytes of pixels were announced, and 10 written');
  });

  it('is not there where a system has no such memory', () => {
    expect(PixelFile.create(100, '/nonexistent')).toBeUndefined();
  });
});

it('says when pixels cannot be written', () => {
  const file = aFile(100);
  file.close();
  files.length = 0;
  expect(writePixels(file.fd, pixels)).toBe(false);
});
