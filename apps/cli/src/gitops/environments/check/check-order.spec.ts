import { checkOrder, type OrderInput } from './check-order.ts';
import { readVersionFiles, type VersionFile } from './version-file.ts';

const hex = (letter: string): string => `sha256:${letter.repeat(64)}`;

/** `1.0.0` has the digest aaa…, `1.0.0=b` bbb…, and `1.0.0=b@x` another address. */
function version(text: string): VersionFile {
  const [, number = '', letter = 'a', host = 'registry'] = /^([^=]+)(?:=(.))?(?:@(.+))?$/.exec(text) ?? [];
  const name = `catdog-${number}.yaml`;
  const { versions, findings } = readVersionFiles([
    {
      name,
      file: `prod/models/${name}`,
      text: `apiVersion: pawl.dev/v1alpha1\nkind: ModelVersion\nmetadata: {name: catdog-${number.replaceAll(/[.+]/g, '-')}}\nspec: {model: catdog, version: ${number}, artifact: {uri: "https://${host}.example/${number}", digest: "${hex(letter)}"}}\n`,
    },
  ]);
  expect(findings).toEqual([]);
  return versions[0]!;
}

const versions = (list: string): readonly VersionFile[] => list.split(' ').filter(Boolean).map(version);

interface Case {
  readonly before?: string;
  readonly after: string;
  /** Staging, now; and before the change where it was not the same. */
  readonly staging?: string;
  readonly stagingBefore?: string;
  readonly had?: string;
  readonly shallow?: boolean;
}

function codes({ before = '', after, staging, stagingBefore = staging, had = '', shallow = false }: Case) {
  const input: OrderInput = {
    environment: 'prod',
    before: versions(before),
    after: versions(after),
    from:
      staging === undefined
        ? undefined
        : { name: 'staging', after: versions(staging), before: versions(stagingBefore ?? '') },
    hadBefore: ({ spec }) =>
      versions(had).some(
        (old) => old.spec.version === spec.version && old.spec.artifact.digest === spec.artifact.digest,
      ),
    shallow,
  };
  return checkOrder(input);
}

describe('the order of environments', () => {
  it.each<[string, Case, readonly string[]]>([
    ['nothing changes', { before: '1.0.0', after: '1.0.0', staging: '' }, []],
    ['a first environment takes releases', { before: '1.0.0', after: '1.0.0 1.1.0' }, []],
    ['what staging has', { before: '1.0.0', after: '1.0.0 1.1.0', staging: '1.1.0' }, []],
    ['what staging does not have', { before: '1.0.0', after: '1.0.0 1.1.0', staging: '1.0.0' }, ['VERSION_UNPROVEN']],
    ['the first version of all', { after: '1.0.0', staging: '' }, ['VERSION_UNPROVEN']],
    ['other weights than staging has', { after: '1.1.0=b', staging: '1.1.0=a' }, ['VERSION_UNPROVEN']],
    ['another address than staging has', { after: '1.1.0=a@other', staging: '1.1.0' }, ['VERSION_UNPROVEN']],
    ['a build of the same number', { after: '1.1.0+cpu', staging: '1.1.0+gpu' }, ['VERSION_UNPROVEN']],
    [
      'what staging gets by the same change',
      { after: '1.1.0', staging: '1.1.0', stagingBefore: '' },
      ['VERSION_UNTRIED'],
    ],
    [
      'what staging gets other weights of by the same change',
      { after: '1.1.0=b', staging: '1.1.0=b', stagingBefore: '1.1.0=a' },
      ['VERSION_UNTRIED'],
    ],
    [
      'a rollback by bringing back',
      { before: '1.1.0', after: '1.0.0 1.1.0', staging: '1.1.0', had: '1.0.0' },
      ['VERSION_RETURNS'],
    ],
    ['other weights under an old number', { after: '1.0.0=b', staging: '', had: '1.0.0=a' }, ['VERSION_UNPROVEN']],
    ['a rollback by taking away', { before: '1.0.0 1.1.0', after: '1.0.0', staging: '1.1.0' }, ['VERSION_WITHDRAWN']],
    ['an old one is cleared away', { before: '1.0.0 1.1.0', after: '1.1.0', staging: '' }, []],
    ['the last one is taken away', { before: '1.0.0', after: '', staging: '' }, ['VERSION_WITHDRAWN']],
    [
      'other weights under the same number',
      { before: '1.0.0=a', after: '1.0.0=b', staging: '1.0.0=b' },
      ['VERSION_CHANGED'],
    ],
    [
      'another address of the same number',
      { before: '1.0.0', after: '1.0.0=a@other', staging: '1.0.0' },
      ['VERSION_CHANGED'],
    ],
    ['the same in a first environment', { before: '1.0.0=a', after: '1.0.0=b' }, ['VERSION_CHANGED']],
    [
      'a revert of a failed version, and the next one at once',
      { before: '1.0.0 1.1.0', after: '1.0.0 1.2.0', staging: '1.2.0' },
      ['VERSION_WITHDRAWN'],
    ],
  ])('%s', (_, given, expected) => {
    const findings = codes(given);
    expect(findings.map(({ code }) => code)).toEqual(expected);
    const errors = ['VERSION_UNPROVEN', 'VERSION_UNTRIED', 'VERSION_CHANGED'];
    for (const { code, severity } of findings) expect(severity).toBe(errors.includes(code) ? 'error' : 'notice');
  });

  it('says what is wrong and what to do', () => {
    expect(codes({ after: '1.1.0', staging: '' })[0]).toEqual({
      code: 'VERSION_UNPROVEN',
      severity: 'error',
      file: 'prod/models/catdog-1.1.0.yaml',
      message: 'prod gets catdog 1.1.0, a version that staging does not have.',
      hint: 'Release it to staging, wait until it serves there, then: pawl promote catdog --from staging --to prod',
    });
    expect(codes({ after: '1.1.0', staging: '', shallow: true })[0]?.hint).toMatch(/fetch-depth: 0/);
    expect(codes({ after: '1.1.0=b', staging: '1.1.0=a' })[0]?.message).toBe(
      `prod gets catdog 1.1.0, with the digest ${hex('b')}, and staging has ${hex('a')}.`,
    );
    expect(codes({ before: '1.0.0 1.1.0', after: '1.0.0' })[0]?.message).toMatch(/1\.0\.0 is wanted again\.$/);
    expect(codes({ before: '1.0.0', after: '' })[0]?.message).toMatch(/the stable pods go on with what they serve\.$/);
  });
});
