import { Machine } from './support/machine.ts';

let machine: Machine;
beforeAll(async () => {
  machine = await Machine.create();
});
afterAll(() => machine.delete());

const SHA = '0123456789abcdef0123456789abcdef01234567';
const tags = async (kind: string, ref: string, more: Readonly<Record<string, string>> = {}) => {
  const env = { GITHUB_REPOSITORY_OWNER: 'Pawl-Dev', GITHUB_REF: ref, GITHUB_SHA: SHA, ...more };
  return await machine.run('image-tags.sh', [kind, 'pawl-x'], env);
};

describe('the tags of an image', () => {
  it.each<[string, string, readonly string[]]>([
    ['images', 'refs/heads/main', ['latest', 'main', 'sha-0123456']],
    ['images', 'refs/heads/feature/x', ['feature-x', 'sha-0123456']],
    ['images', 'refs/heads/.hidden', ['hidden', 'sha-0123456']],
    ['images', 'refs/heads/mäin', ['m--in', 'sha-0123456']],
    ['images', `refs/heads/${'a'.repeat(200)}`, ['a'.repeat(119), 'sha-0123456']],
    ['images', 'refs/pull/7/merge', ['pr-7']],
    ['images', 'refs/tags/v1.2.3', ['1.2.3', '1.2', '1', 'sha-0123456']],
    ['images', 'refs/tags/v0.2.0', ['0.2.0', '0.2', 'sha-0123456']],
    ['images', 'refs/tags/v1.3.0-rc.1', ['1.3.0-rc.1', 'sha-0123456']],
    ['mlflow', 'refs/heads/main', ['latest', 'main', 'main-0123456']],
    ['mlflow', 'refs/heads/feature/x', ['feature-x', 'feature-x-0123456']],
    ['mlflow', 'refs/pull/12/merge', ['pr-12']],
    ['mlflow', 'refs/tags/v1.2.3', ['1.2.3', '1.2', '1']],
  ])('%s of %s', async (kind, ref, expected) => {
    const { code, out } = await tags(kind, ref);
    expect([code, out.trim().split('\n')]).toEqual([0, expected.map((tag) => `ghcr.io/pawl-dev/pawl-x:${tag}`)]);
  });

  it('calls another branch the default one where it is', async () => {
    const { out } = await tags('images', 'refs/heads/trunk', { DEFAULT_BRANCH: 'trunk', REGISTRY: 'localhost:5000' });
    expect(out.split('\n')[0]).toBe('localhost:5000/pawl-dev/pawl-x:latest');
  });

  it.each<[string, string, Readonly<Record<string, string>>]>([
    ['VERSION_INVALID', 'refs/tags/v1.2', {}],
    ['VERSION_INVALID', 'refs/tags/v01.2.3', {}],
    ['REF_INVALID', 'refs/tags/latest', {}],
    ['REF_INVALID', 'refs/heads/...', {}],
    ['REF_INVALID', 'refs/pull/x/merge', {}],
    ['SHA_INVALID', 'refs/heads/main', { GITHUB_SHA: '0123' }],
    ['OWNER_INVALID', 'refs/heads/main', { GITHUB_REPOSITORY_OWNER: 'a/b' }],
  ])('%s: %s', async (expected, ref, more) => {
    const { code, out, err } = await tags('images', ref, more);
    expect([code, out, err]).toEqual([2, '', expect.stringContaining(`[${expected}]`)]);
    expect(err).toContain('next:  ');
  });
});
