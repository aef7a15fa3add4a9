import { maskUri, maskUris } from './mask-uri.ts';

const digest = `sha256:${'ab'.repeat(32)}`;

describe('maskUri', () => {
  it.each([
    ['ftp://user:PASSWORD@x/y', 'ftp://***@x/y'],
    ['https://TOKEN@store.example/m', 'https://***@store.example/m'],
    ['https://store.example/m?X-Amz-Signature=SECRET&a=b', 'https://store.example/m?***'],
    ['https://store.example/m#SECRET', 'https://store.example/m#***'],
    ['https://u:p@store.example:8443/m?sig=SECRET#x', 'https://***@store.example:8443/m?***'],
    ['HTTPS://U:P@STORE/M', 'HTTPS://***@STORE/M'],
    // What does not parse.
    ['ftp://user:pa/ss@x/y', 'ftp://***@x/y'],
    ['ftp://user:pa?ss@x/y', 'ftp://***@x/y'],
    ['ftp://user:pa#ss@x/y', 'ftp://***@x/y'],
    ['ftp://user:p@ss@x/y', 'ftp://***@x/y'],
    ['ftp://user:PASS WORD@x/y', 'ftp://***@x/y'],
    ['https:/user:PASSWORD@x/y', 'https:***@x/y'],
    ['https:user:PASSWORD@x/y', 'https:***@x/y'],
    ['user:PASSWORD@x/y', 'user:***@x/y'],
    ['//user:PASSWORD@x/y', '//***@x/y'],
    ['https://user:PASSWORD@', 'https://***@'],
    ['https://user:%zz@[::1/', 'https://***@[::1/'],
    ['s3://KEY:SECRET@bucket/prefix', 's3://***@bucket/prefix'],
    ['oci://user:PASSWORD@registry.example/m:1', 'oci://***@registry.example/m:1'],
    [`oci://user:PASSWORD@registry.example/m:1@${digest}`, `oci://***@registry.example/m:1@${digest}`],
  ])('hides what is secret in %s', (uri, shown) => {
    expect(maskUri(uri)).toBe(shown);
  });

  it.each([
    `oci://registry.example:5000/team/catdog:1.0.0@${digest}`,
    'oci://registry.example/catdog:1.0.0',
    's3://bucket/people/user@example/m',
    'https://[::1]:8000/models/@v1/m',
    'file:///home/user@example/models',
    'file:models/catdog',
    'no address',
    '',
  ])('leaves %s as it is', (uri) => {
    expect(maskUri(uri)).toBe(uri);
  });
});

describe('maskUris', () => {
  it('masks every address in a text, and leaves the sentence around it', () => {
    expect(
      maskUris(
        `getting https://u:p@a/x?sig=S, then (ftp://t@b/y): "oci://r/m@${digest}" and "https://c/z?q=1". See x@y and a: b.`,
      ),
    ).toBe(
      `getting https://***@a/x?***, then (ftp://***@b/y): "oci://r/m@${digest}" and "https://c/z?***". See x@y and a: b.`,
    );
  });

  it('leaves a line of JSON one', () => {
    const line = JSON.stringify({ url: 'https://u:p@a/x?q="S"', stack: 'Error: ftp://u:p@b/y?s=S\n    at z' });
    expect(JSON.parse(maskUris(line))).toEqual({
      url: 'https://***@a/x?***"S"',
      stack: 'Error: ftp://***@b/y?***\n    at z',
    });
  });

  it('is as quick with a long text that only looks like one', () => {
    expect(maskUris(`${'a'.repeat(1_000_000)}://`)).toHaveLength(1_000_003);
  });
});
