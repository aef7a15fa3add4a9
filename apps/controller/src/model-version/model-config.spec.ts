import { ACCEPTANCE_IMAGES_ROLE, labels, POLICY_ROLE } from '@pawl/shared/modelversion/names';
import type { ConfigMap } from '@pawl/shared/kubernetes/objects';
import { ofModel } from './caches.ts';
import { readModelConfig, readImages, withoutImages } from './model-config.ts';

type Files = Readonly<Record<string, string>>;

function aConfigMap(name: string, role: string, binary: Files | undefined, data?: Files): ConfigMap {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'ns', labels: { [labels.model]: 'm', [labels.role]: role }, managedFields: [{}] },
    ...(data && { data }),
    ...(binary && {
      binaryData: Object.fromEntries(
        Object.entries(binary).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
      ),
    }),
  };
}
const aPolicy = (binary?: Files) => aConfigMap('policy', POLICY_ROLE, binary, { 'policy.yaml': '{}' });
const images = (name: string, binary?: Files, data?: Files) => aConfigMap(name, ACCEPTANCE_IMAGES_ROLE, binary, data);

/** What is read of ConfigMaps as a cache keeps them. */
function read(...objects: readonly ConfigMap[]) {
  const none = { byIndex: () => [] };
  const configMaps = { byIndex: () => objects.map(withoutImages) };
  const found = ofModel({ versions: none, deployments: none, replicaSets: none, pods: none, configMaps }, 'ns/m');
  return readModelConfig('m', found.policies, found.images);
}

describe('acceptance images', () => {
  it('are those of the policy ConfigMap and of any number of others', () => {
    const policy = aPolicy({ 'cat.a.jpg': 'a' });
    const config = read(images('more', { 'cat.b.jpg': 'b', 'dog.c': 'c' }), policy, images('most', { 'dog.d': 'd' }));
    expect(config.state).toMatchObject({ kind: 'valid', images: 4 });
    expect(config.imagesIn).toEqual(['policy', 'more', 'most']);
  });

  it('have the same order for any order of the ConfigMaps', () => {
    const all = [aPolicy({ 'dog.b': 'b' }), images('y', { 'cat.z': 'z', 'cat.A': 'A' }), images('x', { 'dog.a': 'a' })];
    const expected = [
      ['cat.A', 'cat', 'A'],
      ['cat.z', 'cat', 'z'],
      ['dog.a', 'dog', 'a'],
      ['dog.b', 'dog', 'b'],
    ];
    for (const found of [all, all.toReversed()])
      expect(readImages(found).map(({ key, label, bytes }) => [key, label, Buffer.from(bytes).toString()])).toEqual(
        expected,
      );
  });

  it('count once where two ConfigMaps have the same one', () => {
    const found = [aPolicy({ 'cat.a': 'same' }), images('more', { 'cat.a': 'same', 'cat.b': 'b' })];
    expect(read(...found).state).toMatchObject({ kind: 'valid', images: 2 });
    expect(readImages(found)).toHaveLength(2);
  });

  it.each<[string, readonly ConfigMap[], string]>([
    [
      'the same name for two',
      [aPolicy(), images('more', { 'cat.a': 'one' }), images('again', { 'cat.a': 'other' })],
      'The acceptance image cat.a is another one in the ConfigMap again than in more; give one of them another name',
    ],
    [
      'the same name as in the policy ConfigMap',
      [aPolicy({ 'cat.a': 'one' }), images('more', { 'cat.a': 'other' })],
      'The acceptance image cat.a is another one in the ConfigMap more than in policy; give one of them another name',
    ],
    [
      'a name without a label',
      [aPolicy(), images('more', { '.jpg': 'x' })],
      '.jpg of the ConfigMap more has no label; acceptance images are called <label>.<anything>',
    ],
    [
      'an image as text',
      [aPolicy(), images('more', {}, { 'cat.a.JPG': '/9j/' })],
      'cat.a.JPG of the ConfigMap more is text; images are files in binaryData, as kubectl and kustomize put them there',
    ],
  ])('are refused with %s', (_, found, message) => {
    expect(read(...found).state).toEqual({ kind: 'invalid', message });
    expect(() => readImages(found)).toThrow(message);
  });

  it('may have texts beside them, such as licences', () => {
    const found = [aPolicy(), images('more', { 'cat.a': 'a' }, { 'NOTICE.md': 'CC0' }), images('empty')];
    expect(read(...found).state).toMatchObject({ kind: 'valid', images: 1 });
    expect(read(...found).imagesIn).toEqual(['more']);
  });

  it('need no policy in the same ConfigMap', () => {
    expect(read(images('more', { 'cat.a': 'a' })).state.kind).toBe('missing');
  });
});
