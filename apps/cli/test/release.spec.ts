import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { generateSigningKeyPair } from '@pawl/shared/bundle/signature';
import { parse } from 'yaml';
import { startRun } from '../src/ml/tracking/start-run.ts';
import { aFolder, cleanFolders } from '@pawl/test-kit/bundles';
import { startRegistry } from '@pawl/test-kit/registry';
import { IDENTITY } from '@pawl/test-kit/git-identity';
import { pawlIn, type Surroundings } from './support/pawl-in.ts';
import { publishSmallBundle, writeSmallBundle } from './support/publishing.ts';

afterEach(cleanFolders);

const MODELS = 'k8s/environments/staging/models';

/** A clone with an empty staging environment and a remote, and what to do in it. */
async function aClone() {
  const folder = await aFolder();
  const clone = join(folder, 'clone');
  const gitIn = async (cwd: string, ...argv: string[]) =>
    (await promisify(execFile)('git', argv, { cwd, env: { PATH: process.env['PATH'], ...IDENTITY } })).stdout.trim();
  await gitIn(folder, 'init', '--quiet', '--bare', '--initial-branch', 'main', 'remote.git');
  await gitIn(folder, 'clone', '--quiet', 'remote.git', 'clone');
  await gitIn(clone, 'switch', '--quiet', '--orphan', 'main');
  await mkdir(join(clone, MODELS), { recursive: true });
  await writeFile(join(clone, MODELS, 'README.md'), 'One ModelVersion a file.\n');
  await writeFile(join(clone, 'other.txt'), 'other\n');
  await gitIn(clone, 'add', '.');
  await gitIn(clone, 'commit', '--quiet', '-m', 'Begin');
  await gitIn(clone, 'push', '--quiet', '-u', 'origin', 'main');
  const git = (...argv: string[]) => gitIn(clone, ...argv);
  const releaseWith = (surroundings: Surroundings, ...argv: string[]) =>
    pawlIn(clone, ['release', ...argv, '--env', 'staging'], {
      ...surroundings,
      env: { ...IDENTITY, ...surroundings.env },
    });
  return {
    folder,
    clone,
    git,
    gitIn,
    releaseWith,
    release: (...argv: string[]) => releaseWith({}, ...argv),
    publish: (version: string, weights: number, more: object = {}) =>
      publishSmallBundle(folder, { version, weights, ...more }),
    models: async () => (await readdir(join(clone, MODELS))).filter((file) => file.endsWith('.yaml')).sort(),
    object: async (file: string) => parse(await readFile(join(clone, MODELS, file), 'utf8')) as Record<string, unknown>,
  };
}

describe('pawl release', () => {
  it('writes the ModelVersion, shows it as Git does, and commits it alone', async () => {
    const { release, publish, git, clone, object } = await aClone();
    const lineage = { run_id: '0a1b', git_commit: 'c0ffee' };
    const { uri, digest } = await publish('1.0.0', 1, { changes: { metrics: { accuracy: 0.95 }, lineage } });
    // Work in progress elsewhere, staged and not, is nobody's business here.
    await writeFile(join(clone, 'other.txt'), 'changed\n');
    await writeFile(join(clone, 'new.txt'), 'new\n');
    await git('add', 'new.txt');

    const { code, out } = await release(uri);
    expect(code).toBe(0);
    expect(out).toContain(`+++ b/${MODELS}/catdog-1.0.0.yaml\n@@ -0,0 +1,13 @@\n+apiVersion: pawl.dev/v1alpha1\n`);
    expect(out).toMatch(/\nCommitted [0-9a-f]{7,} on main: Release catdog 1.0.0 to staging\nnext: git push\n$/);
    expect(await object('catdog-1.0.0.yaml')).toEqual({
      apiVersion: 'pawl.dev/v1alpha1',
      kind: 'ModelVersion',
      metadata: {
        name: 'catdog-1-0-0',
        annotations: { 'pawl.dev/run-id': '0a1b', 'pawl.dev/git-commit': 'c0ffee' },
      },
      spec: { model: 'catdog', version: '1.0.0', artifact: { uri, digest } },
    });
    expect(await git('show', '--format=', '--name-status', 'HEAD')).toBe(`A\t${MODELS}/catdog-1.0.0.yaml`);
    expect(await git('log', '-1', '--format=%B')).toBe(
      [
        'Release catdog 1.0.0 to staging',
        '',
        'change: the first version in this environment',
        `digest: ${digest}`,
        `artifact: ${uri}`,
        'run id: 0a1b',
        'git commit: c0ffee',
        'metrics:',
        '  accuracy: 0.95',
      ].join('\n'),
    );
    expect((await git('status', '--porcelain')).split('\n')).toEqual(['A  new.txt', ' M other.txt']);
  });

  it('calls nothing better that was measured on other pictures, and tells the comparison on the same ones', async () => {
    const { release, publish, git } = await aClone();
    const measured = (accuracy: number, lineage: Record<string, string>) => ({
      changes: { metrics: { accuracy }, lineage },
    });
    await release((await publish('1.0.0', 1, measured(0.954, { measured_on: 'sha256:aa' }))).uri);
    const paired =
      'against catdog 1.0.0 on the same 150 test pictures: accuracy 0.98 -> 0.9667, 0 fixed, 2 broken, p 0.5';
    const lineage = { measured_on: 'sha256:bb', paired };
    const { out } = await release((await publish('1.1.0', 2, measured(0.9733, lineage))).uri);
    expect(out).toMatch(/ {2}accuracy {2}0\.954 and 0\.9733 {2}measured on other pictures\n/);
    expect(out).toMatch(/ {2}compared +against catdog 1\.0\.0 on the same 150/);
    expect(out).not.toMatch(/better|▲/);
    expect(await git('log', '-1', '--format=%b')).toContain(
      `compared: ${paired}\nmetrics:\n  accuracy: 0.9733 (before: 0.954, measured on other pictures)`,
    );
  });

  it('follows with metrics before and after, removes what is too old, and says when there is nothing to do', async () => {
    const { release, publish, git, models } = await aClone();
    const lineage = { measured_on: 'sha256:aa' };
    for (const [version, weights] of [
      ['1.0.0', 1],
      ['1.1.0', 2],
      ['1.2.0', 3],
    ] as const)
      expect(
        (await release((await publish(version, weights, { changes: { metrics: { accuracy: 0.9 }, lineage } })).uri))
          .code,
      ).toBe(0);
    const { uri } = await publish('1.3.0', 4, { changes: { metrics: { accuracy: 0.95 }, lineage } });
    const { code, out } = await release(uri);
    expect(code).toBe(0);
    expect(out).toMatch(/ {2}version +minor after 1.2.0: only the weights changed\n {2}removes +1.0.0\n/);
    expect(out).toMatch(/ {2}accuracy {2}0.9 → 0.95 {2}▲ \+0.05 better\n/);
    expect(out).toContain('deleted file mode 100644');
    expect(await models()).toEqual(['catdog-1.1.0.yaml', 'catdog-1.2.0.yaml', 'catdog-1.3.0.yaml']);
    expect(await git('log', '-1', '--format=%b')).toMatch(
      /change: minor after 1.2.0[^]*accuracy: 0.9 -> 0.95\nremoved: 1.0.0/,
    );
    expect(await git('status', '--porcelain')).toBe('');

    const before = await git('rev-parse', 'HEAD');
    expect(await release(uri)).toMatchObject({
      code: 0,
      out: expect.stringContaining('Already released: catdog-1.3.0.yaml') as string,
    });
    expect(await git('rev-parse', 'HEAD')).toBe(before);
    const keep = await publish('1.4.0', 5);
    expect((await release(keep.uri, '--keep', '2')).code).toBe(0);
    expect(await models()).toEqual(['catdog-1.3.0.yaml', 'catdog-1.4.0.yaml']);
  });

  it('demands the version that the change demands', async () => {
    const { release, publish, git } = await aClone();
    await release((await publish('1.0.0', 1)).uri);
    const before = await git('rev-parse', 'HEAD');
    const input = {
      name: 'image',
      layout: 'NHWC',
      dtype: 'uint8',
      width: 227,
      height: 227,
      fit: 'fill',
      kernel: 'lanczos3',
    };
    const { code, err, out } = await release((await publish('1.1.0', 2, { changes: { input } })).uri);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(
      /the input changed, which makes a major version, 2.0.0 or higher. \[VERSION_TOO_SMALL\]\nnext: .*pawl train --replaces file:/,
    );
    expect(await git('rev-parse', 'HEAD')).toBe(before);
    expect((await release((await publish('2.0.0', 2, { changes: { input } })).uri)).code).toBe(0);
  });

  it.each([
    ['not three numbers', 'latest'],
    ['a leading v', 'v1.1.0'],
    ['leading zeros', '1.01.0'],
    ['leading zeros in a prerelease', '1.1.0-01'],
    ['a number beyond what can be counted', '9007199254740992.0.0'],
    ['65 characters', `1.1.0-${'a'.repeat(59)}`],
  ])('refuses a bundle whose version has %s, and writes nothing', async (_, version) => {
    const { release, publish, git, models, folder } = await aClone();
    const { uri } = await publish('1.1.0', 1);
    // As another program may have made it: no bundle of ours can be written so.
    const manifest = join(folder, 'store', '1.1.0', 'manifest.json');
    const text = await readFile(manifest, 'utf8');
    await chmod(manifest, 0o644);
    await writeFile(manifest, text.replace('"version": "1.1.0"', `"version": "${version}"`));
    expect(await readFile(manifest, 'utf8')).not.toBe(text);
    const before = await git('rev-parse', 'HEAD');
    const { code, out, err } = await release(uri);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^error: .*version.*\[BUNDLE_MANIFEST_INVALID\]\nnext: /);
    expect(await git('rev-parse', 'HEAD')).toBe(before);
    expect(await models()).toEqual([]);
    expect(await git('status', '--porcelain')).toBe('');
  });

  it('compares with nothing only when somebody takes the responsibility', async () => {
    const { release, publish, folder } = await aClone();
    await release((await publish('1.0.0', 1)).uri);
    await rm(join(folder, 'store/1.0.0'), { recursive: true });
    const { uri } = await publish('1.1.0', 2);
    const refused = await release(uri);
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(
      /catdog 1.0.0 cannot be fetched to compare with: .*RELEASE_REFUSED[^]*--allow-uncompared/,
    );
    const { code, out, err } = await release(uri, '--allow-uncompared');
    expect({ code, out }).toMatchObject({
      code: 0,
      out: expect.stringContaining('after 1.0.0, not compared') as string,
    });
    expect(err).toMatch(/^warning: catdog 1.0.0 cannot be fetched/);
  });

  it('writes nothing with --dry-run, and commits nothing with --no-commit, also where there is no Git', async () => {
    const { release, publish, git, models, clone } = await aClone();
    const { uri } = await publish('1.0.0', 1);
    expect((await release(uri, '--dry-run')).out).toMatch(/\+kind: ModelVersion[^]*Nothing was written \(--dry-run\)/);
    expect(await models()).toEqual([]);
    expect((await release(uri, '--no-commit')).out).toMatch(/\nWritten, not committed.\n$/);
    expect(await git('status', '--porcelain')).toBe(`?? ${MODELS}/catdog-1.0.0.yaml`);
    await rm(join(clone, '.git'), { recursive: true });
    await rm(join(clone, MODELS), { recursive: true });
    const without = await release(uri);
    expect(without).toMatchObject({ code: 3, out: '' });
    expect(without.err).toMatch(/not a git repository.*GIT_FAILED\]\nnext: {2}Run inside a clone/);
    expect((await release(uri, '--no-commit')).code).toBe(0);
    expect(await models()).toEqual(['catdog-1.0.0.yaml']);
  });

  it('colours the change on a terminal', async () => {
    const { releaseWith, publish } = await aClone();
    const { uri } = await publish('1.0.0', 1);
    const { out } = await releaseWith({ isTTY: true }, uri, '--dry-run');
    expect(out).toContain('\u001b[32m+kind: ModelVersion\u001b[39m');
    expect((await releaseWith({ isTTY: true }, uri, '--dry-run', '--no-color')).out).not.toContain('\u001b');
  });

  it('pins a tag to what it points to now', async () => {
    const { folder, clone, object } = await aClone();
    const registry = await startRegistry();
    try {
      const env = { ...IDENTITY, REGISTRY_PLAIN_HTTP: 'true' };
      const address = `oci://${registry.host}/catdog:1.0.0`;
      const { digest } = await writeSmallBundle(folder, 'b');
      await pawlIn(folder, ['publish', 'b', address], { env });
      const { code } = await pawlIn(clone, ['release', address, '--env', 'staging'], { env });
      expect(code).toBe(0);
      const { spec } = (await object('catdog-1.0.0.yaml')) as { spec: { artifact: { uri: string; digest: string } } };
      expect(spec.artifact.digest).toBe(digest);
      expect(spec.artifact.uri).toMatch(new RegExp(`^${address}@sha256:[0-9a-f]{64}$`));

      // The tag moves; what was released still names the same bytes, and is what the next one is compared with.
      await writeSmallBundle(folder, 'c', { version: '1.1.0', weights: 2 });
      await pawlIn(folder, ['publish', 'c', address, '--force'], { env });
      expect((await pawlIn(folder, ['inspect', spec.artifact.uri], { env })).out).toMatch(/^catdog 1.0.0\n/);
      const next = await pawlIn(clone, ['release', address, '--env', 'staging'], { env });
      expect(next.out).toContain('minor after 1.0.0');
    } finally {
      await registry.close();
    }
  });

  it('takes the address that publishing wrote into a file, filled in from the manifest', async () => {
    const { folder, clone, object } = await aClone();
    const { digest } = await writeSmallBundle(folder, 'b');
    const address = `file://${folder}/{name}/{version}-{digest}`;
    const published = await pawlIn(folder, ['publish', 'b', address, '--address-file', 'address'], { env: IDENTITY });
    expect(published.code).toBe(0);
    const argv = ['release', `@${join(folder, 'address')}`, '--env', 'staging'];
    expect((await pawlIn(clone, argv, { env: IDENTITY })).code).toBe(0);
    const { spec } = (await object('catdog-1.0.0.yaml')) as { spec: { artifact: { uri: string; digest: string } } };
    expect(spec.artifact.digest).toBe(digest);
    expect(spec.artifact.uri).toMatch(new RegExp(`^file://${folder}/catdog/1.0.0-[0-9a-f]+$`));
    expect(await pawlIn(clone, ['release', '@nowhere', '--env', 'staging'])).toMatchObject({ code: 4, out: '' });
  });

  it("asks for the environment's key", async () => {
    const { release, publish, git, clone } = await aClone();
    const [key, other] = [generateSigningKeyPair(), generateSigningKeyPair()];
    await writeFile(join(clone, 'k8s/environments/staging/public-key.pem'), key.publicKeyPem);
    await git('add', '.');
    await git('commit', '--quiet', '-m', 'Key');
    const unsigned = await publish('1.0.0', 1);
    expect((await release(unsigned.uri)).err).toMatch(/BUNDLE_SIGNATURE_MISSING/);
    const wrong = await publish('1.0.1', 1, { privateKeyPem: other.privateKeyPem });
    expect((await release(wrong.uri)).err).toMatch(/BUNDLE_SIGNATURE_INVALID/);
    const right = await publish('1.0.2', 1, { privateKeyPem: key.privateKeyPem });
    expect((await release(right.uri)).out).toMatch(/signature +✓ by the key of the environment/);

    await rm(join(clone, 'k8s/environments/staging/public-key.pem'));
    await writeFile(
      join(clone, 'k8s/environments/staging/values.yaml'),
      JSON.stringify({ publicKey: key.publicKeyPem }),
    );
    await git('add', '.');
    await git('commit', '--quiet', '-m', 'Key as a value');
    expect((await release(wrong.uri)).err).toMatch(/BUNDLE_SIGNATURE_INVALID/);
  });

  it.each<[string, number, readonly string[], RegExp]>([
    ['an unknown environment', 4, ['--env', 'stagin'], /no environment stagin[^]*Did you mean staging\?/],
    ['a path as environment', 4, ['--env', '../staging'], /FILE_NOT_FOUND/],
    ['no environments', 4, ['--environments', 'nowhere'], /name its folder with --environments/],
    ['too few to keep', 2, ['--keep', '1'], /a rollback returns to/],
    ['--push without a commit', 2, ['--push', '--no-commit'], /--push needs the commit/],
    ['two sources', 2, ['--from', 'models:/catdog@champion'], /an address or --from/],
  ])('%s: exit code %i', async (_, code, flags, message) => {
    const { clone, publish, git } = await aClone();
    const { uri } = await publish('1.0.0', 1);
    const outcome = await pawlIn(clone, ['release', uri, '--env', 'staging', ...flags], { env: IDENTITY });
    expect(outcome).toMatchObject({ code, out: '' });
    expect(outcome.err).toMatch(message);
    expect(await git('status', '--porcelain')).toBe('');
  });

  it.each(['https://ann:of-a-secret@store.example/catdog', 'https://store.example/catdog?signature=of-a-secret'])(
    'commits no credentials',
    async (address) => {
      const { release, models } = await aClone();
      const { code, out, err } = await release(address);
      expect(code).toBe(1);
      expect(err).toMatch(/the address of https:\/\/store.example\/catdog has .*RELEASE_REFUSED/);
      expect(out + err).not.toContain('of-a-secret');
      expect(await models()).toEqual([]);
    },
  );

  it('takes no folder of this machine', async () => {
    const { release } = await aClone();
    const { code, err } = await release('models/candidate');
    expect(code).toBe(2);
    expect(err).toMatch(/no address[^]*pawl publish models\/candidate oci:/);
  });
});

describe('pawl release --from', () => {
  it('takes the bundle that publishing noted for a registered model', async () => {
    const { folder, clone, object, git } = await aClone();
    await writeFile(join(clone, '.git/info/exclude'), 'runs/\n');
    const context = {
      cwd: clone,
      env: {},
      signal: new AbortController().signal,
      now: () => new Date(),
      stderr: { write: () => true },
      sleep: () => Promise.resolve(),
    };
    const run = await startRun({ context, runsFolder: join(clone, 'runs'), experiment: 'catdog', tags: {} });
    await mkdir(join(folder, 'mlmodel'));
    await writeFile(join(folder, 'mlmodel/MLmodel'), 'flavors: {}\n');
    await run.artifact({ source: join(folder, 'mlmodel'), path: 'model' });
    await run.register({ name: 'catdog', path: 'model', alias: 'champion', tags: {} });
    await run.end('FINISHED');
    const from = ['release', '--from', 'models:/catdog@champion', '--env', 'staging'];

    const early = await pawlIn(clone, from, { env: IDENTITY });
    expect(early.code).toBe(1);
    expect(early.err).toMatch(/its bundle was not published. \[RELEASE_REFUSED\]\nnext: {2}Publish the bundle/);

    const { digest } = await writeSmallBundle(folder, 'b', { changes: { lineage: { run_id: run.runId } } });
    const published = await pawlIn(clone, ['publish', join(folder, 'b'), join(folder, 'volume')], { env: IDENTITY });
    expect(published.out).toMatch(/\nNoted in the model registry: models:\/catdog\/1 in /);
    expect((await pawlIn(clone, from, { env: IDENTITY })).code).toBe(0);
    expect(await object('catdog-1.0.0.yaml')).toMatchObject({ spec: { artifact: { digest } } });
    expect(await git('log', '-1', '--format=%b')).toContain(`run id: ${run.runId}`);

    const nobody = await pawlIn(clone, ['release', '--from', 'models:/catdog@nobody', '--env', 'staging'], {
      env: IDENTITY,
    });
    expect(nobody).toMatchObject({ code: 4, out: '' });
    expect(nobody.err).toMatch(/MODEL_NOT_FOUND/);
  });

  it('a registry that cannot be reached costs publishing a warning', async () => {
    const folder = await aFolder();
    await writeSmallBundle(folder, 'b', { changes: { lineage: { run_id: '0'.repeat(32) } } });
    const env = { MLFLOW_TRACKING_URI: 'http://ann:of-a-secret@127.0.0.1:9' };
    const { code, out, err } = await pawlIn(folder, ['publish', 'b', join(folder, 'volume')], { env });
    expect(code).toBe(0);
    expect(out).toContain('Published catdog 1.0.0');
    expect(err).toMatch(/warning: the model registry was not told where the bundle is: /);
    expect(err + out).not.toContain('of-a-secret');
  });
});

describe('pawl release and Git', () => {
  it('refuses what is not committed yet in the environment', async () => {
    const { release, publish, clone, models } = await aClone();
    const { uri } = await publish('1.0.0', 1);
    await writeFile(join(clone, 'k8s/environments/staging/values.yaml'), 'a: 1\n');
    const { code, err } = await release(uri);
    expect(code).toBe(1);
    expect(err).toMatch(
      /k8s\/environments\/staging has uncommitted changes: k8s\/environments\/staging\/values.yaml. \[RELEASE_REFUSED\]/,
    );
    expect(await models()).toEqual([]);
  });

  it('refuses a detached HEAD', async () => {
    const { release, publish, git, models } = await aClone();
    await git('checkout', '--quiet', '--detach');
    const { code, err } = await release((await publish('1.0.0', 1)).uri);
    expect(code).toBe(3);
    expect(err).toMatch(/HEAD is detached.*GIT_FAILED\]\nnext: {2}Check out the branch/);
    expect(await models()).toEqual([]);
  });

  it.each([
    ['nobody to commit as', { GIT_AUTHOR_NAME: '', GIT_COMMITTER_NAME: '' }, /GIT_FAILED[^]*git config user.name/],
    ['a hook that refuses', {}, /git commit failed: no releases on Fridays/],
  ])('%s: the files are as before', async (_, env, message) => {
    const { releaseWith, release, publish, git, clone } = await aClone();
    for (const [version, weights] of [
      ['1.0.0', 1],
      ['1.1.0', 2],
    ] as const)
      await release((await publish(version, weights)).uri);
    const hook = join(clone, '.git/hooks/pre-commit');
    await mkdir(join(clone, '.git/hooks'), { recursive: true });
    await writeFile(hook, '#!/bin/sh\necho no releases on Fridays >&2\nexit 1\n');
    await chmod(hook, 0o755);
    const { uri } = await publish('1.2.0', 3);
    const { code, err } = await releaseWith({ env }, uri, '--keep', '2');
    expect(code).toBe(3);
    expect(err).toMatch(message);
    expect(await git('status', '--porcelain')).toBe('');
    await rm(hook);
    expect((await release(uri, '--keep', '2')).code).toBe(0);
  });

  it('pushes, and pushes later what it could not push', async () => {
    const { release, publish, git, folder } = await aClone();
    const { uri } = await publish('1.0.0', 1);
    await git('remote', 'set-url', 'origin', 'https://ann:of-a-secret@127.0.0.1:9/x.git');
    const failed = await release(uri, '--push');
    expect(failed.code).toBe(3);
    expect(failed.err).toMatch(
      /git push to origin failed: .*The commit [0-9a-f]+ is made and not pushed. \[GIT_FAILED\]/,
    );
    expect(failed.err + failed.out).not.toContain('of-a-secret');
    await git('remote', 'set-url', 'origin', join(folder, 'remote.git'));
    const { code, out } = await release(uri, '--push');
    expect(code).toBe(0);
    expect(out).toMatch(/Already released[^]*Pushed to origin\/main/);
    expect(await git('rev-parse', 'origin/main')).toBe(await git('rev-parse', 'HEAD'));
    const again = await release(uri, '--push');
    expect(again.code).toBe(0);
    expect(again.out).toMatch(/Already released/);
    expect(again.out).not.toMatch(/Pushed/);
  });

  it('says what is missing when there is nowhere to push to', async () => {
    const { release, publish, git, models } = await aClone();
    await git('remote', 'remove', 'origin');
    const { code, err } = await release((await publish('1.0.0', 1)).uri, '--push');
    expect(code).toBe(3);
    expect(err).toMatch(/branch main has no upstream, and there is no remote[^]*git remote add/);
    expect(await models()).toEqual([]);
  });

  /** Another clone that releases and pushes between our commit and our push: a hook of ours makes it do so once. */
  async function othersPushFirst(
    fixture: Awaited<ReturnType<typeof aClone>>,
    change: (clone: string) => Promise<void>,
  ) {
    const { folder, clone, gitIn } = fixture;
    const other = join(folder, 'other');
    await gitIn(folder, 'clone', '--quiet', 'remote.git', 'other');
    await change(other);
    const hook = join(clone, '.git/hooks/pre-push');
    await mkdir(join(clone, '.git/hooks'), { recursive: true });
    await writeFile(
      hook,
      `#!/bin/sh\nrm -f "$0"\nunset GIT_DIR GIT_INDEX_FILE\ncd '${other}' && git push --quiet origin main\n`,
    );
    await chmod(hook, 0o755);
  }

  it('others pushed something else first: ours goes on top of it', async () => {
    const fixture = await aClone();
    const { release, publish, git, gitIn } = fixture;
    const { uri } = await publish('1.0.0', 1);
    await othersPushFirst(fixture, async (other) => {
      await writeFile(join(other, 'theirs.txt'), 'theirs\n');
      await gitIn(other, 'add', '.');
      await gitIn(other, 'commit', '--quiet', '-m', 'Theirs');
    });
    const { code, out, err } = await release(uri, '--push');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/Pushed to origin\/main/);
    expect((await git('log', '--format=%s', 'origin/main')).split('\n')).toEqual([
      'Release catdog 1.0.0 to staging',
      'Theirs',
      'Begin',
    ]);
    expect(await git('status', '--porcelain')).toBe('');
  });

  it('others released first: everything is decided again on what they have', async () => {
    const fixture = await aClone();
    const { release, publish, git, models } = fixture;
    const first = await publish('1.0.0', 1);
    const theirs = await publish('1.1.0', 2);
    const ours = await publish('1.2.0', 3);
    await release(first.uri, '--push');
    const releaseThere = async (other: string) => {
      expect((await pawlIn(other, ['release', theirs.uri, '--env', 'staging'], { env: IDENTITY })).code).toBe(0);
    };
    await othersPushFirst(fixture, releaseThere);
    const { code, out, err } = await release(ours.uri, '--push');
    expect(code).toBe(0);
    expect(err).toContain('Others pushed first; on top of theirs the release is:');
    expect(out).toMatch(/minor after 1.0.0[^]*minor after 1.1.0/);
    expect(await models()).toEqual(['catdog-1.0.0.yaml', 'catdog-1.1.0.yaml', 'catdog-1.2.0.yaml']);
    expect((await git('log', '--format=%s', 'origin/main')).split('\n')[1]).toBe('Release catdog 1.1.0 to staging');
  });

  it('others released the version that we wanted: ours is refused, and gone', async () => {
    const fixture = await aClone();
    const { release, publish, git, folder, models } = fixture;
    await release((await publish('1.0.0', 1)).uri, '--push');
    const ours = await publish('1.1.0', 3);
    await cp(join(folder, 'store/1.1.0'), join(folder, 'ours'), { recursive: true });
    await rm(join(folder, 'store/1.1.0'), { recursive: true });
    const theirs = await publish('1.1.0', 2);
    await othersPushFirst(fixture, async (other) => {
      expect((await pawlIn(other, ['release', theirs.uri, '--env', 'staging'], { env: IDENTITY })).code).toBe(0);
    });
    const { code, err } = await release(`file://${join(folder, 'ours')}`, '--push');
    expect(code).toBe(1);
    expect(err).toMatch(
      new RegExp(
        `already has a catdog 1.1.0, of digest ${theirs.digest}; this one is ${ours.digest}.*VERSION_TOO_SMALL`,
      ),
    );
    expect(await git('rev-parse', 'HEAD')).toBe(await git('rev-parse', 'origin/main'));
    expect(await git('status', '--porcelain')).toBe('');
    expect(await models()).toEqual(['catdog-1.0.0.yaml', 'catdog-1.1.0.yaml']);
  });

  it('stops when the command is interrupted', async () => {
    const { releaseWith, publish, models } = await aClone();
    const { uri } = await publish('1.0.0', 1);
    expect(await releaseWith({ signal: AbortSignal.abort() }, uri)).toMatchObject({ code: 130 });
    expect(await models()).toEqual([]);
  });
});
