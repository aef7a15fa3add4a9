import { createHash } from 'node:crypto';
import { execFile, execFileSync } from 'node:child_process';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { IDENTITY } from '@pawl/test-kit/git-identity';
import { notesOf, parseChangeset, sectionOf, withSection } from '../../scripts/release/changelog.ts';
import { Machine } from './support/machine.ts';
import { ROOT } from './support/workflow.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
let machine: Machine;
beforeEach(async () => {
  machine = await Machine.create(['node', 'base64']);
});
afterEach(() => machine.delete());

describe('the changelog', () => {
  const changeset = (part: string, summary: string, name = '@pawl/cli') =>
    parseChangeset('x.md', `---\n'${name}': ${part}\n---\n\n${summary}\n`);

  it('has a section of a version, the largest changes first', () => {
    const changesets = [changeset('patch', 'Mend a crash'), changeset('minor', 'Publish more\nfor others')];
    const section = sectionOf('1.3.0', '2026-11-30', changesets as NonNullable<(typeof changesets)[0]>[]);
    const text = withSection('# Changelog\n\n## 1.2.0 (2026-10-01)\n\nOld.\n', section);
    expect(text).toBe(
      '# Changelog\n\n## 1.3.0 (2026-11-30)\n\n### What is new\n\n- Publish more\n  for others\n\n' +
        '### What is repaired\n\n- Mend a crash\n\n## 1.2.0 (2026-10-01)\n\nOld.\n',
    );
    expect(notesOf(text, '1.3.0')).toMatch(/^### What is new[^]*Mend a crash$/);
    expect(notesOf(text, '1.2.0')).toBe('Old.');
    expect(notesOf(text, '1.3')).toBeUndefined();
    expect(() => withSection(text, section)).toThrow('1.3.0 already');
  });

  it('takes the largest part that a changeset names, and none of an empty one', () => {
    expect(parseChangeset('x.md', '---\n"@pawl/cli": patch\n"@pawl/shared": major\n---\n\nx')?.part).toBe('major');
    expect(parseChangeset('x.md', '---\n---\n')).toBeUndefined();
  });

  it.each([
    ['no fence', /is no changeset/],
    ['---\n"@pawl/cli": huge\n---\n\nx', /expected major, minor or patch/],
    ['---\n"@pawl/cli": patch\n---\n\n', /says nothing/],
  ])('refuses %j', (text, message) => {
    expect(() => parseChangeset('x.md', text)).toThrow(message);
  });
});

/** A copy of what has a version, in a repository of its own. */
async function aCheckout(changesets: Readonly<Record<string, string>>): Promise<string> {
  const folder = join(machine.folder, 'checkout');
  const { workspaces } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { workspaces: string[] };
  const files = [
    ...['package.json', 'package-lock.json', 'CHANGELOG.md', '.changeset/config.json', '.changeset/README.md'],
    ...['charts/pawl/Chart.yaml', 'charts/pawl-crds/Chart.yaml', ...workspaces.map((one) => `${one}/package.json`)],
  ];
  for (const file of files) await cp(join(ROOT, file), join(folder, file));
  for (const [name, text] of Object.entries(changesets)) await writeFile(join(folder, '.changeset', name), text);
  const git = (...words: string[]) => execFileSync('git', words, { cwd: folder, env: { ...process.env, ...IDENTITY } });
  git('init', '--quiet', '--initial-branch', 'main');
  git('add', '--all');
  git('commit', '--quiet', '--message', 'Begin');
  git('init', '--quiet', '--bare', '../remote.git');
  git('remote', 'add', 'origin', '../remote.git');
  return folder;
}

const versionIn = async (cwd: string, ...words: string[]) =>
  await promisify(execFile)(
    process.execPath,
    ['--conditions=pawl-source', '--no-warnings', join(ROOT, 'scripts/release/version.ts'), ...words],
    { cwd, env: { ...process.env, PAWL_RELEASE_DATE: '2026-11-30' } },
  ).then(
    ({ stdout }) => ({ code: 0, out: stdout }),
    (error: unknown) => {
      const { code, stderr } = error as { readonly code: number; readonly stderr: string };
      return { code, out: stderr };
    },
  );

describe('a new version', () => {
  const BREAKS = "---\n'@pawl/shared': major\n---\n\nRefuse bundles without a reference\n";

  it('is in every file, and the changesets are in the changelog', async () => {
    const folder = await aCheckout({ 'a.md': BREAKS, 'b.md': "---\n'@pawl/cli': patch\n---\n\nMend a crash\n" });
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    const next = `${Number(version.split('.')[0]) + 1}.0.0`;
    expect(await versionIn(folder)).toEqual({ code: 0, out: `${next}\n` });
    expect(await readdir(join(folder, '.changeset'))).toEqual(['README.md', 'config.json']);
    expect(await versionIn(folder, '--check', `v${next}`)).toEqual({ code: 0, out: `everything is ${next}\n` });
    expect((await versionIn(folder, '--notes', next)).out).toContain('- Refuse bundles without a reference');
    // The lock file is one that npm takes as it is.
    const lock = await readFile(join(folder, 'package-lock.json'), 'utf8');
    const packages = (JSON.parse(lock) as { packages: Record<string, { version?: string; dependencies?: object }> })
      .packages;
    expect(packages['apps/cli']).toMatchObject({ version: next, dependencies: { '@pawl/shared': next } });
    expect(lock.split('\n')).toHaveLength((await readFile(join(ROOT, 'package-lock.json'), 'utf8')).split('\n').length);
  });

  it('is none without changesets', async () => {
    const folder = await aCheckout({ 'empty.md': '---\n---\n' });
    expect(await versionIn(folder)).toEqual({ code: 0, out: 'no changesets: nothing to release\n' });
    expect(execFileSync('git', ['status', '--porcelain'], { cwd: folder }).toString()).toBe('');
  });

  it('is refused as a tag while files say something else', async () => {
    const folder = await aCheckout({ 'a.md': BREAKS });
    const { code, out } = await versionIn(folder, '--check', 'v9.9.9');
    expect(code).toBe(1);
    for (const part of [
      'apps/cli/package.json is',
      'appVersion of charts/pawl/Chart.yaml is',
      'no section 9.9.9',
      'a.md',
    ])
      expect(out).toContain(part);
  });

  it('comes as a pull request, which is kept up to date', async () => {
    const folder = await aCheckout({ 'a.md': BREAKS });
    await machine.stub(
      'npm',
      `cd '${folder}' && exec '${process.execPath}' --conditions=pawl-source --no-warnings '${ROOT}/scripts/release/version.ts'`,
    );
    for (const [open, verb] of [
      [0, 'create'],
      [1, 'edit'],
    ] as const) {
      await machine.stub('gh', `case "$*" in *' list '*) echo ${open} ;; esac`);
      const env = { GH_TOKEN: 'of-a-secret', GITHUB_ACTIONS: 'true' };
      const { code, out } = await machine.run('version-pull-request.sh', [], env, folder);
      expect(code).toBe(0);
      expect(out).toContain(`::add-mask::${Buffer.from('x-access-token:of-a-secret').toString('base64')}`);
      expect((await machine.calls()).at(-1)).toMatch(new RegExp(`^gh pr ${verb} .*--title Release \\d+\\.0\\.0`));
      const files = execFileSync('git', ['show', '--stat', '--format=%s', 'release/next'], {
        cwd: join(machine.folder, 'remote.git'),
      });
      expect(files.toString()).toMatch(/^Release \d+\.0\.0\n[^]*CHANGELOG\.md/);
      execFileSync('git', ['switch', '--quiet', 'main'], { cwd: folder });
    }
  });
});

describe('the files of a release', () => {
  const folder = () => join(machine.folder, 'assets');
  const release = (...words: string[]) => machine.run('release-assets.sh', words);
  const files = async (more: Readonly<Record<string, string>> = {}) => {
    await mkdir(folder(), { recursive: true });
    for (const [name, text] of Object.entries({ 'a.tgz': 'a', 'b.yaml': 'b', ...more }))
      await writeFile(join(folder(), name), text);
  };
  /** What actions/attest writes, of these contents. */
  const attestation = async (contents: readonly string[]) => {
    const subject = contents.map((text) => ({
      name: 'x',
      digest: { sha256: createHash('sha256').update(text).digest('hex') },
    }));
    const payload = Buffer.from(JSON.stringify({ _type: 'https://in-toto.io/Statement/v1', subject })).toString(
      'base64',
    );
    const path = join(machine.folder, 'bundle.json');
    await writeFile(path, JSON.stringify({ dsseEnvelope: { payload } }, null, 2));
    return path;
  };
  const sums = async () => await readFile(join(folder(), 'SHA256SUMS'), 'utf8');

  it('are each signed and attested, and go into one draft', async () => {
    await files();
    await machine.stub('cosign', `while [ "$1" != --bundle ]; do shift; done; echo '{}' >"$2"`);
    await machine.stub('gh');
    expect(await release('sums', folder())).toMatchObject({ code: 0 });
    expect(await release('sign', folder())).toMatchObject({ code: 0 });
    expect(await release('provenance', folder(), await attestation(['a', 'b', await sums()]))).toMatchObject({
      code: 0,
    });
    expect((await readdir(folder())).sort()).toEqual(
      ['SHA256SUMS', 'a.tgz', 'b.yaml']
        .flatMap((name) => [name, `${name}.intoto.jsonl`, `${name}.sigstore.json`])
        .sort(),
    );
    expect((await readFile(join(folder(), 'a.tgz.intoto.jsonl'), 'utf8')).split('\n')).toHaveLength(2);
    expect(await release('draft', folder(), 'v1.3.0-rc.1', 'notes.md')).toMatchObject({ code: 0 });
    const call = (await machine.calls()).at(-1) ?? '';
    expect(call).toMatch(/^gh release create v1\.3\.0-rc\.1 --draft --verify-tag .*--prerelease /);
    expect(call.split(' ').filter((word) => word.startsWith(folder()))).toHaveLength(9);
  });

  it('are refused when the attestation is about others', async () => {
    await files();
    const { code, err } = await release('provenance', folder(), await attestation(['a']));
    expect([code, err]).toEqual([1, expect.stringContaining('not about b.yaml [PROVENANCE_FOREIGN]')]);
  });

  it('do not go into a draft without their proofs', async () => {
    await files({ 'a.tgz.sigstore.json': '{}' });
    await machine.stub('gh');
    const { code, err } = await release('draft', folder(), 'v1.0.0', 'notes.md');
    expect([code, err]).toEqual([1, expect.stringContaining('a.tgz.intoto.jsonl b.yaml.sigstore.json')]);
    expect(await machine.calls()).toEqual([]);
  });

  it('need a cosign that writes a bundle, and at least one file', async () => {
    await files();
    await machine.stub('cosign');
    expect((await release('sign', folder())).err).toContain('[SIGNATURE_MISSING]');
    await mkdir(join(machine.folder, 'none'));
    expect((await release('sums', join(machine.folder, 'none'))).err).toContain('[ASSETS_MISSING]');
    expect((await release('provenance', folder())).code).toBe(2);
  });
});

describe('a chart in a registry', () => {
  const push = async (said: string) => {
    await mkdir(join(machine.folder, 'pawl'));
    await writeFile(join(machine.folder, 'pawl/Chart.yaml'), 'apiVersion: v2\nname: pawl\nversion: 1.2.0\n');
    execFileSync('tar', ['-czf', 'any.tgz', 'pawl'], { cwd: machine.folder });
    await machine.stub('helm', `printf '%b' '${said}' >&2`);
    await machine.stub('cosign');
    return await machine.run('publish-chart.sh', [join(machine.folder, 'any.tgz'), 'oci://ghcr.io/pawl-dev/charts']);
  };

  it('is signed by its digest', async () => {
    expect(await push(`Pushed: ghcr.io/pawl-dev/charts/pawl:1.2.0\\nDigest: ${DIGEST}\\n`)).toMatchObject({
      ...{ code: 0, out: `ghcr.io/pawl-dev/charts/pawl@${DIGEST}\n` },
    });
    expect((await machine.calls()).at(-1)).toBe(`cosign sign --yes ghcr.io/pawl-dev/charts/pawl@${DIGEST}`);
  });

  it('is not signed when nothing says what it is', async () => {
    expect((await push('Pushed: x\\n')).err).toContain('[DIGEST_INVALID]');
    expect(await machine.run('publish-chart.sh', ['any.tgz', 'ghcr.io/x'])).toMatchObject({ code: 2 });
  });
});

describeWhenSet('PAWL_TEST_COSIGN3', 'the files of a release with a real cosign', (cosign) => {
  it('are signed so that anybody verifies them', async () => {
    const folder = join(machine.folder, 'assets');
    await mkdir(folder);
    await writeFile(join(folder, 'a.tgz'), 'a');
    const env = { ...process.env, COSIGN_PASSWORD: '' };
    execFileSync(cosign, ['generate-key-pair'], { cwd: machine.folder, env, stdio: 'ignore' });
    const real = await Machine.create(['node', cosign]);
    try {
      const keys = { COSIGN_KEY: join(machine.folder, 'cosign.key'), COSIGN_PASSWORD: '' };
      const offline = { COSIGN_OPTIONS: '--use-signing-config=false --tlog-upload=false' };
      expect(await real.run('release-assets.sh', ['sums', folder])).toMatchObject({ code: 0 });
      expect(await real.run('release-assets.sh', ['sign', folder], { ...keys, ...offline })).toMatchObject({ code: 0 });
    } finally {
      await real.delete();
    }
    for (const name of ['a.tgz', 'SHA256SUMS']) {
      const words = ['--key', join(machine.folder, 'cosign.pub'), '--bundle', join(folder, `${name}.sigstore.json`)];
      const verify = (file: string) =>
        execFileSync(cosign, ['verify-blob', ...words, '--insecure-ignore-tlog', file], { env, stdio: 'pipe' });
      expect(() => verify(join(folder, name))).not.toThrow();
      expect(() => verify(join(machine.folder, 'cosign.pub'))).toThrow();
    }
  });
});

describeWhenSet('PAWL_TEST_HELM', 'the files of a release with a real Helm', (helm) => {
  it('are made of the commit, with the images of the fork in the chart', async () => {
    const real = await Machine.create(['npm', 'node', helm]);
    try {
      const folder = join(real.folder, 'assets');
      const env = { GITHUB_REPOSITORY_OWNER: 'Someone', HOME: real.folder };
      expect(await real.run('release-assets.sh', ['pack', folder], env)).toMatchObject({ code: 0 });
      const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
      const names = (await readFile(join(folder, 'SHA256SUMS'), 'utf8'))
        .trim()
        .split('\n')
        .map((line) => line.slice(66));
      expect(names).toEqual([
        'customresourcedefinition.yaml',
        ...['-sbom.cdx.json', '-source.tar.gz', '.tgz'].map((end) => `pawl-${version}${end}`),
        `pawl-crds-${version}.tgz`,
      ]);
      const values = execFileSync('tar', ['-xzOf', join(folder, `pawl-${version}.tgz`), 'pawl/values.yaml']).toString();
      expect(values).toContain('ghcr.io/someone/pawl-controller');
      expect(values).not.toContain('ghcr.io/pawl-dev/');
      const sbom = JSON.parse(await readFile(join(folder, `pawl-${version}-sbom.cdx.json`), 'utf8')) as {
        bomFormat: string;
        components: readonly { name: string }[];
      };
      expect(sbom.bomFormat).toBe('CycloneDX');
      const parts = sbom.components.map(({ name }) => name);
      expect(parts).toEqual(expect.arrayContaining(['sharp', 'onnxruntime-node', 'zod']));
      expect(parts).not.toContain('eslint');
    } finally {
      await real.delete();
    }
  });
});
