/* eslint-disable @typescript-eslint/no-unsafe-call --
   What was compiled or read back is of many kinds; a field that is not there shows as a failed expectation. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Namespace } from '../../chart/support/cluster.ts';
import { JOBS, readSettings, ROOT } from './jobs.ts';

const KUBECTL = process.env['PAWL_TEST_KUBECTL'] ?? 'kubectl';

/** Name and token that the Git server asks for. */
const CREDENTIALS = 'retrain:s3cret';

/** What a pod of the `restricted` kind needs. */
const locked = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
};

/** What `params.yaml` trains on. */
const BACKBONE = 'models/backbones/resnet18';
/** Limits and split for sixteen photographs: whether the steps work is the question, not how good the weights are. */
const few: readonly (readonly [RegExp, string])[] = [
  [/split_ratios: .*/, 'split_ratios: { train: 0.5, val: 0.25, test: 0.25 }'],
  [/^gate:\n(?: .*\n)+/m, 'gate: { confidence: 0, accuracy: 0.5 }\n'],
  [/drop_golden: .*/, `drop_golden: [${readdirSync(join(ROOT, BACKBONE, 'golden')).join(', ')}]`],
];

/** A namespace with a Git server that asks for credentials, the bundled photographs and the CronJob as a user would set it. */
export class RetrainFixture {
  readonly namespace = new Namespace();
  readonly #folder = mkdtempSync(join(tmpdir(), 'pawl-retrain-'));
  readonly #image: string;
  readonly #registry: string;

  constructor(image: string, registry: string) {
    this.#image = image;
    this.#registry = registry;
  }

  create(): void {
    this.namespace.create();
    this.#startGit();
    const line = `http://${CREDENTIALS}@git.${this.namespace.name}.svc`;
    this.namespace.must(['create', 'secret', 'generic', 'retrain-git', `--from-literal=credentials=${line}`]);
    this.#photographs();
    this.apply({});
  }

  close(): void {
    this.namespace.delete();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Applies k8s/jobs/retrain with these settings; the photographs come from a ConfigMap, because a cluster may have no volumes. */
  apply(settings: Readonly<Record<string, string>>): void {
    const jobs = join(this.#folder, 'jobs');
    rmSync(jobs, { recursive: true, force: true });
    cpSync(JOBS, jobs, { recursive: true });
    const all = {
      ...readSettings(),
      // Never by itself: the test starts it.
      SCHEDULE: '0 0 30 2 *',
      IMAGE: this.#image,
      GIT_URL: `http://git.${this.namespace.name}.svc/repo.git`,
      BUNDLE_ADDRESS: `oci://${this.#registry}/${this.namespace.name}/{name}:{version}-{digest}`,
      REGISTRY_PLAIN_HTTP: 'true',
      ...settings,
    };
    const lines = Object.entries(all).map(([name, value]) => `${name}=${value}`);
    writeFileSync(join(jobs, 'base/settings.env'), `${lines.join('\n')}\n`);
    const items = this.#labelled().map(({ label, file }) => ({ key: file, path: `raw/${label}/${file}` }));
    const volume = { name: 'data', persistentVolumeClaim: null, configMap: { name: 'photographs', items } };
    const patch = {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'retrain' },
      spec: { jobTemplate: { spec: { template: { spec: { volumes: [volume] } } } } },
    };
    const overlay = join(jobs, 'overlay');
    mkdirSync(overlay);
    const kustomization = { resources: ['../retrain'], patches: [{ patch: JSON.stringify(patch) }] };
    writeFileSync(join(overlay, 'kustomization.yaml'), JSON.stringify(kustomization));
    this.namespace.must(['apply', '-k', overlay]);
  }

  /** Runs a Job of the CronJob to its end: whether it completed, and what its steps wrote. */
  async run(name: string): Promise<{ readonly completed: boolean; readonly log: Readonly<Record<string, string>> }> {
    this.namespace.must(['create', 'job', name, '--from=cronjob/retrain']);
    for (let waited = 0; ; waited += 1) {
      const { conditions = [] } = this.namespace.get('job', name).status ?? {};
      const ended = conditions.find(
        ({ type, status }: { type: string; status: string }) =>
          ['Complete', 'Failed'].includes(type) && status === 'True',
      );
      if (ended !== undefined) return { completed: ended.type === 'Complete', log: this.#logs(name) };
      if (waited > 600) throw new Error(`${name} has not ended: ${JSON.stringify(this.#logs(name))}`);
      await pause(1000);
    }
  }

  /** Subjects of the commits on the branch, newest first. */
  commits(): readonly string[] {
    return this.git('log', '--format=%s', 'main').trim().split('\n');
  }

  git(...args: readonly string[]): string {
    return this.namespace.must(['exec', 'git', '--', 'git', '-C', '/srv/repo.git', ...args]);
  }

  #logs(job: string): Readonly<Record<string, string>> {
    const pods = this.namespace.get('pods', '-l', `job-name=${job}`).items;
    const pod = pods.at(-1);
    if (pod === undefined) return { events: this.namespace.must(['get', 'events']) };
    const names = [...pod.spec.initContainers, ...pod.spec.containers].map(({ name }: { name: string }) => name);
    return Object.fromEntries(
      names.map((name) => [name, this.namespace.kubectl(['logs', pod.metadata.name, '-c', name]).stdout]),
    );
  }

  #startGit(): void {
    const script = readFileSync(new URL('git-server.js', import.meta.url), 'utf8');
    this.namespace.must(['create', '-f', '-'], {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'git', labels: { app: 'git' } },
      spec: {
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: 0,
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 1000,
          fsGroup: 1000,
          seccompProfile: { type: 'RuntimeDefault' },
        },
        containers: [
          {
            name: 'git',
            image: this.#image,
            command: ['node', '--input-type=module', '-e', script],
            env: [{ name: 'GIT_CREDENTIALS', value: CREDENTIALS }],
            securityContext: locked,
            volumeMounts: [
              { name: 'srv', mountPath: '/srv' },
              { name: 'srv', mountPath: '/tmp' },
            ],
          },
        ],
        volumes: [{ name: 'srv', emptyDir: {} }],
      },
    });
    this.namespace.must(['create', 'service', 'clusterip', 'git', '--tcp=80:8080']);
    this.namespace.must(['wait', 'pod/git', '--for=condition=Ready', '--timeout=300s']);
    const store = 'cat > /srv/seed && git clone --quiet --bare /srv/seed /srv/new.git && mv /srv/new.git /srv/repo.git';
    execFileSync(KUBECTL, ['-n', this.namespace.name, 'exec', '-i', 'git', '--', 'sh', '-euc', store], {
      input: this.#seed(),
      timeout: 300_000,
    });
  }

  /** A repository as a user has it: parameters, the backbone, an environment without versions; as a Git bundle. */
  #seed(): Buffer {
    const repository = join(this.#folder, 'seed');
    mkdirSync(join(repository, 'k8s/environments/staging'), { recursive: true });
    cpSync(join(ROOT, BACKBONE), join(repository, BACKBONE), { recursive: true });
    let params = readFileSync(join(ROOT, 'params.yaml'), 'utf8');
    for (const [from, to] of few) params = params.replace(from, to);
    writeFileSync(join(repository, 'params.yaml'), params);
    writeFileSync(join(repository, 'k8s/environments/staging/README.md'), 'Versions go into models/.\n');
    const identity = {
      GIT_AUTHOR_NAME: 'a',
      GIT_AUTHOR_EMAIL: 'a@b',
      GIT_COMMITTER_NAME: 'a',
      GIT_COMMITTER_EMAIL: 'a@b',
    };
    const git = (...args: readonly string[]): Buffer =>
      execFileSync('git', args, { cwd: repository, env: { PATH: process.env['PATH'], HOME: repository, ...identity } });
    git('init', '--quiet', '--initial-branch=main');
    git('add', '--all');
    git('commit', '--quiet', '--message', 'Begin');
    git('bundle', 'create', '--quiet', '../seed.bundle', 'main', 'HEAD');
    return readFileSync(join(this.#folder, 'seed.bundle'));
  }

  #labelled(): readonly { readonly label: string; readonly file: string }[] {
    return readdirSync(join(ROOT, 'charts/pawl/acceptance'))
      .filter((file) => file.endsWith('.jpg'))
      .map((file) => ({ label: file.slice(0, file.indexOf('.')), file }));
  }

  #photographs(): void {
    const binaryData = Object.fromEntries(
      this.#labelled().map(({ file }) => [
        file,
        readFileSync(join(ROOT, 'charts/pawl/acceptance', file)).toString('base64'),
      ]),
    );
    this.namespace.must(['create', '-f', '-'], {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'photographs' },
      binaryData,
    });
  }
}
