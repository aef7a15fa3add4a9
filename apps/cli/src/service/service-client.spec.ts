import { CliError } from '../errors/cli-error.ts';
import { sendingOrder } from './labelled-photos.ts';
import { parseRetryAfter, parseServiceUrl } from './service-client.ts';

describe('the address of a service', () => {
  it.each([
    ['http://localhost:8000', 'http://localhost:8000/'],
    ['http://localhost:8000///', 'http://localhost:8000/'],
    ['https://host/prefix?x=1#y', 'https://host/prefix/'],
  ])('%s is %s', (text, expected) => {
    expect(parseServiceUrl(text)).toBe(expected);
  });

  it.each(['localhost:8000', 'localhost', '', 'ftp://host', 'http://', 'http://user:secret@host'])(
    'refuses %j, and repeats no password',
    (text) => {
      const refuse = () => parseServiceUrl(text);
      expect(refuse).toThrow(CliError);
      expect(refuse).toThrow(expect.objectContaining({ code: 'USAGE' }) as Error);
      expect(refuse).not.toThrow(/secret/);
    },
  );
});

describe('Retry-After', () => {
  const date = 'Fri, 02 Jan 2026 03:04:05 GMT';
  it.each([
    ['7', 7000],
    ['Fri, 02 Jan 2026 03:04:15 GMT', 10_000],
    ['Fri, 02 Jan 2026 03:04:00 GMT', 0],
    ['soon', undefined],
    [null, undefined],
  ])('%j is %p milliseconds', (header, expected) => {
    expect(parseRetryAfter(header, date)).toBe(expected);
  });
});

describe('the order of sending', () => {
  const photos = Array.from({ length: 7 }, (_, index) => index);

  it('sends all before it sends one again', () => {
    const order = sendingOrder(photos, 17, 42);
    expect(order).toHaveLength(17);
    for (const round of [order.slice(0, 7), order.slice(7, 14)]) expect(round.toSorted()).toEqual(photos);
  });

  it('is the same for the same seed, and another for another', () => {
    expect(sendingOrder(photos, 20, 42)).toEqual(sendingOrder(photos, 20, 42));
    expect(sendingOrder(photos, 20, 42)).not.toEqual(sendingOrder(photos, 20, 43));
    expect(sendingOrder(photos, 3, 42)).toEqual(sendingOrder(photos, 20, 42).slice(0, 3));
  });

  it('of no photographs is empty', () => {
    expect(sendingOrder([], 5, 1)).toEqual([]);
  });
});
