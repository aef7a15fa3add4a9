import { createHash } from 'node:crypto';
import { chmod, cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { eventually } from '@pawl/test-kit/eventually';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { digestOf, EnvironmentsRepository, programPath, versionText } from './support/environments-repository.ts';

/** An object that no acceptance image is. */
const manifest = (apiVersion: string, kind: string, namespace?: string) =>
  `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: { name: x${namespace === undefined ? '' : `, namespace: ${namespace}`} }\n`;
const repositoryFile = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const VALUES = 'acceptance: { bundled: false }\n';

describeWhenSet('PAWL_TEST_HELM', 'pawl environments check', (helm) => {
  let repository: EnvironmentsRepository;
  const programs = { helm, kubectl: programPath(process.env['PAWL_TEST_KUBECTL'] ?? 'kubectl') };

  beforeAll(async () => {
    repository = await EnvironmentsRepository.create(programs);
  });
  beforeEach(async () => {
    await repository.git('switch', '--quiet', '--discard-changes', '--force-create', 'change', 'main');
    await repository.git('clean', '--quiet', '-fd');
  });
  afterAll(() => repository.delete());

  const change = async (files: Readonly<Record<string, string | null>>) => {
    await repository.write(files);
    await repository.commit('Change');
  };
  const report = async () => await readFile(join(repository.root, 'comment.md'), 'utf8');
  const checkChange = () => repository.check('--base', 'main', '--report', 'comment.md');

  it('finds nothing to say about what is right: a line a check, staging first', async () => {
    const { code, out, err } = await repository.check();
    expect([code, err]).toEqual([0, '']);
    expect(out.split('\n').filter((line) => line.includes('catdog:'))).toEqual([
      expect.stringMatching(/^✓ {2}staging {2}catdog: chart and images render {2}\d+ objects$/),
      '✓  staging  catdog: kinds and namespaces     pawl-staging alone',
      '✓  staging  catdog: policy                   10 %, 50 %',
      '✓  staging  catdog: signatures               signatures are not asked for',
      '✓  staging  catdog: acceptance images        2 of cat, dog',
      expect.stringMatching(/^✓ {2}prod {5}catdog: chart and images render/),
      '✓  prod     catdog: kinds and namespaces     pawl-prod alone',
      '✓  prod     catdog: policy                   10 %, 50 %',
      '✓  prod     catdog: signatures               signatures are not asked for',
      '✓  prod     catdog: acceptance images        2 of cat, dog',
    ]);
    expect(out).toMatch(/\ngood: \d+ checks\n$/);
  });

  it('shows what a release and a promotion of it come to', async () => {
    await repository.git('switch', '--quiet', '--force-create', 'released', 'main');
    await change({ 'staging/models/catdog-1.1.0.yaml': versionText('1.1.0') });
    await repository.git('switch', '--quiet', '--force-create', 'change', 'released');
    await change({
      'prod/models/catdog-1.1.0.yaml': versionText('1.1.0'),
      'prod/values.yaml': `${VALUES}crds: { install: false }\nreplicaCount: 3\n`,
    });
    const { code, out } = await repository.check('--base', 'released', '--report', 'comment.md');
    expect(code).toBe(0);
    expect(out).toContain('prod  catdog 1.0.0 -> 1.1.0\n  + ModelVersion/catdog-1-1-0\n  ~ Deployment/catdog-pawl\n');
    const text = await report();
    expect(text).toContain(
      '| `staging` | unchanged | `catdog` 1.1.0 | ✅ |\n| `prod` | 1 added, 1 changed | `catdog` 1.0.0 → **1.1.0** | ✅ |',
    );
    expect(text).toContain('-  replicas: 2\n+  replicas: 3\n');
    expect(text).toContain(`+    digest: ${digestOf('1.1.0')}\n`);
  });

  it.each<[string, Readonly<Record<string, string | null>>, string, RegExp]>([
    [
      'a version that staging does not have',
      { 'prod/models/catdog-1.1.0.yaml': versionText('1.1.0') },
      'VERSION_UNPROVEN',
      /prod gets catdog 1\.1\.0, a version that staging does not have\./,
    ],
    [
      'other weights under a number',
      { 'staging/models/catdog-1.0.0.yaml': versionText('1.0.0', { digest: digestOf('x') }) },
      'VERSION_CHANGED',
      /staging\/models\/catdog-1\.0\.0\.yaml: changes the digest/,
    ],
    [
      'a value that the chart does not have',
      { 'prod/catdog/values.yaml': 'model: { name: catdog }\nreplicas: 3\n' },
      'RENDER_FAILED',
      /prod\/catdog\/values\.yaml: cannot be rendered: .*'replicas' not allowed/,
    ],
    ['values that are no YAML', { 'prod/catdog/values.yaml': 'a: [' }, 'RENDER_FAILED', /cannot be rendered/],
    [
      'another model than the folder',
      { 'prod/catdog/values.yaml': 'model: { name: birds }\n' },
      'MODEL_INVALID',
      /model\.name is birds in the folder catdog/,
    ],
    [
      'weights that fall',
      {
        'prod/values.yaml': `${VALUES}crds: { install: false }\nrollout: { canary: { steps: [{ weight: 50, holdSeconds: 1 }, { weight: 10, holdSeconds: 1 }] } }\n`,
      },
      'POLICY_INVALID',
      /step 2 has 10 %, and step 1 has 50 % already/,
    ],
    [
      'a key that is none',
      {
        'prod/values.yaml': `${VALUES}crds: { install: false }\npublicKey: "-----BEGIN PUBLIC KEY-----\\nAAAA\\n-----END PUBLIC KEY-----"\n`,
      },
      'KEY_INVALID',
      /the key cannot be read/,
    ],
    [
      'a picture that is text',
      { 'prod/catdog/acceptance/cat.tabby.jpg': 'GIF89a? no' },
      'ACCEPTANCE_INVALID',
      /cat\.tabby\.jpg is text, not a picture/,
    ],
    [
      'a picture that is not there',
      { 'prod/catdog/acceptance/cat.tabby.jpg': null },
      'RENDER_FAILED',
      /acceptance.*cannot be rendered: .*cat\.tabby\.jpg/,
    ],
    [
      'a CRD twice',
      { 'prod/values.yaml': VALUES },
      'OBJECT_DUPLICATE',
      /CustomResourceDefinition\/modelversions\.pawl\.dev is brought by staging\/catdog and by prod\/catdog/,
    ],
    ['no environment.yaml', { 'prod/environment.yaml': null }, 'ENVIRONMENT_INVALID', /there is no environment\.yaml/],
    [
      'a model without values',
      { 'prod/birds/acceptance/README.md': 'x' },
      'MODEL_INVALID',
      /birds has no values\.yaml/,
    ],
  ])('refuses %s', async (_, files, code, message) => {
    await change(files);
    const outcome = await checkChange();
    expect(outcome.code).toBe(1);
    const said = outcome.out.replace(/\s+/g, ' ');
    expect(said).toMatch(message);
    expect(said).toContain(`[${code}]`);
    expect(outcome.out).toMatch(/\nrefused: \d+ errors?/);
    const text = await report();
    expect(text).toContain('❌ must not be merged');
    expect(text).toContain(`\`${code}\``);
    expect(outcome.out + text).not.toContain(repository.root);
    expect(outcome.out + text).not.toContain('pawl-base-');
  });

  it.each<[string, Readonly<Record<string, string | null>>, string, RegExp]>([
    [
      'a Pod beside the images',
      { 'staging/catdog/acceptance/more.yaml': manifest('v1', 'Pod') },
      'KIND_FOREIGN',
      /acceptance: Pod\/x is a Pod; expected only ConfigMaps there/,
    ],
    [
      'a ConfigMap of prod beside the images',
      { 'staging/catdog/acceptance/more.yaml': manifest('v1', 'ConfigMap', 'pawl-prod') },
      'NAMESPACE_FOREIGN',
      /ConfigMap\/x is of the namespace pawl-prod; expected pawl-staging/,
    ],
    [
      'a base that is fetched',
      { 'staging/catdog/acceptance/kustomization.yaml': 'resources: [https://git.invalid/x//base]\n' },
      'SOURCE_FOREIGN',
      /names https:\/\/git\.invalid\/x\/\/base \(resources\)/,
    ],
    [
      'a version in the namespace of prod',
      {
        'staging/models/catdog-1.1.0.yaml': versionText('1.1.0').replace(
          'metadata:',
          'metadata:\n  namespace: pawl-prod',
        ),
      },
      'NAMESPACE_FOREIGN',
      /says the namespace pawl-prod/,
    ],
    [
      'a number that is not that of the digest',
      { 'staging/models/catdog-99.0.0.yaml': versionText('99.0.0', { digest: digestOf('1.0.0') }) },
      'VERSION_MISMATCH',
      /catdog-99\.0\.0\.yaml: says catdog 99\.0\.0, but the bundle of its digest is catdog 1\.0\.0 in/,
    ],
    [
      'a model that takes the name of another Application',
      { 'staging/catdog-eu/values.yaml': 'model: { name: catdog-eu }\n', 'eu-staging/catdog/values.yaml': '{}\n' },
      'APPLICATION_DUPLICATE',
      /would call an Application catdog-eu-staging here and in/,
    ],
  ])('refuses %s', async (_, files, code, message) => {
    const kustomization = await readFile(repository.path('staging/catdog/acceptance/kustomization.yaml'), 'utf8');
    const more = Object.keys(files).some((file) => file.endsWith('/more.yaml'));
    await change({
      ...(more && { 'staging/catdog/acceptance/kustomization.yaml': `${kustomization}resources: [more.yaml]\n` }),
      ...files,
    });
    const outcome = await repository.check();
    expect(outcome.code).toBe(1);
    expect(outcome.out.replace(/\s+/g, ' ')).toMatch(message);
    expect(outcome.out).toContain(`[${code}]`);
  });

  it('asks the stores what the bundles of versions are', async () => {
    const uri = pathToFileURL(repositoryFile('models/catdog')).href;
    const bytes = await readFile(repositoryFile('models/catdog/manifest.json'));
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    const { version } = JSON.parse(bytes.toString()) as { version: string };
    await repository.write({
      'staging/models/catdog-1.0.0.yaml': null,
      [`staging/models/catdog-${version}.yaml`]: versionText(version, { digest, uri }),
    });
    const right = await repository.checkWith({ offline: false }, 'staging');
    expect(right.out).toMatch(/staging {2}bundles +1 of 1 bundle asked/);
    expect(right.out).not.toContain('VERSION_MISMATCH');

    await repository.write({
      [`staging/models/catdog-${version}.yaml`]: null,
      'staging/models/catdog-99.0.0.yaml': versionText('99.0.0', { digest, uri }),
    });
    const wrong = await repository.checkWith({ offline: false }, 'staging');
    expect(wrong.code).toBe(1);
    expect(wrong.out.replace(/\s+/g, ' ')).toContain(
      `says catdog 99.0.0, but the bundle of its digest is catdog ${version}, by its manifest. [VERSION_MISMATCH]`,
    );
  });

  it('refuses a link, which Argo CD would follow', async () => {
    await symlink('../../prod/models/catdog-1.0.0.yaml', repository.path('staging/models/catdog-2.0.0.yaml'));
    const { code, out } = await repository.check();
    expect([code, out]).toEqual([1, expect.stringContaining('models/catdog-2.0.0.yaml: is a link')]);
    expect(out).toContain('[SOURCE_FOREIGN]');
  });

  describe('with the projects of Argo CD', () => {
    const destinations = '../argocd/projects/staging/destinations.yaml';
    beforeEach(async () => {
      await cp(repositoryFile('k8s/argocd'), repository.path('../argocd'), { recursive: true });
    });

    it('finds nothing to say about those of the repository', async () => {
      const { code, out } = await repository.check();
      expect([code, out]).toEqual([0, expect.stringMatching(/prod {5}projects +allow its own place and kinds/)]);
    });

    it.each<[string, Readonly<Record<string, string>>, string, RegExp]>([
      [
        'an environment that moves to another’s place',
        { 'staging/environment.yaml': 'cluster: https://kubernetes.default.svc\nnamespace: pawl-prod\n' },
        'ENVIRONMENT_INVALID',
        /staging\/environment\.yaml: says pawl-prod of .* pawl-staging-services allows pawl-staging of/,
      ],
      [
        'projects that allow every namespace',
        {
          [destinations]:
            'apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: { name: all }\nspec:\n  destinations:\n' +
            '    - { server: https://kubernetes.default.svc, namespace: pawl-* }\n',
        },
        'PROJECT_WIDE',
        /the project pawl-staging-images allows the destinations pawl-\* of/,
      ],
      [
        'an environment without projects',
        { 'qa/environment.yaml': 'cluster: https://kubernetes.default.svc\nnamespace: pawl-qa\n' },
        'PROJECT_MISSING',
        /no project pawl-qa-services, pawl-qa-versions, pawl-qa-images/,
      ],
    ])('refuses %s', async (_, files, code, message) => {
      await repository.write(files);
      const outcome = await repository.check();
      expect(outcome.code).toBe(1);
      expect(outcome.out.replace(/\s+/g, ' ')).toMatch(message);
      expect(outcome.out).toContain(`[${code}]`);
    });
  });

  it('refuses a picture that is cut off', async () => {
    const picture = repository.path('prod/catdog/acceptance/cat.tabby.jpg');
    await writeFile(picture, (await readFile(picture)).subarray(0, 5000));
    const { code, out } = await repository.check();
    expect(code).toBe(1);
    expect(out).toMatch(
      /error: k8s\/environments\/prod\/catdog\/acceptance: cat\.tabby\.jpg: [^]*\[ACCEPTANCE_INVALID\]/,
    );
  });

  it('takes a version that comes back for what it is, by the history before the change alone', async () => {
    await repository.git('switch', '--quiet', '--force-create', 'later', 'main');
    for (const environment of ['staging', 'prod']) {
      await change({ [`${environment}/models/catdog-1.1.0.yaml`]: versionText('1.1.0') });
      await change({ [`${environment}/models/catdog-1.0.0.yaml`]: null });
    }
    await repository.git('switch', '--quiet', '--force-create', 'change', 'later');
    await change({ 'prod/models/catdog-1.0.0.yaml': versionText('1.0.0') });
    const back = await repository.check('--base', 'later');
    expect(back.code).toBe(0);
    expect(back.out).toMatch(/notice: .*catdog 1\.0\.0 comes back to prod[^]*\[VERSION_RETURNS\]/);

    await change({ 'prod/models/catdog-1.0.0.yaml': versionText('1.0.0', { digest: digestOf('other') }) });
    expect((await repository.check('--base', 'later')).out).toContain('[VERSION_UNPROVEN]');

    // In and out again on the branch itself is no history.
    await repository.git('switch', '--quiet', '--force-create', 'change', 'later');
    await change({ 'prod/models/catdog-9.9.9.yaml': versionText('9.9.9') });
    await change({ 'prod/models/catdog-9.9.9.yaml': null });
    await change({ 'prod/models/catdog-9.9.9.yaml': versionText('9.9.9') });
    const smuggled = await repository.check('--base', 'later');
    expect(smuggled.code).toBe(1);
    expect(smuggled.out).toContain('[VERSION_UNPROVEN]');
  });

  it('tells a rollback by taking away, and refuses nothing', async () => {
    await change({ 'prod/models/catdog-1.0.0.yaml': null });
    const { code, out } = await checkChange();
    expect(code).toBe(0);
    expect(out).toContain('[VERSION_WITHDRAWN]');
    expect(out).toContain('prod  catdog 1.0.0 -> none\n  - ModelVersion/catdog-1-0-0\n');
  });

  it('compares with where the branch parted, not with what others did since', async () => {
    await repository.git('switch', '--quiet', '--force-create', 'ahead', 'main');
    await change({ 'staging/models/catdog-1.1.0.yaml': versionText('1.1.0') });
    await repository.git('switch', '--quiet', 'change');
    await change({ 'staging/values.yaml': `${VALUES}replicaCount: 4\n` });
    const { out } = await repository.check('--base', 'ahead');
    expect(out).toContain('staging  catdog 1.0.0\n  ~ Deployment/catdog-pawl\n');
    expect(out).not.toContain('1.1.0');
  });

  it('without --base compares versions with the last commit', async () => {
    await repository.write({ 'prod/models/catdog-1.1.0.yaml': versionText('1.1.0') });
    const { code, out } = await repository.check();
    expect(code).toBe(1);
    expect(out).toContain('[VERSION_UNPROVEN]');
    expect(out).toContain('versions since the last commit');
  });

  it('checks the environments that are named, and renders a new and a removed one', async () => {
    await change({ 'prod/catdog/values.yaml': 'a: [' });
    expect((await repository.check('staging')).code).toBe(0);
    await repository.git('switch', '--quiet', '--force-create', 'change', 'main');
    await repository.git('mv', 'k8s/environments/prod', 'k8s/environments/live');
    await repository.write({ 'live/environment.yaml': 'cluster: https://kubernetes.default.svc\nnamespace: live\n' });
    await repository.commit('Rename');
    const { code, out } = await checkChange();
    expect(code).toBe(0);
    expect(out).toMatch(/live {2}catdog none -> 1\.0\.0\n {2}\+ ModelVersion/);
    expect(out).toMatch(/prod {2}catdog 1\.0\.0 -> none\n {2}- ModelVersion/);
    expect(out).toContain('the environment prod is taken away');
  });

  it('hides Secrets and shortens pictures', async () => {
    const secret = (password: string) =>
      `apiVersion: v1\nkind: Secret\nmetadata: { name: s }\nstringData: { password: ${password} }\n`;
    const kustomization = await readFile(repository.path('prod/catdog/acceptance/kustomization.yaml'), 'utf8');
    await repository.git('switch', '--quiet', '--force-create', 'secret', 'main');
    await change({
      'prod/catdog/acceptance/secret.yaml': secret('hunter1'),
      'prod/catdog/acceptance/kustomization.yaml': `${kustomization}resources: [secret.yaml]\n`,
    });
    await repository.git('switch', '--quiet', '--force-create', 'change', 'secret');
    await change({ 'prod/catdog/acceptance/secret.yaml': secret('hunter2') });
    await writeFile(
      repository.path('prod/catdog/acceptance/cat.tabby.jpg'),
      await readFile(repository.path('prod/catdog/acceptance/dog.ginger.jpg')),
    );
    await repository.commit('Picture');
    const { code, out } = await repository.check('--base', 'secret', '--report', 'comment.md');
    expect([code, out]).toEqual([1, expect.stringContaining('[KIND_FOREIGN]')]);
    const text = await report();
    expect(text).toContain('+  password: (not shown, changed)');
    expect(text).toMatch(/- {2}cat\.tabby\.jpg: sha256:[0-9a-f]{64} \([\d.]+ kB\)\n\+ {2}cat\.tabby\.jpg: sha256:/);
    expect(out + text).not.toContain('hunter');
  });

  it('gives the same to programs', async () => {
    await repository.write({ 'prod/models/catdog-1.1.0.yaml': versionText('1.1.0') });
    const { code, out } = await repository.check('-o', 'json');
    expect(code).toBe(1);
    const { checks } = JSON.parse(out) as { checks: readonly { findings: readonly { code: string }[] }[] };
    expect(checks.flatMap(({ findings }) => findings.map((finding) => finding.code))).toEqual(['VERSION_UNPROVEN']);
  });

  it.each<[string, number, readonly string[], RegExp]>([
    ['an unknown environment', 4, ['stagin'], /Did you mean staging\?/],
    ['an unknown base', 4, ['--base', 'nowhere'], /knows no commit nowhere[^]*git fetch/],
    ['a base that looks like an option', 4, ['--base=--all'], /knows no commit --all/],
    ['no environments', 4, ['--environments', 'charts/nothing'], /has no environments/],
    ['a report that cannot be written', 1, ['--report', 'charts/pawl/Chart.yaml/x.md'], /FILE_WRITE_FAILED/],
  ])('%s: exit code %i', async (_, code, args, message) => {
    const outcome = await repository.check(...args);
    expect(outcome.code).toBe(code);
    expect(outcome.err).toMatch(message);
  });

  it('leaves the clone as it is, and nothing behind', async () => {
    await change({ 'staging/values.yaml': `${VALUES}replicaCount: 4\n` });
    await repository.write({ 'staging/values.yaml': `${VALUES}replicaCount: 5\n`, 'new.txt': 'x' });
    await repository.git('add', 'k8s/environments/new.txt');
    const state = () =>
      Promise.all([
        repository.git('status', '--porcelain'),
        repository.git('worktree', 'list'),
        repository.git('stash', 'list'),
      ]);
    const ours = async () => (await readdir(tmpdir())).filter((name) => /^pawl-(base|schemas)-/.test(name));
    const [before, there] = [await state(), await ours()];
    expect((await repository.check('--base', 'main')).code).toBe(0);
    expect(await state()).toEqual(before);
    // Others may run at the same time; what is new must be gone.
    expect((await ours()).filter((name) => !there.includes(name))).toEqual([]);
  });

  it('is stopped by Ctrl-C, in the middle of a program too', async () => {
    const stuck = await EnvironmentsRepository.create({ kubectl: programs.kubectl });
    try {
      await writeFile(join(stuck.programs, 'helm'), '#!/bin/sh\n: >"$0.ran"\nexec /bin/sleep 600\n');
      await chmod(join(stuck.programs, 'helm'), 0o755);
      await mkdir(join(stuck.programs, 'bin'));
      const controller = new AbortController();
      const running = stuck.checkWith({ signal: controller.signal });
      const ran = async () => (await readdir(stuck.programs)).some((name) => name.endsWith('.ran'));
      await eventually('the program under way', ran);
      controller.abort();
      expect((await running).code).toBe(130);
    } finally {
      await stuck.delete();
    }
  });

  it.each(['helm', 'kubectl'])('says when %s is missing', async (program) => {
    const poor = await EnvironmentsRepository.create({ ...programs, [program]: undefined });
    try {
      const { code, out } = await poor.check();
      expect(code).toBe(3);
      expect(out).toContain(`${program} is not installed, or not on the PATH. [PROGRAM_MISSING]`);
      expect(out).toMatch(/next: {2}Install /);
    } finally {
      await poor.delete();
    }
  });

  it('outside a repository checks all but the order', async () => {
    await rm(join(repository.root, 'comment.md'), { force: true });
    const bare = await EnvironmentsRepository.create(programs);
    try {
      await rm(join(bare.root, '.git'), { recursive: true });
      const { code, out } = await bare.check();
      expect(code).toBe(0);
      expect(out).toContain('[ORDER_UNCHECKED]');
      const { code: refused, err } = await bare.check('--base', 'main');
      expect(refused).toBe(3);
      expect(err).toMatch(/GIT_FAILED/);
    } finally {
      await bare.delete();
    }
  });

  describeWhenSet('PAWL_TEST_KUBECONFORM', 'with kubeconform', (kubeconform) => {
    it('validates ModelVersions by the schema of the CRD, and says what it could not', async () => {
      const { code, out } = await repository.check('staging', '--kubeconform', kubeconform);
      expect(code).toBe(0);
      expect(out).toMatch(/staging {2}kubeconform +1 valid, \d+ without a schema\n/);
    });

    it('validates by schemas of one’s own', async () => {
      const folder = join(repository.programs, '../schemas');
      await mkdir(folder, { recursive: true });
      const schema = { properties: { data: { type: 'object', maxProperties: 0 } } };
      await writeFile(join(folder, 'configmap-v1.json'), JSON.stringify(schema));
      const { code, out } = await repository.check(
        'staging',
        '--kubeconform',
        kubeconform,
        '--schemas',
        join(folder, '{{.ResourceKind}}{{.KindSuffix}}.json'),
      );
      expect(code).toBe(1);
      expect(out).toMatch(/ConfigMap\/catdog-pawl-rollout is not valid[^]*\[OBJECT_INVALID\]/);
    });

    it('a path where there is none is an error', async () => {
      const { code, out } = await repository.check('staging', '--kubeconform', join(repository.programs, 'nothing'));
      expect(code).toBe(3);
      expect(out).toContain('[PROGRAM_MISSING]');
    });
  });
});
