import { adviceOnOtherFormat, describeOtherFormat, sniffImageFormat } from './image-format.ts';

const latin1 = (text: string) => Buffer.from(text.padEnd(32, '\0'), 'latin1');
/** A file that starts with an ISO ftyp box. */
const ftyp = (major: string, ...compatible: string[]) => {
  const body = `ftyp${major}\0\0\0\0${compatible.join('')}`;
  return latin1(String.fromCharCode(0, 0, 0, body.length + 4) + body);
};

describe('sniffImageFormat', () => {
  it.each([
    ['jpeg', latin1('\xff\xd8\xff\xe0')],
    ['png', latin1('\x89PNG\r\n\x1a\n')],
    ['gif', latin1('GIF87a')],
    ['gif', latin1('GIF89a')],
    ['webp', latin1('RIFF\x10\0\0\0WEBPVP8 ')],
    ['avif', ftyp('avif', 'mif1', 'miaf')],
    ['avif', ftyp('mif1', 'miaf', 'avif')],
  ])('%s', (format, bytes) => {
    expect(sniffImageFormat(bytes)).toBe(format);
  });

  it.each([
    ['SVG', latin1('<svg xmlns="http://www.w3.org/2000/svg">'), 'an SVG'],
    ['SVG behind a declaration', latin1('<?xml version="1.0"?><svg>'), 'XML or SVG'],
    ['PDF', latin1('%PDF-1.7'), 'a PDF'],
    ['TIFF, little endian', latin1('II*\0'), 'a TIFF'],
    ['TIFF, big endian', latin1('MM\0*'), 'a TIFF'],
    ['BMP', latin1('BM\x36\0'), 'a BMP'],
    ['HEIC', ftyp('heic', 'mif1', 'heic'), 'a HEIC or HEIF'],
    ['HEIC that also lists avif', ftyp('heic', 'avif'), 'a HEIC or HEIF'],
    ['HEIF of no said codec', ftyp('mif1', 'miaf'), 'a HEIC or HEIF'],
    ['AVIF sequence', ftyp('avis', 'avif'), 'an AVIF image sequence'],
    ['MP4', ftyp('isom', 'mp41'), 'a video or another ISO media file'],
    ['JPEG XL', latin1('\xff\x0a'), 'a JPEG XL'],
    ['JPEG 2000', latin1('\0\0\0\x0cjP  '), 'a JPEG 2000'],
    ['ZIP', latin1('PK\x03\x04'), 'a ZIP archive'],
    ['gzip', latin1('\x1f\x8b\x08'), 'compressed by gzip'],
    ['a page that was saved instead of the picture', latin1('<!doctype html>'), 'HTML or XML'],
    ['an error body that was saved instead of the picture', latin1('{"error":1}'), 'JSON'],
    ['WAV, a RIFF as WebP is', latin1('RIFF\x10\0\0\0WAVE'), undefined],
    ['text', latin1('cat.jpg'), undefined],
  ])('refuses %s and says what it is', (_, bytes, name) => {
    expect(sniffImageFormat(bytes)).toBeUndefined();
    expect(describeOtherFormat(bytes)).toBe(name);
    expect(adviceOnOtherFormat(bytes) === undefined).toBe(name === undefined);
  });

  it.each([0, 1, 2, 3, 7, 11, 15])('bears a file of %i bytes', (length) => {
    for (const whole of [latin1('\x89PNG\r\n\x1a\n'), ftyp('avif', 'mif1'), latin1('RIFF\0\0\0\0WEBP')]) {
      expect(() => sniffImageFormat(whole.subarray(0, length))).not.toThrow();
      expect(() => describeOtherFormat(whole.subarray(0, length))).not.toThrow();
    }
  });

  it('reads brands only inside their box', () => {
    const box = ftyp('mif1', 'miaf');
    expect(sniffImageFormat(Buffer.concat([box.subarray(0, box[3]), Buffer.from('avif')]))).toBeUndefined();
  });

  it('reads a view into a larger buffer at its own offset', () => {
    const bytes = Buffer.concat([Buffer.alloc(5, 1), ftyp('avif', 'mif1')]);
    expect(sniffImageFormat(bytes.subarray(5))).toBe('avif');
  });
});
