import { changesOf, comparePaired, pairedSentence } from './paired.ts';

const answers = (text: string) => text.split('').map((letter) => letter === '+');

describe('two versions on the same pictures', () => {
  it('are compared by what each alone answers rightly', () => {
    expect(comparePaired(answers('++-+--+++-'), answers('+-+-++++++'))).toEqual({
      count: 10,
      accuracyBefore: 0.6,
      accuracyAfter: 0.8,
      fixed: 4,
      broken: 2,
      p: expect.closeTo(0.6875, 12) as number,
    });
  });

  it('do not differ where they are right and wrong alike', () => {
    expect(comparePaired(answers('+-+'), answers('+-+'))).toMatchObject({ fixed: 0, broken: 0, p: 1 });
  });

  it('are told with the probability that chance did it', () => {
    const paired = comparePaired(answers('+++++++-'), answers('------++'));
    expect(changesOf(paired)).toBe('1 fixed, 6 broken, p 0.125');
    expect(changesOf({ fixed: 0, broken: 20, p: 2 ** -19 })).toBe('0 fixed, 20 broken, p 1.9e-6');
    expect(pairedSentence('catdog 1.0.0', paired)).toBe(
      'against catdog 1.0.0 on the same 8 test pictures: accuracy 0.875 -> 0.25, 1 fixed, 6 broken, p 0.125 (exact McNemar)',
    );
  });

  it('need an answer of both to each picture', () => {
    expect(() => comparePaired([], [])).toThrow(RangeError);
    expect(() => comparePaired([true], [true, false])).toThrow(RangeError);
  });
});
