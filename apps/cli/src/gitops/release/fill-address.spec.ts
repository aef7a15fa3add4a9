import { fillAddress } from './fill-address.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
const fill = (address: string, version = '1.1.0') => fillAddress(address, { name: 'catdog', version }, digest);

describe('an address with braces', () => {
  it.each([
    ['oci://host:5000/{name}:{version}-{digest}', 'oci://host:5000/catdog:1.1.0-0123456789ab'],
    ['s3://bucket/{name}/{version}', 's3://bucket/catdog/1.1.0'],
    ['oci://host/a:b', 'oci://host/a:b'],
  ])('%s is %s', (address, expected) => {
    expect(fill(address)).toBe(expected);
  });

  it('has no + in a tag, which a registry would refuse', () => {
    expect(fill('oci://host/a:{version}', '1.1.0+build.7')).toBe('oci://host/a:1.1.0_build.7');
  });

  it.each(['oci://host/a:{Version}', 'oci://host/a:{}', 'oci://host/a:{constructor}'])('refuses %s', (address) => {
    expect(() => fill(address)).toThrow(/expected \{name\}, \{version\} or \{digest\}/);
  });
});
