import { generateKeyPairSync } from 'node:crypto';
import { generateSigningKeyPair } from '@pawl/shared/bundle/signature';
import { checkKeys, checkImageLabels, checkOwners, checkPolicy, readAcceptance } from './check-rendered.ts';
import type { ParsedObject } from './kube-object.ts';

const policy = (data: Readonly<Record<string, string>>, model = 'catdog'): ParsedObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'catdog-rollout', labels: { 'pawl.dev/model': model, 'pawl.dev/role': 'rollout-policy' } },
  data,
});
const images = (keys: readonly string[], labels: Readonly<Record<string, string>>, bytes = 3): ParsedObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'images', labels },
  binaryData: Object.fromEntries(keys.map((key) => [key, Buffer.alloc(bytes).toString('base64')])),
});
const of = (...objects: readonly ParsedObject[]) => ({ model: 'catdog', file: 'f', objects });
const MARKS = { 'pawl.dev/model': 'catdog', 'pawl.dev/role': 'acceptance-images' };

describe('the policy that was rendered', () => {
  it.each([
    ['the defaults', '{}', '10 %, 50 %'],
    ['no steps', 'canary: {steps: []}', 'acceptance only'],
    ['no canary', 'canary: {enabled: false}', 'no canary'],
    ['no analysis', 'analysis: {enabled: false}', '10 %, 50 %, no analysis'],
  ])('%s', (_, text, found) => {
    expect(checkPolicy(of(policy({ 'policy.yaml': text })))).toEqual({ found, findings: [] });
  });

  it.each([
    ['an unknown field', 'canary: {stepps: []}', /stepps/],
    ['a weight of 100', 'canary: {steps: [{weight: 100}]}', /canary.steps.0.weight/],
    [
      'weights that fall',
      'canary: {steps: [{weight: 50}, {weight: 10}]}',
      /step 2 has 10 %, and step 1 has 50 % already/,
    ],
    ['no YAML', 'a: [', /not YAML/],
  ])('refuses %s', (_, text, message) => {
    expect(checkPolicy(of(policy({ 'policy.yaml': text }))).findings).toMatchObject([
      { code: 'POLICY_INVALID', severity: 'error', file: 'f', message: expect.stringMatching(message) },
    ]);
  });

  it('is of the model of the folder, or from elsewhere', () => {
    expect(checkPolicy(of(policy({}, 'birds'))).findings).toMatchObject([{ code: 'MODEL_INVALID' }]);
    expect(checkPolicy(of()).findings).toEqual([]);
  });
});

describe('public keys', () => {
  const [ours, theirs] = [generateSigningKeyPair(), generateSigningKeyPair()].map(
    ({ publicKeyPem }) => publicKeyPem,
  ) as [string, string];
  const keyOf = (pem: string) => of(policy({ 'public-key.pem': pem }));
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' })
    .publicKey.export({ type: 'spki', format: 'pem' })
    .toString();

  it.each([
    ['none', of(policy({})), undefined, 'signatures are not asked for'],
    ['one', keyOf(ours), undefined, '1 public key'],
    ['two', keyOf(ours + theirs), undefined, '2 public keys'],
    ['the same for releases', keyOf(ours), `${ours}\n`, '1 public key'],
  ])('%s', (_, given, releaseKeys, found) => {
    expect(checkKeys(given, releaseKeys)).toEqual({ found, findings: [] });
  });

  it.each([
    ['a private key', keyOf(generateSigningKeyPair().privateKeyPem), undefined],
    ['another curve', keyOf(p384), undefined],
    ['no key', keyOf('-----BEGIN PUBLIC KEY-----\nabc'), undefined],
    ['another one for releases', keyOf(ours), theirs],
    ['one for releases alone', of(policy({})), ours],
  ])('refuses %s', (_, given, releaseKeys) => {
    expect(checkKeys(given, releaseKeys).findings).toMatchObject([{ code: 'KEY_INVALID', severity: 'error' }]);
  });
});

describe('acceptance images', () => {
  it('are those of the policy and of ConfigMaps with both labels', () => {
    const { images: found, findings } = readAcceptance(
      of({ ...policy({}), binaryData: { 'cat.a.jpg': 'AAAA' } }, images(['dog.b.jpg'], MARKS)),
    );
    expect(found.map(({ key, label, bytes }) => [key, label, bytes.length])).toEqual([
      ['cat.a.jpg', 'cat', 3],
      ['dog.b.jpg', 'dog', 3],
    ]);
    expect(findings).toEqual([]);
  });

  it.each<[string, readonly ParsedObject[], RegExp]>([
    ['no labels', [images(['cat.a.jpg'], {})], /lacks the labels/],
    [
      'the labels of another model',
      [images(['cat.a.jpg'], { ...MARKS, 'pawl.dev/model': 'birds' })],
      /lacks the labels/,
    ],
    ['more than Kubernetes takes', [images(['cat.a.jpg', 'cat.b.jpg'], MARKS, 600_000)], /1200000 bytes/],
    [
      'one name twice',
      [images(['cat.a.jpg'], MARKS), { ...images(['cat.a.jpg'], MARKS), metadata: { name: 'b', labels: MARKS } }],
      /in two/,
    ],
  ])('refuses %s', (_, objects, message) => {
    expect(readAcceptance(of(...objects)).findings).toMatchObject([
      { code: 'ACCEPTANCE_INVALID', message: expect.stringMatching(message) },
    ]);
  });

  it.each<[string, readonly string[], readonly string[] | undefined, readonly string[]]>([
    ['all labels', ['cat', 'dog'], ['cat', 'dog'], []],
    ['labels that are not known here', ['cow'], undefined, []],
    ['none', [], ['cat', 'dog'], ['ACCEPTANCE_MISSING notice']],
    ['a strange one', ['cat', 'dog', 'cow'], ['cat', 'dog'], ['ACCEPTANCE_INVALID error']],
    ['one label is not asked', ['cat'], ['cat', 'dog'], ['ACCEPTANCE_MISSING notice']],
  ])('%s', (_, labels, known, expected) => {
    const found = labels.map((label) => ({ key: `${label}.jpg`, label, bytes: new Uint8Array() }));
    expect(checkImageLabels('f', found, known).map(({ code, severity }) => `${code} ${severity}`)).toEqual(expected);
  });
});

describe('owners', () => {
  const crd: ParsedObject = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'x' },
  };
  const role: ParsedObject = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: 'controller' },
  };
  const place = (owner: string, namespace: string, objects: readonly ParsedObject[], cluster = 'c') => ({
    owner,
    file: owner,
    cluster,
    namespace,
    objects,
  });

  it.each<[string, Parameters<typeof checkOwners>[0], readonly string[]]>([
    ['one name in two namespaces', [place('a', 'n', [role]), place('b', 'm', [role])], []],
    ['one name twice in a namespace', [place('a', 'n', [role]), place('b', 'n', [role])], ['b']],
    ['a CRD twice in a cluster', [place('a', 'n', [crd]), place('b', 'm', [crd])], ['b']],
    ['a CRD in each of two clusters', [place('a', 'n', [crd]), place('b', 'n', [crd], 'd')], []],
  ])('%s', (_, releases, expected) => {
    expect(checkOwners(releases).map(({ code, file }) => [code, file])).toEqual(
      expected.map((owner) => ['OBJECT_DUPLICATE', owner]),
    );
  });
});
