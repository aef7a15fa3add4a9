import { PawlError } from '@pawl/shared/errors/pawl-error';
import { checkBundles, type Manifests, type Told } from './check-bundles.ts';
import type { EnvironmentFolder } from './read-tree.ts';
import type { VersionFile } from './version-file.ts';

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;

/** `1.0.0=a` is catdog 1.0.0 with the digest aaa…, `birds/1.0.0=a` the same of another model. */
function version(text: string): VersionFile {
  const [, model = 'catdog', number = '', letter = ''] = /^(?:(.+)\/)?(.+)=(.)$/.exec(text) ?? [];
  const spec = { model, version: number, artifact: { uri: 'https://x.example/b', digest: digest(letter) } };
  return { name: text, file: text, text: '', spec, object: {} } as unknown as VersionFile;
}
const environment = (name: string, list: string) =>
  ({ name, versions: list.split(' ').filter(Boolean).map(version) }) as unknown as EnvironmentFolder;

/** What bundles say: `a` is catdog 1.0.0 … */
const manifests = (told: Readonly<Record<string, Told>>): Manifests =>
  new Map(Object.entries(told).map(([letter, one]) => [digest(letter), one]));
const says = (name: string, number: string): Told => ({ name, version: number, labels: [] });
const silent: Told = { error: new PawlError('BUNDLE_STORE_UNREACHABLE', { message: 'x.example does not answer' }) };

const found = (of: string, others: string, known?: Manifests) => {
  const staging = environment('staging', of);
  return checkBundles(staging, [staging, environment('prod', others)], known).findings;
};
const files = (...given: Parameters<typeof found>) => found(...given).map(({ code, file }) => `${code} ${file ?? ''}`);

describe('bundles and the numbers of versions', () => {
  it.each<[string, string, string, readonly string[]]>([
    ['other digests', '1.0.0=a 1.1.0=b', '1.0.0=a', []],
    ['one digest of two numbers', '1.0.0=a 99.0.0=a', '', ['1.0.0=a', '99.0.0=a']],
    ['one digest of another number in prod', '99.0.0=a', '1.0.0=a', ['99.0.0=a']],
    ['one digest of two models', 'birds/1.0.0=a', '1.0.0=a', ['birds/1.0.0=a']],
    ['a build of the same number', '1.0.0+x=a', '1.0.0=a', ['1.0.0+x=a']],
  ])('without a store: %s', (_, of, others, expected) => {
    expect(files(of, others)).toEqual(expected.map((file) => `VERSION_MISMATCH ${file}`));
  });

  it('believe the manifest where it could be read: of two numbers the right one is left alone', () => {
    const known = manifests({ a: says('catdog', '1.0.0') });
    expect(found('1.0.0=a 99.0.0=a', '', known)).toMatchObject([
      {
        code: 'VERSION_MISMATCH',
        severity: 'error',
        file: '99.0.0=a',
        message: 'says catdog 99.0.0, but the bundle of its digest is catdog 1.0.0, by its manifest.',
      },
    ]);
  });

  it.each<[string, Told]>([
    ['another number', says('catdog', '1.0.1')],
    ['another build', says('catdog', '1.0.0+gpu')],
    ['another model', says('birds', '1.0.0')],
  ])('refuse a manifest that says %s', (_, told) => {
    expect(files('1.0.0=a', '', manifests({ a: told }))).toEqual(['VERSION_MISMATCH 1.0.0=a']);
  });

  it('say once which could not be read, and still compare those', () => {
    const known = manifests({ a: silent, b: silent, c: says('catdog', '1.2.0') });
    expect(found('1.0.0=a 1.1.0=b 1.2.0=c', '3.0.0=b', known)).toMatchObject([
      { code: 'VERSION_MISMATCH', file: '1.1.0=b' },
      { code: 'VERSION_UNCHECKED', severity: 'notice', message: expect.stringContaining('(and 1 more): x.example') },
    ]);
  });
});
