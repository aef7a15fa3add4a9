import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';

/** Absolute path of a file of the repository. */
export const repositoryFile = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
/** Folder of the fragments of Argo CD's ConfigMaps. */
const SETTINGS = repositoryFile('k8s/argocd/settings');
/** A file of {@link SETTINGS}. */
export const setting = (file: string): string => readFileSync(join(SETTINGS, file), 'utf8');

/** Argo CD's command line with the settings of k8s/argocd/settings, without any cluster. */
export class ArgoSettings {
  readonly folder = mkdtempSync(join(tmpdir(), 'pawl-argocd-'));
  readonly #program: string;

  /** @param program path of `argocd`. */
  constructor(program: string) {
    this.#program = program;
    this.write('argocd-cm.json', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'argocd-cm', namespace: 'argocd', labels: { 'app.kubernetes.io/part-of': 'argocd' } },
      data: {
        'resource.customizations.health.pawl.dev_ModelVersion': setting('health.lua'),
        'resource.customizations.actions.pawl.dev_ModelVersion': setting('actions.yaml'),
      },
    });
    this.write('secret.json', { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'argocd-notifications-secret' } });
    writeFileSync(join(this.folder, 'argocd-notifications-cm.yaml'), setting('notifications.yaml'));
    // The command line wants a cluster's address even where it asks none.
    writeFileSync(
      join(this.folder, 'kubeconfig'),
      stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name: 'none', cluster: { server: 'http://127.0.0.1:1' } }],
        contexts: [{ name: 'none', context: { cluster: 'none', user: 'none', namespace: 'argocd' } }],
        users: [{ name: 'none', user: {} }],
        'current-context': 'none',
      }),
    );
  }

  /** Writes an object; its path. */
  write(file: string, object: unknown): string {
    const path = join(this.folder, file);
    writeFileSync(path, JSON.stringify(object));
    return path;
  }

  /** `argocd admin settings resource-overrides COMMAND` on an object. */
  override(command: 'health' | 'list-actions', object: unknown): string;
  override(command: 'run-action', object: unknown, action: string): string;
  override(command: string, object: unknown, action?: string): string {
    const path = this.write('object.json', object);
    return this.#run([
      ...['admin', 'settings', 'resource-overrides', command, path, ...(action === undefined ? [] : [action])],
      ...['--argocd-cm-path', join(this.folder, 'argocd-cm.json')],
    ]);
  }

  /**
   * `argocd admin notifications …` on an Application.
   *
   * @param repoServer `host:port` of a repo server, for what looks at commits; then the cluster of KUBECONFIG is asked too.
   */
  notifications(args: readonly string[], application: unknown, repoServer?: string): string {
    const files = ['--config-map', 'argocd-notifications-cm.yaml', '--secret', 'secret.json'].map((word) =>
      word.startsWith('--') ? word : join(this.folder, word),
    );
    const words = ['admin', 'notifications', ...args, this.write('application.json', application), ...files];
    if (repoServer === undefined) return this.#run(words);
    const server = ['--argocd-repo-server', repoServer, '--argocd-repo-server-plaintext', '--namespace', 'argocd'];
    return this.#run([...words, ...server], process.env['KUBECONFIG']);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** What it writes to standard output, without its log lines. */
  #run(args: readonly string[], kubeconfig = join(this.folder, 'kubeconfig')): string {
    // Nothing of the person's own settings.
    const env = { PATH: process.env['PATH'] ?? '', HOME: this.folder, KUBECONFIG: kubeconfig };
    const ended = spawnSync(this.#program, args, { encoding: 'utf8', timeout: 60_000, env });
    if (ended.status !== 0)
      throw new Error(`argocd ${args.join(' ')}: ${ended.error?.message ?? ''} ${ended.stderr}${ended.stdout}`);
    return ended.stdout
      .split('\n')
      .filter((line) => !line.startsWith('{"level"'))
      .join('\n');
  }
}
