import { readFileSync } from 'node:fs';
import { modelVersionCrd } from '@pawl/shared/modelversion/crd';
import { API_VERSION } from '@pawl/shared/modelversion/names';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { parse } from 'yaml';
import { modelVersions } from '@pawl/shared/modelversion/resource';
import { KubeClient } from '@pawl/shared/kubernetes/client';
import { makeNamespace } from '../src/runtime/test/cluster.ts';
import { type Crd, crds, installCrd } from './support/crd.ts';

interface Schema {
  readonly type?: string;
  readonly pattern?: string;
  readonly maxLength?: number;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
}

/** Every field below a schema: its path, and its description. */
function fields(schema: Schema, path = ''): { readonly path: string; readonly description: string | undefined }[] {
  const children = Object.entries(schema.properties ?? {}).flatMap(([name, child]) => [
    { path: `${path}.${name}`, description: child.description },
    ...fields(child, `${path}.${name}`),
  ]);
  return [...children, ...(schema.items === undefined ? [] : fields(schema.items, `${path}[]`))];
}

describe('the CRD', () => {
  it('is in the chart as the shared types make it', () => {
    const template = readFileSync('charts/pawl/templates/customresourcedefinition.yaml', 'utf8');
    const chart = parse(template.replaceAll(/^.*\{\{.*\}\}\n/gm, '').replace(/^ {2}labels:\n/m, '')) as Crd;
    const { metadata, ...rest } = chart;
    expect({ ...rest, metadata: { name: metadata.name } }).toEqual(modelVersionCrd());
    // Deleting it would delete every verdict.
    expect(metadata.annotations).toMatchObject({
      'helm.sh/resource-policy': 'keep',
      'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false',
    });
  });

  describe('of spec.version', () => {
    const made = modelVersionCrd() as unknown as Crd;
    const schema = made.spec.versions[0]?.schema.openAPIV3Schema as Schema;
    const version = schema.properties?.['spec']?.properties?.['version'];
    // What the API server checks before any rule in CEL.
    const isTaken = (text: string): boolean =>
      new RegExp(version?.pattern ?? '^$').test(text) && text.length <= (version?.maxLength ?? 0);

    it.each(['1.0.0', '0.0.1', '1.0.0-rc.1', '1.0.0+001', '1.0.0-0a1', `1.0.0-${'a'.repeat(58)}`])(
      'takes %s',
      (text) => {
        expect(isTaken(text)).toBe(true);
      },
    );

    it.each([
      '',
      'latest',
      'v1.0.0',
      '1.0',
      '1.02.0',
      '01.0.0',
      '1.0.0-01',
      '1.0.0-',
      '1.0.0 ',
      `1.0.0-${'a'.repeat(59)}`,
    ])('refuses %j', (text) => {
      expect(isTaken(text)).toBe(false);
    });
  });
});

describeWhenSet('KUBECONFIG', 'the CRD on a real API server', (kubeconfig) => {
  const client = KubeClient.fromKubeconfig({ path: kubeconfig });
  let installed: Crd;
  let namespace: Awaited<ReturnType<typeof makeNamespace>>;
  beforeAll(async () => {
    installed = await installCrd(client);
    namespace = await makeNamespace(client);
  });
  afterAll(async () => {
    await namespace.remove();
    await client.close();
  });

  const digest = `sha256:${'a'.repeat(64)}`;
  const artifact = { uri: 'oci://registry/catdog:1.0.0', digest };
  const usual = { model: 'catdog', version: '1.0.0', artifact };
  const create = (name: string, spec: object) =>
    client.create(modelVersions, {
      apiVersion: API_VERSION,
      kind: 'ModelVersion',
      metadata: { name, namespace: namespace.name },
      spec,
    });
  const refusal = (promise: Promise<unknown>): Promise<string> =>
    promise.then(
      () => 'it was taken',
      (error: unknown) => (error as Error).message,
    );

  it('keeps the schema as the shared types make it: nothing is pruned or refused', async () => {
    const found = await client.get(crds, undefined, installed.metadata.name);
    const made = modelVersionCrd() as unknown as Crd;
    expect(found?.spec.versions[0]?.schema).toEqual(made.spec.versions[0]?.schema);
  });

  it('explains every field', () => {
    const schema = installed.spec.versions[0]?.schema.openAPIV3Schema as Schema;
    const all = fields(schema).filter(({ path }) => path !== '.metadata');
    expect(all.length).toBeGreaterThan(60);
    expect(all.filter(({ description }) => description === undefined || description.length < 4)).toEqual([]);
    expect(schema.description).toMatch(/^One artifact .* offered to one environment/);
  });

  it('shows in a table what people ask for first', () => {
    const columns = installed.spec.versions[0]?.additionalPrinterColumns.map(({ name }) => name);
    expect(columns).toEqual(['Model', 'Version', 'Phase', 'Weight', 'Ready', 'Age', 'Message', 'Digest']);
  });

  it.each<[string, object]>([
    ['model', { model: 'birds' }],
    ['version', { version: '1.0.1' }],
    ['artifact', { artifact: { ...artifact, uri: 'oci://registry/catdog:latest' } }],
    ['artifact', { artifact: { ...artifact, digest: `sha256:${'b'.repeat(64)}` } }],
  ])('refuses a change of %s and says why', async (field, change) => {
    const name = `immutable-${Math.random().toString(36).slice(2)}`;
    await create(name, usual);
    const refused = await refusal(client.mergePatch(modelVersions, namespace.name, name, { spec: change }));
    expect(refused).toContain(
      `spec.${field} is immutable: weights are offered under a new ModelVersion, and this one keeps its verdict`,
    );
  });

  it('takes a change of suspend', async () => {
    await create('suspendable', usual);
    await client.mergePatch(modelVersions, namespace.name, 'suspendable', { spec: { suspend: true } });
    expect((await client.get(modelVersions, namespace.name, 'suspendable'))?.spec.suspend).toBe(true);
  });

  it.each<[string, object, RegExp]>([
    ['a version with a leading v', { version: 'v1.0.0' }, /spec\.version in body should match/],
    ['a version of two numbers', { version: '1.0' }, /spec\.version in body should match/],
    ['a version with leading zeros', { version: '1.02.0' }, /spec\.version in body should match/],
    ['a model that is no metric name', { model: 'cat-dog' }, /spec\.model in body should match/],
    [
      'a tag for a digest',
      { artifact: { ...artifact, digest: 'latest' } },
      /spec\.artifact\.digest in body should match/,
    ],
    [
      'a digest in capitals',
      { artifact: { ...artifact, digest: `sha256:${'A'.repeat(64)}` } },
      /spec\.artifact\.digest in body should match/,
    ],
    ['plain http', { artifact: { ...artifact, uri: 'http://x/y' } }, /spec\.artifact\.uri in body should match.*oci/],
    ['no address', { artifact: { digest } }, /spec\.artifact\.uri: Required value/],
    ['no artifact', { artifact: undefined }, /spec\.artifact: Required value/],
  ])('refuses %s and says what is expected', async (_title, change, message) => {
    expect(await refusal(create('refused', { ...usual, ...change }))).toMatch(message);
  });

  it('refuses a name that is too long for a label of the canary pods', async () => {
    expect(await refusal(create('m'.repeat(64), usual))).toContain('metadata.name has at most 63 characters');
    expect(await refusal(create('m'.repeat(63), usual))).toBe('it was taken');
  });

  it.each(['1.0.0', '1.4.0-rc.1', '2.0.0+build.5', '10.20.30-alpha.1+sha.abc'])(
    'takes the version %s',
    async (version) => {
      const name = `taken-${Math.random().toString(36).slice(2)}`;
      expect((await create(name, { ...usual, version })).spec.version).toBe(version);
    },
  );

  it('takes a status on the subresource only', async () => {
    await create('status', usual);
    const status = { phase: 'Serving', weight: 100, message: 'made up', observedGeneration: 1, conditions: [] };
    await client.mergePatch(modelVersions, namespace.name, 'status', { status });
    expect((await client.get(modelVersions, namespace.name, 'status'))?.status).toBeUndefined();
  });
});
