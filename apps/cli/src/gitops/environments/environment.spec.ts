import { parseReleased, versionsOf } from './environment.ts';
import { aReleased } from '../test/builders.ts';

const { text } = aReleased('1.0.0');

describe('a file of an environment', () => {
  it('is a ModelVersion', () => {
    expect(parseReleased('a.yaml', text)).toMatchObject({ file: 'a.yaml', name: 'catdog-1-0-0', text });
    expect(parseReleased('a.yaml', `# note\n---\n${text}---\n`)).toMatchObject({ name: 'catdog-1-0-0' });
  });

  it.each([
    ['a kustomization', 'kind: Kustomization\nresources: []\n'],
    ['nothing', ''],
    ['a list', '- 1\n'],
  ])('%s is skipped', (_, content) => {
    expect(parseReleased('a.yaml', content)).toBeUndefined();
  });

  it.each([
    ['no YAML', 'a: [', /a.yaml is not YAML/],
    ['two objects', `${text}---\n${text}`, /holds 2 objects/],
    ['a version that is none', text.replace('1.0.0', '1.0'), /is not valid: spec.version/],
    ['a digest that is none', text.replace(/sha256:1+/, 'latest'), /is not valid: spec.artifact.digest/],
    ['another API version', text.replace('v1alpha1', 'v1'), /is not valid: apiVersion/],
  ])('%s is refused', (_, content, message) => {
    const parse = () => parseReleased('a.yaml', content);
    expect(parse).toThrow(message);
    expect(parse).toThrow(expect.objectContaining({ code: 'RELEASE_REFUSED' }) as Error);
  });

  it('versions of a model come highest first, by semver', () => {
    const versions = ['1.9.0', '1.10.0', '1.10.0-rc.1', '0.1.0'].map((version) => aReleased(version));
    expect(
      versionsOf([...versions, aReleased('9.0.0', undefined, 'birds')], 'catdog').map((v) => v.spec.version),
    ).toEqual(['1.10.0', '1.10.0-rc.1', '1.9.0', '0.1.0']);
  });
});
