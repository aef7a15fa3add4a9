import { describeWhenSet } from '@pawl/test-kit/when-set';
import { ensureCrd, imageValues, Namespace, InstalledRelease, testValues } from './support/cluster.ts';
import { merge, render } from './support/helm.ts';
import { aGateway } from './support/releases.ts';

const helm = process.env['PAWL_TEST_HELM'] ?? 'helm';

/** Everything that the controller may do, and must not: the Role, asked of the API server. */
const rights: Readonly<Record<string, { readonly may: string; readonly mayNot: string }>> = {
  'modelversions.pawl.dev': { may: 'list watch', mayNot: 'get create update patch delete' },
  'modelversions.pawl.dev/status': { may: 'patch', mayNot: 'update' },
  'deployments.apps': { may: 'list watch create patch delete', mayNot: 'get update deletecollection' },
  'replicasets.apps': { may: 'list watch', mayNot: 'get create update patch delete' },
  pods: { may: 'list watch patch', mayNot: 'get create delete' },
  'pods/exec': { may: '', mayNot: 'create' },
  configmaps: { may: 'get list watch', mayNot: 'create update patch delete' },
  'leases.coordination.k8s.io': { may: 'create', mayNot: 'get list update delete' },
  'leases.coordination.k8s.io/pawl-controller': { may: 'get update', mayNot: 'delete' },
  events: { may: 'get create patch', mayNot: 'list delete' },
  'httproutes.gateway.networking.k8s.io': { may: '', mayNot: 'get create patch' },
  secrets: { may: '', mayNot: 'get list watch create' },
  serviceaccounts: { may: '', mayNot: 'get list' },
  services: { may: '', mayNot: 'get list' },
};

describeWhenSet('KUBECONFIG', 'the controller of a release', () => {
  const namespace = new Namespace();
  const release = new InstalledRelease(helm, namespace);
  const image = process.env['PAWL_TEST_CONTROLLER_IMAGE'];
  const values = merge(testValues('pawl-inference:none'), {
    replicaCount: 0,
    controller: {
      replicas: image === undefined ? 0 : 2,
      ...(image === undefined ? {} : { image: imageValues(image) }),
    },
  });
  const can = (verb: string, resource: string, where = namespace.name): boolean =>
    namespace.kubectl([
      'auth',
      'can-i',
      verb,
      resource,
      `--as=system:serviceaccount:${namespace.name}:pets-pawl-controller`,
      `--namespace=${where}`,
    ]).code === 0;

  beforeAll(() => {
    namespace.create();
    ensureCrd(namespace, render(helm).find('CustomResourceDefinition'));
    release.install(values);
  });
  afterAll(() => {
    namespace.delete();
  });

  it.each(Object.entries(rights))('may do what it needs with %s, and no more', (resource, { may, mayNot }) => {
    const [kind = '', ...name] = resource.split('/');
    const asked = name[0] === 'pawl-controller' ? `${kind}/${name[0]}` : resource;
    const flags = name[0] === undefined || name[0] === 'pawl-controller' ? [] : [`--subresource=${name[0]}`];
    const answer = (verbs: string) =>
      verbs
        .split(' ')
        .filter((verb) => verb !== '')
        .map((verb) => `${verb} ${String(flags.length === 0 ? can(verb, asked) : canSubresource(verb, kind, flags))}`);
    expect(answer(may)).toEqual(
      may
        .split(' ')
        .filter(Boolean)
        .map((verb) => `${verb} true`),
    );
    expect(answer(mayNot)).toEqual(
      mayNot
        .split(' ')
        .filter(Boolean)
        .map((verb) => `${verb} false`),
    );
  });

  function canSubresource(verb: string, kind: string, flags: readonly string[]): boolean {
    const as = `--as=system:serviceaccount:${namespace.name}:pets-pawl-controller`;
    return namespace.kubectl(['auth', 'can-i', verb, kind, ...flags, as]).code === 0;
  }

  it('may do nothing in another namespace', () => {
    for (const resource of ['modelversions.pawl.dev', 'deployments.apps', 'pods', 'configmaps'])
      expect({ resource, can: can('list', resource, 'default') }).toEqual({ resource, can: false });
  });

  it('may write HTTPRoutes once there is a gateway', () => {
    release.upgrade(merge(values, aGateway));
    for (const verb of ['get', 'create', 'patch'])
      expect({ verb, can: can(verb, 'httproutes.gateway.networking.k8s.io') }).toEqual({ verb, can: true });
    expect(can('get', 'services')).toBe(true);
    expect(can('list', 'services')).toBe(false);
  });

  describeWhenSet('PAWL_TEST_CONTROLLER_IMAGE', 'with its image', () => {
    it('becomes ready in two replicas, one of which leads', () => {
      namespace.rolledOut('pets-pawl-controller');
      // Ready comes before the election is over.
      for (const condition of ['create', 'jsonpath={.spec.holderIdentity}'])
        namespace.must(['wait', 'lease/pawl-controller', `--for=${condition}`, '--timeout=300s']);
      const { holderIdentity } = namespace.get('lease', 'pawl-controller').spec;
      const pods = namespace.get('pods', '-l', 'app.kubernetes.io/component=controller').items as {
        metadata: { name: string };
      }[];
      expect(pods.map((pod) => pod.metadata.name)).toHaveLength(2);
      expect(pods.some((pod) => String(holderIdentity).startsWith(pod.metadata.name))).toBe(true);
    }, 700_000);
  });
});
