import { breakAddress } from './break-address.ts';

const digest = `sha256:${'ab'.repeat(32)}`;

describe('breakAddress', () => {
  it.each<[string, string, readonly string[]]>([
    ['leaves what fits', 'models/catdog', ['models/catdog']],
    ['breaks behind slashes', 'file:///home/ann/projects/pets/models', ['file:///home/ann/', 'projects/pets/models']],
    ['breaks a name that alone is wider', `/a/${'x'.repeat(45)}/b`, ['/a/', 'x'.repeat(20), 'x'.repeat(20), 'xxxxx/b']],
    ['keeps a digest whole', `oci://registry/pets@${digest}`, ['oci://registry/', `pets@${digest}`]],
    ['keeps a word without a slash whole', digest, [digest]],
  ])('%s', (_, word, pieces) => {
    expect(breakAddress(word, 20)).toEqual(pieces);
    expect(breakAddress(word, 20).join('')).toBe(word);
  });
});
