import { bodyKind } from './body-kind.ts';

const kindOf = (type?: string, encoding?: string) =>
  bodyKind({
    ...(type !== undefined && { 'content-type': type }),
    ...(encoding !== undefined && { 'content-encoding': encoding }),
  });

describe('bodyKind', () => {
  it.each([
    [undefined, 'image'],
    ['', 'image'],
    ['image/jpeg', 'image'],
    ['IMAGE/PNG; q=1', 'image'],
    ['application/octet-stream', 'image'],
    ['binary/octet-stream', 'image'],
    ['application/x-image', 'image'],
    ['multipart/form-data; boundary=b', 'multipart'],
    ['Multipart/Form-Data; boundary=b', 'multipart'],
    ['application/x-www-form-urlencoded', 'mislabelled'],
  ])('%s: %s', (type, kind) => {
    expect(kindOf(type)).toBe(kind);
  });

  it.each(['application/json', 'text/plain', 'multipart/mixed; boundary=b', 'application/pdf'])(
    'refuses %s, and names it',
    (type) => {
      expect(() => kindOf(type)).toThrow(
        expect.objectContaining({
          code: 'CONTENT_TYPE_UNSUPPORTED',
          message: expect.stringContaining(`"${type.split(';')[0] ?? ''}"`) as string,
        }) as Error,
      );
    },
  );

  it('takes a body that is not encoded', () => {
    expect(kindOf('image/jpeg', 'identity')).toBe('image');
  });

  it.each(['gzip', 'br', 'deflate', 'GZIP, identity'])('refuses the encoding %s, whatever the type', (encoding) => {
    for (const type of ['image/jpeg', 'multipart/form-data; boundary=b', undefined])
      expect(() => kindOf(type, encoding)).toThrow(
        expect.objectContaining({
          code: 'CONTENT_ENCODING_UNSUPPORTED',
          message: expect.stringContaining(`"${encoding.toLowerCase()}"`) as string,
        }) as Error,
      );
  });
});
