import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { ModelVersion, ModelVersionStatus } from '@pawl/shared/modelversion/model-version';
import type { Cluster, ConnectOptions } from '../../src/cluster/connection/cluster.ts';
import { run } from '../../src/program.ts';
import { aFolder } from '@pawl/test-kit/bundles';
import { FakeCluster } from './fake-cluster.ts';
import { IDENTITY } from '@pawl/test-kit/git-identity';
import { withMetadata, withSpec, withStatus } from '@pawl/test-kit/model-versions';
import { aCondition, ago, aVersion, NOW, serving } from './objects.ts';
import { publishSmallBundle, type BundleRecipe } from './publishing.ts';

export const ENVIRONMENTS = 'k8s/environments';
/** What a command line did, and with what it asked for a cluster. */
export interface PromotionRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly connected: readonly ConnectOptions[];
}

/** The records of a version that proved itself: two hours of serving, 16 of 16 images, both checks of step 2. */
export const proved = (changes: Partial<ModelVersionStatus> = {}): Partial<ModelVersionStatus> => ({
  conditions: [
    { ...aCondition('Ready', 'True', 'Serving', 'Every stable pod serves it'), lastTransitionTime: ago(7200) },
  ],
  acceptance: { total: 16, correct: 16, required: 16, at: ago(8000), template: 'x', mistakes: [] },
  analysis: {
    step: 2,
    verdict: 'Pass',
    at: ago(7300),
    canaryRequests: 500,
    stableRequests: 500,
    checks: [
      { name: 'ErrorRate', verdict: 'Pass', canary: 0, stable: 0, limit: 0.01, message: 'no errors' },
      { name: 'Latency', verdict: 'Pass', canary: 0.02, stable: 0.02, limit: 0.05, message: 'as fast' },
    ],
  },
  ...changes,
});

/** A repository with a remote, staging and prod, and a cluster that says what staging proved. */
export class PromotionFixture {
  readonly folder: string;
  /** The clone that commands run in, unless they are told otherwise. */
  readonly clone: string;
  readonly cluster = new FakeCluster('pawl-staging');
  readonly #published = new Map<string, { readonly uri: string; readonly digest: string }>();

  private constructor(folder: string) {
    this.folder = folder;
    this.clone = join(folder, 'clone');
  }

  /** @param versions of catdog that are released to staging and proved there. */
  static async make(...versions: readonly string[]): Promise<PromotionFixture> {
    const fixture = new PromotionFixture(await aFolder());
    const { folder } = fixture;
    await fixture.gitIn(folder, 'init', '--quiet', '--bare', '--initial-branch', 'main', 'remote.git');
    await fixture.gitIn(folder, 'clone', '--quiet', 'remote.git', 'clone');
    await fixture.git('switch', '--quiet', '--orphan', 'main');
    await fixture.write('other.txt', 'other\n');
    await fixture.write(`${ENVIRONMENTS}/staging/environment.yaml`, 'namespace: pawl-staging\n');
    await fixture.write(`${ENVIRONMENTS}/staging/models/README.md`, 'One ModelVersion a file.\n');
    await fixture.write(
      `${ENVIRONMENTS}/prod/environment.yaml`,
      'namespace: pawl-prod\npromotion:\n  from: staging\n  servingMinutes: 60\n',
    );
    await fixture.write(`${ENVIRONMENTS}/prod/models/README.md`, 'One ModelVersion a file.\n');
    await fixture.commit('Begin');
    await fixture.git('push', '--quiet', '-u', 'origin', 'main');
    for (const version of versions) await fixture.release(version);
    return fixture;
  }

  async gitIn(cwd: string, ...argv: readonly string[]): Promise<string> {
    const env = { PATH: process.env['PATH'], ...IDENTITY };
    return (await promisify(execFile)('git', argv, { cwd, env })).stdout.trim();
  }

  git(...argv: readonly string[]): Promise<string> {
    return this.gitIn(this.clone, ...argv);
  }

  async write(path: string, text: string, clone = this.clone): Promise<void> {
    await mkdir(dirname(join(clone, path)), { recursive: true });
    await writeFile(join(clone, path), text);
  }

  async commit(message: string, clone = this.clone): Promise<void> {
    await this.gitIn(clone, 'add', '.');
    await this.gitIn(clone, 'commit', '--quiet', '-m', message);
  }

  /** Publishes a version, releases it to staging, pushes that, and lets staging prove it. */
  async release(version: string, recipe: BundleRecipe = {}): Promise<void> {
    const weights = this.#published.size + 1;
    const published = await publishSmallBundle(this.folder, { weights, ...recipe, version });
    this.#published.set(version, published);
    const argv = ['release', published.uri, '--env', 'staging', '--push', '--keep', '9'];
    const { code, err } = await this.pawl(argv);
    if (code !== 0) throw new Error(err);
    this.prove(version);
  }

  /** What staging's cluster has of a version from now on. */
  prove(
    version: string,
    status: Partial<ModelVersionStatus> = proved(),
    ...more: Parameters<typeof aVersion>[1][]
  ): void {
    const { uri, digest } = this.published(version);
    const object = aVersion(
      version,
      withMetadata({ namespace: 'pawl-staging' }),
      withSpec({ artifact: { uri, digest } }),
      serving(),
      withStatus(status),
      ...more,
    );
    this.cluster.versions = [...this.cluster.versions.filter(({ spec }) => spec.version !== version), object];
  }

  /** The object as {@link prove} left it. */
  proof(version: string): ModelVersion {
    const found = this.cluster.versions.find(({ spec }) => spec.version === version);
    if (found === undefined) throw new Error(`staging has no ${version}`);
    return found;
  }

  published(version: string): { readonly uri: string; readonly digest: string } {
    const found = this.#published.get(version);
    if (found === undefined) throw new Error(`${version} was not published`);
    return found;
  }

  /** Runs `pawl` in a clone; the cluster is the fake one, the time is NOW. */
  async pawl(
    argv: readonly string[],
    {
      clone = this.clone,
      env = {},
      signal,
      cluster = this.cluster,
    }: {
      readonly clone?: string;
      readonly env?: Readonly<Record<string, string>>;
      readonly signal?: AbortSignal;
      readonly cluster?: Cluster;
    } = {},
  ): Promise<PromotionRun> {
    let out = '';
    let err = '';
    const connected: ConnectOptions[] = [];
    const { PATH, HOME } = process.env;
    const code = await run(argv, {
      stdout: { write: (text) => (out += text) },
      stderr: { write: (text) => (err += text) },
      env: { PATH, HOME, LANG: 'C.UTF-8', ...IDENTITY, ...env },
      cwd: clone,
      signal: signal ?? new AbortController().signal,
      now: () => NOW,
      sleep: () => Promise.resolve(),
      random: () => 'abc123',
      connect: (options) => {
        connected.push(options);
        return Promise.resolve(cluster);
      },
    });
    return { code, out, err, connected };
  }

  promote(...argv: readonly string[]): Promise<PromotionRun> {
    return this.pawl(['promote', 'catdog', '--from', 'staging', '--to', 'prod', ...argv]);
  }

  rollback(...argv: readonly string[]): Promise<PromotionRun> {
    return this.pawl(['rollback', 'catdog', '--env', 'prod', ...argv]);
  }

  /** Files of an environment's versions in a working tree. */
  async models(environment = 'prod', clone = this.clone): Promise<readonly string[]> {
    const files = await readdir(join(clone, ENVIRONMENTS, environment, 'models'));
    return files.filter((file) => file.endsWith('.yaml')).sort();
  }

  /** Files of an environment's versions as a revision has them. */
  async modelsAt(revision: string, environment = 'prod'): Promise<readonly string[]> {
    const folder = `${ENVIRONMENTS}/${environment}/models/`;
    const text = await this.git('ls-tree', '--name-only', revision, folder);
    return text
      .split('\n')
      .map((path) => path.slice(folder.length))
      .filter((file) => file.endsWith('.yaml'));
  }

  read(path: string): Promise<string> {
    return readFile(join(this.clone, path), 'utf8');
  }

  /** Subjects of a revision, newest first. */
  async subjects(revision = 'HEAD'): Promise<readonly string[]> {
    return (await this.git('log', '--format=%s', revision)).split('\n');
  }

  /** Everything that a failure must leave as it was. */
  async snapshot(): Promise<Readonly<Record<string, string>>> {
    return {
      head: await this.git('rev-parse', 'HEAD'),
      branch: await this.git('symbolic-ref', '--short', 'HEAD'),
      status: await this.git('status', '--porcelain'),
      worktrees: await this.git('worktree', 'list'),
      branches: await this.git('for-each-ref', 'refs/heads'),
    };
  }

  /**
   * Another clone that does something and pushes it between our commit and our push: a hook of ours lets it push once.
   *
   * @param change commits something in the clone that it is given.
   */
  async othersPushFirst(change: (clone: string) => Promise<void>): Promise<string> {
    const other = join(this.folder, 'other');
    await this.gitIn(this.folder, 'clone', '--quiet', 'remote.git', 'other');
    await change(other);
    await this.hook(
      'pre-push',
      `rm -f "$0"\nunset GIT_DIR GIT_INDEX_FILE\ncd '${other}' && git push --quiet origin main`,
    );
    return other;
  }

  /** Installs a hook of our clone. */
  async hook(name: string, script: string): Promise<string> {
    const path = join(this.clone, '.git/hooks', name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, `#!/bin/sh\n${script}\n`);
    await chmod(path, 0o755);
    return path;
  }
}
