import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { publishBundle, type Published } from '@pawl/shared/bundle/publish-bundle';
import { CHART, type Ended, type KubeObject, run, type Values } from './helm.ts';

const KUBECTL = process.env['PAWL_TEST_KUBECTL'] ?? 'kubectl';

/** A namespace of a test's own, with PodSecurity `restricted` enforced. */
export class Namespace {
  readonly name = `chart-test-${randomBytes(4).toString('hex')}`;

  create(): void {
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    this.must(['create', '-f', '-'], { apiVersion: 'v1', kind: 'Namespace', metadata: { name: this.name, labels } });
  }

  delete(): void {
    this.kubectl(['delete', 'namespace', this.name, '--wait=false']);
  }

  /** Runs kubectl in this namespace; an object goes to its standard input. */
  kubectl(args: readonly string[], input?: KubeObject): Ended {
    return run(KUBECTL, ['--namespace', this.name, ...args], input === undefined ? '' : JSON.stringify(input));
  }

  /** The same, and throws what it says when it fails. */
  must(args: readonly string[], input?: KubeObject): string {
    const { code, stdout, stderr } = this.kubectl(args, input);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
    return stdout;
  }

  get(...args: readonly string[]): KubeObject {
    return JSON.parse(this.must(['get', ...args, '-o', 'json']));
  }

  /** Server-side apply as another field manager. */
  applyAs(manager: string, object: KubeObject): void {
    this.must(['apply', '--server-side', `--field-manager=${manager}`, '--force-conflicts', '-f', '-'], object);
  }

  /** Waits until a Deployment has replaced all its pods. */
  rolledOut(deployment: string): void {
    this.must(['rollout', 'status', `deployment/${deployment}`, '--timeout=300s']);
  }
}

/** The release `pets` in a namespace, by one of the Helms. */
export class InstalledRelease {
  readonly #helm: string;
  readonly #namespace: Namespace;

  constructor(helm: string, namespace: Namespace) {
    this.#helm = helm;
    this.#namespace = namespace;
  }

  helm(args: readonly string[], values?: Values): Ended {
    const given = values === undefined ? [] : ['--values', '-'];
    return run(this.#helm, [...args, '--namespace', this.#namespace.name, ...given], JSON.stringify(values ?? {}));
  }

  must(args: readonly string[], values?: Values): string {
    const { code, stdout, stderr } = this.helm(args, values);
    if (code !== 0) throw new Error(`helm ${args.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  }

  install(values: Values, ...flags: readonly string[]): void {
    this.must(['install', 'pets', CHART, ...flags], values);
  }

  upgrade(values: Values, ...flags: readonly string[]): void {
    this.must(['upgrade', 'pets', CHART, ...flags], values);
  }
}

/** `repository:tag` as values for the chart. */
export function imageValues(reference: string): Values {
  const [, repository, tag] = /^(.+):([^:/]+)$/.exec(reference) ?? [];
  if (repository === undefined) throw new Error(`${reference}: expected repository:tag`);
  return { repository, tag, pullPolicy: 'IfNotPresent' };
}

/** Values that every release of a test has: small, fast to stop, and the cluster's CRD left alone. */
export function testValues(inferenceImage: string): Values {
  return {
    image: imageValues(inferenceImage),
    crds: { install: false },
    replicaCount: 1,
    drain: { delaySeconds: 1, maxDelaySeconds: 1, timeoutSeconds: 5 },
    resources: { requests: { cpu: '20m', memory: '150Mi' }, limits: { cpu: '1', memory: '512Mi' } },
    rollout: { artifact: { registryPlainHttp: true } },
  };
}

/** Publishes models/catdog to a registry. */
export async function publishCatdog(registry: string): Promise<Published> {
  const folder = fileURLToPath(new URL('../../../models/catdog', import.meta.url));
  return await publishBundle(folder, `oci://${registry}/chart-test/catdog:2.1.0`, { insecureRegistry: true });
}

/** Makes sure that the cluster knows ModelVersion; one that knows it already is left as it is. */
export function ensureCrd(namespace: Namespace, crd: KubeObject): void {
  if (namespace.kubectl(['get', 'crd', crd.metadata.name]).code !== 0)
    namespace.must(['create', '-f', '-'], { ...crd, metadata: { name: crd.metadata.name } });
}
