import { topOf } from './top-query.ts';

describe('topOf', () => {
  it.each([
    ['/predict', undefined],
    ['/predict?other=1', undefined],
    ['/predict?top=5', 5],
    ['/predict?a=b&top=0', 0],
  ])('%s: %s', (url, top) => {
    expect(topOf({ url })).toBe(top);
  });

  it.each(['top=', 'top=-1', 'top=five', 'top=1.5', 'top=1&top=2', 'top=99999999999999999999'])(
    'refuses ?%s',
    (query) => {
      expect(() => topOf({ url: `/predict?${query}` })).toThrow(
        expect.objectContaining({
          code: 'REQUEST_INVALID',
          message: expect.stringMatching(/^top=/) as string,
        }) as Error,
      );
    },
  );
});
