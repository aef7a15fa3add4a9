import { judgeGolden, nameSome, type GoldenAnswer } from './judge-golden.ts';

/** `a>b b>b`: a picture of a answered b, and so on; `a>` is answered by nothing finite. */
const answers = (text: string): GoldenAnswer[] =>
  text.split(' ').map((part) => {
    const [label = '', answered = ''] = part.split('>');
    return { label, answered: answered === '' ? undefined : answered };
  });
const judge = (labels: string, text: string) => () => {
  judgeGolden(labels.split(','), answers(text));
};

describe('the answers to golden images', () => {
  it.each([
    ['all right', 'a,b', 'a>a b>b'],
    ['four of five', 'a,b', 'a>a a>a a>b b>b b>b'],
    ['of some of many labels', 'a,b,c', 'a>a b>b'],
  ])('pass: %s', (_, labels, text) => {
    expect(judge(labels, text)).not.toThrow();
  });

  it.each([
    ['swapped', 'a,b', 'a>b b>a', /permuted: a,b -> b,a; as given, 0 of 2/],
    ['in a ring', 'blue,green,red', 'red>blue green>red blue>green', /permuted: blue,green,red -> red,blue,green/],
    ['two of three swapped, one mistake in six', 'a,b,c', 'a>b a>b b>a b>a c>c c>a', /permuted: a,b,c -> b,a,c/],
    [
      'of one label',
      'a,b,c',
      'a>a a>a b>a c>a',
      /2 of 4 golden images rightly, less than 80 %, and none of b, c: it says a of every picture/,
    ],
    ['three of four', 'a,b', 'a>a a>b b>b b>b', /3 of 4 golden images rightly, less than 80 %\./],
    [
      'none of one label, though nine of ten',
      'a,b',
      `${'a>a '.repeat(9)}b>a`,
      /9 of 10 golden images rightly, and none of b: it says a/,
    ],
    ['nothing finite', 'a,b', 'a> b>', /0 of 2/],
  ])('are refused: %s', (_, labels, text, message) => {
    expect(judge(labels, text)).toThrow(message);
  });

  it('suggests an order in which the same answers are right', () => {
    // The output's first value is red's, though "blue" was said to be first.
    expect(judge('blue,green,red', 'red>blue green>green blue>red')).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('--labels red,green,blue;') as string }) as Error,
    );
  });

  it('names ten labels at most', () => {
    expect(nameSome(Array.from({ length: 12 }, (_, i) => `l${i}`))).toMatch(/l9 and 2 more$/);
  });
});
