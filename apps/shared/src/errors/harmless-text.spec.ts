import { harmlessText } from './harmless-text.ts';

describe('harmless text', () => {
  it.each([
    ['an escape sequence', 'a\u001b[31mb', 'a\ufffd[31mb'],
    ['a title of a terminal', '\u001b]0;x\u0007', '\ufffd]0;x\ufffd'],
    ['a C1 control', 'a\u009bb', 'a\ufffdb'],
    ['a carriage return', 'good\rbad', 'good\ufffdbad'],
    ['bidi overrides, isolates and marks', '\u202e\u2066\u200f\u061c', '\ufffd\ufffd\ufffd\ufffd'],
    ['zero-width characters', 'cat\u200b\ufeff', 'cat\ufffd\ufffd'],
    ['half a pair', 'a\ud83d', 'a\ufffd'],
    ['a tag character', 'a\u{e0041}', 'a\ufffd'],
  ])('has no %s', (_, text, expected) => {
    expect(harmlessText(text, 100)).toBe(expected);
  });

  it.each(['grün', '猫', '😀', 'two\nlines', 'a – b', ''])('leaves %j alone', (text) => {
    expect(harmlessText(text, 100)).toBe(text);
  });

  it('is as long as allowed, and ends with a whole character', () => {
    expect(harmlessText('abcdef', 6)).toBe('abcdef');
    expect(harmlessText('abcdefg', 6)).toBe('abcde…');
    expect(harmlessText('abcd😀g', 6)).toBe('abcd…');
  });
});
