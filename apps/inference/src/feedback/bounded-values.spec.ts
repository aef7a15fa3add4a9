import { BoundedValues } from './bounded-values.ts';

describe('bounded values', () => {
  it('are the first ones, and one for all others', () => {
    const values = new BoundedValues(3);
    expect(['a', 'b', 'a', 'c', 'd', 'b', 'e', 'd'].map((value) => values.of(value))).toEqual([
      'a',
      'b',
      'a',
      'c',
      'other',
      'b',
      'other',
      'other',
    ]);
  });
});
