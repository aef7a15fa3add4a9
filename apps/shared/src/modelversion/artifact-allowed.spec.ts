import { isArtifactAllowed } from './artifact-allowed.ts';
import { rolloutPolicySchema } from './rollout-policy.ts';

const allowed = (address: string, ...allow: readonly string[]) =>
  isArtifactAllowed(address, rolloutPolicySchema.parse({ artifact: { allow } }));

const digest = `sha256:${'0'.repeat(64)}`;

describe('the addresses that a policy allows', () => {
  it('are all where it names none', () => {
    expect(isArtifactAllowed('oci://anywhere.example/x:1', rolloutPolicySchema.parse({}))).toBe(true);
  });

  it.each([
    ['oci://registry.example', 'oci://registry.example/models/catdog:1.0.0'],
    ['oci://registry.example/', 'oci://registry.example/models/catdog:1.0.0'],
    ['oci://registry.example/models', `oci://registry.example/models/catdog:1.0.0@${digest}`],
    ['oci://registry.example/models/catdog', 'oci://registry.example/models/catdog:1.0.0'],
    ['oci://Registry.example:5000/models/', `oci://registry.EXAMPLE:5000/models/catdog@${digest}`],
    ['s3://models', 's3://models/catdog/1.0.0'],
    ['s3://models/catdog/', 's3://models/catdog/1.0.0'],
    ['https://models.example:443/a', 'https://user:pass@models.example/a/b?sig=x'],
    ['file:///models', 'file:///models/catdog'],
  ])('%s allows %s', (prefix, address) => {
    expect(allowed(address, 'oci://other.example', prefix)).toBe(true);
  });

  it.each([
    ['another host', 'oci://registry.example', 'oci://evil.example/models/catdog:1'],
    ['a host that begins alike', 'oci://registry.example', 'oci://registry.example.evil.example/catdog:1'],
    ['another port', 'oci://registry.example', 'oci://registry.example:5000/catdog:1'],
    ['a path that begins alike', 'oci://registry.example/models', 'oci://registry.example/models-of-others/x:1'],
    ['a repository above', 'oci://registry.example/models/catdog', 'oci://registry.example/models:1'],
    ['a tag that looks like the path', 'oci://registry.example/models', 'oci://registry.example/other:models'],
    ['another scheme', 'oci://registry.example', 'https://registry.example/catdog'],
    ['user information that looks like the host', 'https://good.example', 'https://good.example@evil.example/a'],
    ['a path that climbs out', 'https://good.example/models', 'https://good.example/models/../other'],
    ['one that climbs out in disguise', 'https://good.example/models', 'https://good.example/models/%2e%2e/other'],
    ['one that hides a separator', 'https://good.example/models', 'https://good.example/models/..%2fother'],
    ['a part without a name before it', 'https://good.example/models', 'https://good.example//models/x'],
    ['a part without a name in it', 'https://good.example/models', 'https://good.example/models//x'],
    ['another bucket', 's3://models', 's3://models-of-others/catdog'],
    ['a folder that climbs out', 'file:///models', 'file:///models/../etc'],
    ['what no store takes', 'oci://registry.example', 'ftp://registry.example/x'],
    ['what is no address', 'oci://registry.example', 'catdog'],
  ])('do not have %s', (_, prefix, address) => {
    expect(allowed(address, prefix)).toBe(false);
  });

  it.each([
    [[]],
    [['registry.example']],
    [['oci://']],
    [['oci://registry.example/models:1']],
    [['https://user:pass@models.example']],
    [['https://models.example/a?b']],
    [['oci://registry.example/../x']],
  ])('are refused by the schema: %j', (allow) => {
    expect(rolloutPolicySchema.safeParse({ artifact: { allow } }).success).toBe(false);
  });
});
