import { checkPlaces, parseDeclaration, type Declaration } from './declaration.ts';
import { checkVersions, readVersionFiles } from './version-file.ts';

const CLUSTER = 'https://kubernetes.default.svc';
const DIGEST = `sha256:${'a'.repeat(64)}`;

describe('environment.yaml', () => {
  it.each([
    `cluster: ${CLUSTER}\nnamespace: pawl-staging\n`,
    `cluster: ${CLUSTER}\nnamespace: pawl-prod\npromotion: { from: staging, servingMinutes: 60 }\n`,
  ])('takes %j', (text) => {
    expect(parseDeclaration('e.yaml', text)).toMatchObject({ declaration: { cluster: CLUSTER }, findings: [] });
  });

  it.each([
    ['no file', undefined, /there is no environment.yaml/],
    ['no YAML', 'a: [', /is not YAML/],
    ['nothing', '', /./],
    ['no cluster', 'namespace: x', /^cluster: /],
    ['a cluster over plain HTTP', 'cluster: http://x.example\nnamespace: x', /https:/],
    ['a namespace that Kubernetes refuses', `cluster: ${CLUSTER}\nnamespace: Prod_1`, /namespace: .*lower-case/],
    ['an unknown key', `cluster: ${CLUSTER}\nnamespace: x\npromotoin: {}`, /promotoin/],
    [
      'an unknown key inside',
      `cluster: ${CLUSTER}\nnamespace: x\npromotion: {from: y, servingMinuts: 1}`,
      /servingMinut/,
    ],
    [
      'a negative time',
      `cluster: ${CLUSTER}\nnamespace: x\npromotion: {from: y, servingMinutes: -1}`,
      /servingMinutes/,
    ],
  ])('refuses %s', (_, text, message) => {
    const { declaration, findings } = parseDeclaration('e.yaml', text);
    expect(declaration).toBeUndefined();
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({
      code: 'ENVIRONMENT_INVALID',
      file: 'e.yaml',
      message: expect.stringMatching(message),
    });
  });
});

describe('places and promotion', () => {
  const at = (name: string, from?: string, namespace = name, cluster = CLUSTER) => ({
    name,
    file: `${name}/environment.yaml`,
    declaration: {
      cluster,
      namespace,
      ...(from === undefined ? {} : { promotion: { from, servingMinutes: 1 } }),
    } as Declaration,
  });

  it.each<[string, Parameters<typeof checkPlaces>[0], readonly string[]]>([
    ['a chain', [at('a'), at('b', 'a'), at('c', 'b')], []],
    ['nobody there', [at('a', 'x')], ['PROMOTION_INVALID a/environment.yaml']],
    ['itself', [at('a', 'a')], ['PROMOTION_INVALID a/environment.yaml']],
    [
      'a circle',
      [at('a', 'b'), at('b', 'a')],
      ['PROMOTION_INVALID a/environment.yaml', 'PROMOTION_INVALID b/environment.yaml'],
    ],
    [
      'behind a circle',
      [at('a', 'b'), at('b', 'a'), at('c', 'a')],
      ['PROMOTION_INVALID a/environment.yaml', 'PROMOTION_INVALID b/environment.yaml'],
    ],
    ['one place', [at('a'), at('b', 'a', 'a')], ['ENVIRONMENT_INVALID b/environment.yaml']],
    ['one namespace of two clusters', [at('a'), at('b', 'a', 'a', 'https://other.example')], []],
    ['one that is not valid', [at('a'), { name: 'b', file: 'b/environment.yaml' }], []],
  ])('%s', (_, environments, expected) => {
    expect(checkPlaces(environments).map(({ code, file }) => `${code} ${file ?? ''}`)).toEqual(expected);
  });
});

interface Parts {
  readonly name?: string;
  readonly object?: string;
  readonly model?: string;
  readonly version?: string;
  readonly uri?: string;
  readonly digest?: string;
  readonly more?: string;
}

/** A file of models/; its name is the right one unless it is given. */
function file({
  object,
  model = 'catdog',
  version = '1.0.0',
  uri = 'https://x.example/b',
  digest = DIGEST,
  more = '',
  name = `${model}-${version}.yaml`,
}: Parts = {}) {
  return {
    name,
    file: `models/${name}`,
    text: `apiVersion: pawl.dev/v1alpha1\nkind: ModelVersion\nmetadata:\n  name: ${object ?? name.replace(/\.yaml$/, '')}\nspec:\n  model: ${model}\n  version: ${version}\n  artifact: { uri: "${uri}", digest: "${digest}" }\n${more}`,
  };
}

describe('files of models/', () => {
  it.each<[string, Parts | string, RegExp]>([
    ['no YAML', 'a: [', /is not YAML/],
    ['nothing', '# later\n', /holds 0 objects/],
    ['two objects', `${file().text}---\n${file({ version: '1.1.0' }).text}`, /holds 2 objects/],
    ['a key twice', `${file().text}kind: ModelVersion\n`, /is not YAML/],
    ['no digest', { digest: '' }, /spec.artifact.digest/],
    ['a short digest', { digest: 'sha256:abc' }, /spec.artifact.digest/],
    ['an address that no store has', { uri: 'ftp://x' }, /spec.artifact.uri/],
    ['no version', { version: 'v1', name: 'x.yaml' }, /spec.version/],
    ['a model with capitals', { model: 'CatDog', object: 'x' }, /spec.model/],
    ['a name that Kubernetes refuses', { object: 'Cat_Dog' }, /metadata.name/],
    ['an unknown field of the spec', { more: '  weight: 10\n' }, /weight/],
    ['a status', { more: 'status: {}\n' }, /status/],
    ['suspend that is no truth value', { more: '  suspend: sometimes\n' }, /spec.suspend/],
  ])('refuses %s', (_, given, message) => {
    const { versions, findings } = readVersionFiles([
      typeof given === 'string' ? { name: 'x.yaml', file: 'models/x.yaml', text: given } : file(given),
    ]);
    expect(versions).toEqual([]);
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({ code: 'VERSION_INVALID', message: expect.stringMatching(message) });
  });

  it.each([
    [
      'another kind',
      'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x }\n',
      'KIND_FOREIGN',
      /ConfigMap\/x is a ConfigMap; expected only ModelVersions/,
    ],
    ['a kind of that name of somebody else', file().text.replace('pawl.dev/', 'x.dev/'), 'KIND_FOREIGN', /./],
    [
      'a namespace',
      file().text.replace('metadata:', 'metadata:\n  namespace: pawl-prod'),
      'NAMESPACE_FOREIGN',
      /says the namespace pawl-prod; expected none/,
    ],
  ])('refuses %s, by a code of its own', (_, text, code, message) => {
    const { versions, findings } = readVersionFiles([{ name: 'x.yaml', file: 'models/x.yaml', text }]);
    expect(versions).toEqual([]);
    expect(findings).toMatchObject([
      { code, severity: 'error', file: 'models/x.yaml', message: expect.stringMatching(message) },
    ]);
  });

  it.each<[string, readonly Parts[], readonly string[]]>([
    ['one', [{}], []],
    ['suspended', [{ more: '  suspend: true\n' }], []],
    ['two versions, two models', [{}, { version: '1.1.0' }, { model: 'birds' }], []],
    ['another file name', [{ name: 'catdog-latest.yaml', object: 'catdog-1-0-0' }], ['VERSION_MISNAMED']],
    ['one name twice', [{ object: 'a' }, { version: '1.1.0', object: 'a' }], ['VERSION_DUPLICATE']],
    ['one number twice', [{}, { name: 'catdog-1.0.0.yml', object: 'b' }], ['VERSION_MISNAMED', 'VERSION_DUPLICATE']],
    ['a model without a folder', [{ model: 'frogs' }], ['VERSION_ORPHANED']],
  ])('%s', (_, parts, expected) => {
    const { versions, findings } = readVersionFiles(parts.map(file));
    expect(findings).toEqual([]);
    expect(checkVersions(versions, ['catdog', 'birds']).map(({ code }) => code)).toEqual(expected);
  });

  it.each<[string, Parts, readonly (readonly [string, string])[]]>([
    ['a tag', { uri: 'oci://r.example/catdog:1.0.0' }, [['VERSION_NOT_PINNED', 'notice']]],
    ['a tag with a digest', { uri: `oci://r.example/catdog:1.0.0@${DIGEST}` }, []],
  ])('%s', (_, parts, expected) => {
    const { versions, findings } = readVersionFiles([file(parts)]);
    expect(versions).toHaveLength(1);
    expect(findings.map(({ code, severity }) => [code, severity])).toEqual(expected);
  });

  it('refuses annotations by which people act on a cluster', () => {
    const text = file().text.replace('spec:', '  annotations: { pawl.dev/promote: now, pawl.dev/run-id: a }\nspec:');
    expect(readVersionFiles([{ name: 'x', file: 'x', text }]).findings).toMatchObject([
      { code: 'VERSION_INVALID', severity: 'error', message: expect.stringContaining('pawl.dev/promote') },
    ]);
  });
});
