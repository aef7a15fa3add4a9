import { objectName, planRelease, type ReleaseInput } from './plan-release.ts';
import { parseReleased } from '../environments/environment.ts';
import { aManifest, digestOf } from '../../bundles/test/builders.ts';
import { aReleased } from '../test/builders.ts';

const OLD = digestOf('1');
const NEW = digestOf('2');

function input(changes: Partial<ReleaseInput> = {}): ReleaseInput {
  return {
    environment: 'staging',
    versions: [aReleased('1.0.0', OLD)],
    release: {
      manifest: aManifest('1.1.0', {}, 'b'),
      digest: NEW,
      uri: 'oci://registry.example/catdog:1.1.0@sha256:x',
    },
    previous: aManifest('1.0.0'),
    keep: 3,
    ...changes,
  };
}

const planned = (changes: Partial<ReleaseInput> = {}) => {
  const plan = planRelease(input(changes));
  if (plan.kind !== 'release') throw new Error('expected a release');
  return plan;
};

describe('the plan of a release', () => {
  it('offers new weights as a minor version, in a file that is read back as it was meant', () => {
    const plan = planned();
    expect(plan).toMatchObject({ file: 'catdog-1.1.0.yaml', removed: [], next: { change: 'minor', version: '1.1.0' } });
    expect(parseReleased(plan.file, plan.text)).toMatchObject({
      name: 'catdog-1-1-0',
      spec: {
        model: 'catdog',
        version: '1.1.0',
        artifact: { uri: 'oci://registry.example/catdog:1.1.0@sha256:x', digest: NEW },
      },
    });
  });

  it('takes any version first', () => {
    const release = { ...input().release, manifest: aManifest('0.3.0') };
    expect(planned({ versions: [], previous: undefined, release })).toMatchObject({
      highest: undefined,
      next: undefined,
    });
  });

  it('carries the lineage as annotations', () => {
    const lineage = { run_id: '0123456789', git_commit: 'abc', data_hash: 'sha256:d', head: 'linear' };
    const { text } = planned({ release: { ...input().release, manifest: aManifest('1.1.0', { lineage }, 'b') } });
    // A run id of digits stays text: annotations of another type are refused by the API server.
    expect(text).toContain('pawl.dev/run-id: "0123456789"');
    expect(text).toMatch(/pawl.dev\/git-commit: abc\n\s+pawl.dev\/data-hash: sha256:d/);
    expect(text).not.toContain('linear');
  });

  it.each([
    ['labels', { labels: ['cat', 'hound'], golden: hounds() }, 'the labels changed', '2.0.0'],
    ['input', { input: { ...aManifest('1.0.0').input, width: 227 } }, 'the input changed', '2.0.0'],
  ])('%s changed: a minor version is refused, a major one taken', (_, changes, why, demanded) => {
    const of = (version: string) => ({ ...input().release, manifest: aManifest(version, changes, 'b') });
    expect(() => planRelease(input({ release: of('1.1.0') }))).toThrow(
      expect.objectContaining({
        code: 'VERSION_TOO_SMALL',
        message: `staging has catdog 1.0.0 and the bundle is 1.1.0: ${why}, which makes a major version, ${demanded} or higher.`,
        hint: expect.stringContaining('pawl train --replaces oci://registry.example/catdog:1.0.0') as string,
      }) as Error,
    );
    expect(planned({ release: of('2.0.0') })).toMatchObject({ next: { change: 'major' } });
    expect(planned({ release: of('3.1.4') })).toMatchObject({ file: 'catdog-3.1.4.yaml' });
  });

  it.each([
    ['1.0.1', 'a patch is too little for new weights'],
    ['1.0.0', 'the version is taken by another digest'],
    ['0.9.0', 'it is below what there is'],
    ['1.0.0-rc.1', 'a prerelease is below its release'],
  ])('refuses %s: %s', (version) => {
    const release = { ...input().release, manifest: aManifest(version, {}, 'b') };
    expect(() => planRelease(input({ release }))).toThrow(
      expect.objectContaining({ code: 'VERSION_TOO_SMALL' }) as Error,
    );
  });

  it('names both digests when the version is taken', () => {
    const release = { ...input().release, manifest: aManifest('1.0.0', {}, 'b') };
    expect(() => planRelease(input({ release }))).toThrow(
      `already has a catdog 1.0.0, of digest ${OLD}; this one is ${NEW}`,
    );
  });

  it('takes a prerelease of what is demanded', () => {
    const release = { ...input().release, manifest: aManifest('1.1.0-rc.1', {}, 'b') };
    expect(planned({ release })).toMatchObject({ file: 'catdog-1.1.0-rc.1.yaml' });
  });

  it('asks only for a higher version when the one before could not be had', () => {
    expect(planned({ previous: undefined })).toMatchObject({
      next: undefined,
      highest: { spec: { version: '1.0.0' } },
    });
    const release = { ...input().release, manifest: aManifest('1.0.0') };
    expect(() => planRelease(input({ previous: undefined, release }))).toThrow(/above the highest one/);
  });

  it('has nothing to do for what is there', () => {
    const versions = [aReleased('1.1.0', NEW), aReleased('1.2.0', OLD)];
    expect(planRelease(input({ versions }))).toMatchObject({
      kind: 'already',
      version: { file: 'catdog-1.1.0.yaml' },
      highest: { file: 'catdog-1.2.0.yaml' },
    });
  });

  it('keeps the newest versions of this model by semver, and nothing of other models away', () => {
    const versions = ['1.0.0', '0.10.0', '0.9.0', '0.2.0'].map((version) => aReleased(version, OLD));
    const others = [aReleased('0.1.0', OLD, 'birds'), aReleased('0.0.1', OLD, 'catdog_tiny')];
    const removed = (keep: number) =>
      planned({ versions: [...others, ...versions], keep }).removed.map(({ file }) => file);
    expect(removed(3)).toEqual(['catdog-0.9.0.yaml', 'catdog-0.2.0.yaml']);
    expect(removed(2)).toEqual(['catdog-0.10.0.yaml', 'catdog-0.9.0.yaml', 'catdog-0.2.0.yaml']);
    expect(removed(9)).toEqual([]);
  });

  it('refuses a name that another object has', () => {
    const release = { ...input().release, manifest: aManifest('1.1.0+b', {}, 'b') };
    const versions = [aReleased('1.0.0', OLD), { ...aReleased('1.1.0-b', OLD, 'other'), name: 'catdog-1-1-0-b' }];
    expect(() => planRelease(input({ versions, release }))).toThrow(
      expect.objectContaining({ code: 'RELEASE_REFUSED' }) as Error,
    );
  });

  it.each([
    ['catdog', '1.1.0', 'catdog-1-1-0'],
    ['cat_dog', '1.1.0-RC.1+b', 'cat-dog-1-1-0-rc-1-b'],
  ])('%s %s becomes the object %s', (model, version, expected) => {
    expect(objectName(model, version)).toBe(expected);
  });
});

function hounds() {
  const image = { file: 'golden/cat.jpg', label: 'cat', probabilities: { cat: 0.9, hound: 0.1 } };
  return { tolerance: 0.05, images: [image] };
}
