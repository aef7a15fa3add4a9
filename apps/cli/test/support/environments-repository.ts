import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { IDENTITY } from '@pawl/test-kit/git-identity';
import { pawlIn, type CommandRun } from './pawl-in.ts';

const REPOSITORY = fileURLToPath(new URL('../../../..', import.meta.url));
/** Photographs that a copy of the chart has no need of. */
const PHOTOGRAPHS = join(REPOSITORY, 'charts/pawl/acceptance');

export const digestOf = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;

/** The text of a ModelVersion as `pawl release` writes it. */
export function versionText(
  version: string,
  { model = 'catdog', digest = digestOf(version), uri = '', more = '' } = {},
) {
  const address = uri === '' ? `oci://registry.example/${model}:${version}@${digestOf(`image ${version}`)}` : uri;
  return (
    `apiVersion: pawl.dev/v1alpha1\nkind: ModelVersion\nmetadata:\n  name: ${model}-${version.replaceAll('.', '-')}\n` +
    `spec:\n  model: ${model}\n  version: ${version}\n  artifact:\n    uri: ${address}\n    digest: ${digest}\n${more}`
  );
}

/** Absolute path of a program of the PATH; one that is absolute is that. @throws when there is none. */
export const programPath = (name: string): string =>
  execFileSync('/bin/sh', ['-c', 'command -v "$1"', 'sh', name], { encoding: 'utf8' }).trim();

const KUSTOMIZATION = `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
configMapGenerator:
  - name: catdog-acceptance
    files: [cat.tabby.jpg, dog.ginger.jpg]
generatorOptions:
  disableNameSuffixHash: true
  labels: { pawl.dev/model: catdog, pawl.dev/role: acceptance-images }
`;

/** A repository with the real chart, staging and prod, and one version in both; `main` has it committed. */
export class EnvironmentsRepository {
  readonly root: string;
  /** Folder that is the PATH of what is run: programs are there because a test put them there. */
  readonly programs: string;
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.root = join(folder, 'clone');
    this.programs = join(folder, 'programs');
  }

  static async create(programs: Readonly<Record<string, string | undefined>>): Promise<EnvironmentsRepository> {
    const repository = new EnvironmentsRepository(await mkdtemp(join(tmpdir(), 'pawl-environments-')));
    await mkdir(repository.programs);
    const all: Readonly<Record<string, string | undefined>> = { git: programPath('git'), ...programs };
    for (const [name, path] of Object.entries(all))
      if (path !== undefined) await symlink(path, join(repository.programs, name));
    await cp(join(REPOSITORY, 'charts/pawl'), join(repository.root, 'charts/pawl'), { recursive: true });
    for (const environment of ['staging', 'prod']) {
      await repository.write({
        [`${environment}/environment.yaml`]:
          `cluster: https://kubernetes.default.svc\nnamespace: pawl-${environment}\n` +
          (environment === 'prod' ? 'promotion: { from: staging, servingMinutes: 60 }\n' : ''),
        [`${environment}/values.yaml`]: `acceptance: { bundled: false }\ncrds: { install: ${String(environment === 'staging')} }\n`,
        [`${environment}/catdog/values.yaml`]: 'model: { name: catdog }\n',
        [`${environment}/catdog/acceptance/kustomization.yaml`]: KUSTOMIZATION,
        [`${environment}/models/README.md`]: 'One ModelVersion a file.\n',
        [`${environment}/models/catdog-1.0.0.yaml`]: versionText('1.0.0'),
      });
      for (const photograph of ['cat.tabby.jpg', 'dog.ginger.jpg'])
        await cp(join(PHOTOGRAPHS, photograph), repository.path(`${environment}/catdog/acceptance/${photograph}`));
    }
    await repository.git('init', '--quiet', '--initial-branch', 'main');
    await repository.commit('Begin');
    return repository;
  }

  /** Absolute path of a file below k8s/environments. */
  path(file: string): string {
    return join(this.root, 'k8s/environments', file);
  }

  /** Writes files below k8s/environments; null removes one. */
  async write(files: Readonly<Record<string, string | null>>): Promise<void> {
    for (const [file, text] of Object.entries(files)) {
      await mkdir(dirname(this.path(file)), { recursive: true });
      if (text === null) await rm(this.path(file), { recursive: true });
      else await writeFile(this.path(file), text);
    }
  }

  async git(...args: readonly string[]): Promise<string> {
    const env = { PATH: process.env['PATH'], ...IDENTITY };
    return (await promisify(execFile)('git', args, { cwd: this.root, env })).stdout.trim();
  }

  async commit(message: string): Promise<void> {
    await this.git('add', '--all');
    await this.git('commit', '--quiet', '--allow-empty', '-m', message);
  }

  async check(...args: readonly string[]): Promise<CommandRun> {
    return await this.checkWith({}, ...args);
  }

  async checkWith(
    {
      signal,
      cwd = this.root,
      offline = true,
    }: { readonly signal?: AbortSignal; readonly cwd?: string; readonly offline?: boolean },
    ...args: readonly string[]
  ): Promise<CommandRun> {
    return await pawlIn(cwd, ['environments', 'check', ...(offline ? ['--offline'] : []), ...args], {
      env: { ...IDENTITY, PATH: this.programs },
      ...(signal === undefined ? {} : { signal }),
    });
  }

  async delete(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}
