import { randomBytes } from 'node:crypto';
import { admissionObjects } from '../../chart/support/admission.ts';
import { signingKey } from './bundles.ts';
import { type KubeObject, pathOf, type TestCluster } from './cluster.ts';
import type { TestEnvironment } from './environment.ts';
import { settings } from './settings.ts';
import { waitFor } from './wait.ts';

const GROUP = '/apis/admissionregistration.k8s.io/v1';
const pathOfRule = ({ kind, metadata }: KubeObject) =>
  `${GROUP}/${kind === 'ValidatingAdmissionPolicy' ? 'validatingadmissionpolicies' : 'validatingadmissionpolicybindings'}/${metadata.name}`;

/** The rules of `k8s/admission` in one namespace, enforced; those of images are there apart, and come and go. */
export class Admission {
  /** Ends the names of the rules, and is in the words of each refusal. */
  readonly suffix = `e2e-${randomBytes(4).toString('hex')}`;
  readonly #env: TestEnvironment;
  readonly #offerers: readonly string[];
  #there: KubeObject[] = [];

  /** @param offerers user names of those who may offer versions. */
  constructor(env: TestEnvironment, offerers: readonly string[]) {
    this.#env = env;
    this.#offerers = offerers;
  }

  get #cluster(): TestCluster {
    return this.#env.cluster;
  }

  /** Makes rules, such as `pawl-pods`, and waits until the API server holds to each of them. */
  async install(...rules: readonly string[]): Promise<void> {
    const { inferenceImage, controllerImage, kubectl, registry } = settings();
    const repository = (image: string) => image.replace(/@.*$/, '').replace(/:[^:/]*$/, '');
    const objects = admissionObjects({
      kubectl,
      suffix: this.suffix,
      rules,
      enforce: true,
      settings: {
        namespace: this.#env.namespace,
        images: [inferenceImage, controllerImage].map(repository),
        weights: [`oci://${registry}/pawl-e2e`],
        offeredBy: this.#offerers,
        publicKeys: signingKey.publicPem,
      },
    }) as readonly KubeObject[];
    for (const object of objects) {
      this.#there.push(object);
      await this.#cluster.apply(pathOfRule(object), object);
    }
    for (const rule of rules)
      await waitFor(`${rule} to hold`, async () => {
        const refusal = await this.#refusal(rule);
        return refusal.includes(`${rule}-${this.suffix}`) ? true : undefined;
      });
  }

  /** Takes rules away, all by default, and waits until the API server has forgotten them. */
  async remove(...rules: readonly string[]): Promise<void> {
    const names = rules.map((rule) => `${rule}-${this.suffix}`);
    const isMeant = ({ metadata }: KubeObject) => rules.length === 0 || names.includes(metadata.name);
    const meant = this.#there.filter(isMeant);
    this.#there = this.#there.filter((object) => !isMeant(object));
    for (const object of meant) await this.#cluster.delete(pathOfRule(object));
    for (const rule of rules)
      await waitFor(`${rule} to be gone`, async () => {
        const refusal = await this.#refusal(rule);
        return refusal.includes(`${rule}-${this.suffix}`) ? undefined : true;
      });
  }

  /** What the API server says, without writing anything, to something that a rule refuses. */
  async #refusal(rule: string): Promise<string> {
    const { namespace } = this.#env;
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'unknown:1' }] } };
    const restricted = {
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          ...template.spec.containers[0],
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    };
    const metadata = { name: 'probe' };
    const probes: Readonly<Record<string, readonly [path: string, object: object]>> = {
      'pawl-weights': [
        pathOf.modelVersions(namespace),
        {
          ...{ apiVersion: 'pawl.dev/v1alpha1', kind: 'ModelVersion', metadata },
          spec: {
            model: 'catdog',
            version: '0.0.1',
            artifact: { uri: 'oci://elsewhere.example/x:1', digest: `sha256:${'0'.repeat(64)}` },
          },
        },
      ],
      'pawl-rollout-policies': [
        pathOf.core(namespace, 'configmaps'),
        { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'public-key.pem': 'none' } },
      ],
      'pawl-deployments': [
        pathOf.deployments(namespace),
        {
          ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata },
          spec: { selector: { matchLabels: { a: 'b' } }, template },
        },
      ],
      'pawl-pods': [pathOf.pods(namespace), { apiVersion: 'v1', kind: 'Pod', metadata, spec: restricted }],
    };
    const probe = probes[rule];
    if (probe === undefined) throw new Error(`no rule is called ${rule}`);
    return await this.#cluster.post(`${probe[0]}?dryRun=All`, probe[1]).then(
      () => '',
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
  }
}
