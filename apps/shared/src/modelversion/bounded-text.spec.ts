import { boundedText } from './bounded-text.ts';

describe('boundedText', () => {
  it.each<[string, string, number, string]>([
    ['a text that fits', 'all is well', 20, 'all is well'],
    ['one that is too long', 'all is well', 5, 'all …'],
    ['one that would be cut within a character', 'ab😀cd', 4, 'ab…'],
    ['control characters', 'a\u001b[31mb\nc', 20, 'a [31mb c'],
    ['half a character', 'a\ud800b', 20, 'a\ufffdb'],
    ['secrets of addresses', 'got 403 from https://u:p@store/m?sig=S', 60, 'got 403 from https://***@store/m?***'],
    ['secrets that the limit would have cut in two', 'https://u:PASSWORD@store/m', 16, 'https://***@sto…'],
  ])('%s', (_, text, longest, expected) => {
    expect(boundedText(text, longest)).toBe(expected);
  });
});
