import { readFileSync } from 'node:fs';
import { rolloutPolicySchema } from '@pawl/shared/modelversion/rollout-policy';
import { parse } from 'yaml';
import { readValueDocs } from '../../scripts/generate-chart.ts';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { CHART, merge, render, template, valueAt, type Values } from './support/helm.ts';
import { aGateway, aKey, DIGEST, policyOf, standalone } from './support/releases.ts';
import { valueCases } from './support/values.ts';

const valuesYaml = readFileSync(`${CHART}/values.yaml`, 'utf8');
const docs = readValueDocs(valuesYaml);
/** Values that hold no documented values of their own. */
const leaves = docs.filter(
  ({ name, comment }) =>
    comment !== '' && !docs.some((other) => other.name.startsWith(`${name}.`) && other.comment !== ''),
);

describe('values.yaml', () => {
  it('documents every value', () => {
    // What stands below these is Kubernetes' own, documented there.
    const foreign = /^(controller\.)?(resources|podSecurityContext|securityContext)\./;
    const without = docs.filter(({ name, comment }) => comment === '' && !foreign.test(name));
    expect(without.map(({ name }) => name)).toEqual([]);
  });

  it('has the defaults of the rollout policy', () => {
    const { rollout } = parse(valuesYaml) as { rollout: unknown };
    expect(rolloutPolicySchema.parse(rollout)).toEqual(rolloutPolicySchema.parse({}));
  });

  it('has a case for every value', () => {
    // Only a cluster that has the CRD shows what this one does: crd.spec.ts.
    expect([...Object.keys(valueCases), 'crds.adopt'].sort()).toEqual(leaves.map(({ name }) => name).sort());
  });
});

describeWhenSet('PAWL_TEST_HELM', 'values', (helm) => {
  it.each(Object.entries(valueCases))('%s', (name, { given = {}, value, at, expected }) => {
    // Without it the release may be refused, which is a difference too.
    const without = template(helm, given);
    if (without.code === 0) expect(at(render(helm, given))).not.toEqual(expected);
    expect(at(render(helm, merge(given, valueAt(name, value))))).toEqual(expected);
  });

  it('make a policy that the controller reads', () => {
    for (const values of [{}, aGateway, { rollout: { artifact: { maxBytes: 123_456_789_012 } } }])
      expect(() => rolloutPolicySchema.parse(policyOf(render(helm, values)))).not.toThrow();
  });

  it('keep a name short enough for what the controller appends', () => {
    const { find } = {
      find: (values: Values) => render(helm, values).find('Deployment', 'inference').metadata.name as string,
    };
    const name = find({ fullnameOverride: 'x'.repeat(60) });
    expect(`${name}-canary-12345678`).toHaveLength(63);
  });
});

describeWhenSet('PAWL_TEST_HELM', 'refused values', (helm) => {
  it.each<[string, Values, RegExp]>([
    ['an unknown value', { replicas: 3 }, /additional properties 'replicas' not allowed/],
    ['an unknown nested value', { service: { prot: 80 } }, /additional properties 'prot' not allowed/],
    [
      'an unknown field of the policy',
      { rollout: { canary: { step: [] } } },
      /additional properties 'step' not allowed/,
    ],
    ['a policy with its own traffic', { rollout: { traffic: {} } }, /additional properties 'traffic' not allowed/],
    ['a weight of 100', { rollout: { canary: { steps: [{ weight: 100 }] } } }, /maximum.*99/],
    ['a deleted value', { cache: { type: null } }, /missing property 'type'/],
    ['a word for a number', { replicaCount: 'two' }, /got string, want integer/],
    ['a digest that is none', merge(standalone, { model: { digest: 'sha256:abc' } }), /does not match pattern/],
    ['an address that is none', merge(standalone, { model: { uri: 'catdog' } }), /does not match pattern/],
    ['a model name with capitals', { model: { name: 'CatDog' } }, /does not match pattern/],
    ['a label that finds pods', { podLabels: { 'pawl.dev/track': 'canary' } }, /invalid propertyName 'pawl.dev.track'/],
    [
      'the chart’s own label for every object',
      { commonLabels: { 'app.kubernetes.io/instance': 'x' } },
      /invalid propertyName 'app.kubernetes.io.instance'/,
    ],
    [
      'a controller without rights',
      { controller: { serviceAccount: { create: false } } },
      /controller\.serviceAccount\.name must name an existing/,
    ],
    [
      'an autoscaler without a metric',
      { autoscaling: { enabled: true, targetCPUUtilizationPercentage: 0 } },
      /nothing says by what/,
    ],
    ['a route without a Gateway', { httpRoute: { enabled: true } }, /httpRoute\.parentRefs must name the Gateway/],
    [
      'two routes',
      merge(aGateway, { httpRoute: { enabled: true, parentRefs: [{ name: 'public' }] } }),
      /would go around its weights/,
    ],
    ['an ingress without paths', { ingress: { enabled: true, paths: [] } }, /minItems: got 0, want 1/],
    ['a path that is none', { ingress: { paths: [{ path: 'predict', pathType: 'Exact' }] } }, /does not match pattern/],
    ['a format that no decoder has', { http: { imageFormats: ['heic'] } }, /value must be one of/],
    ['no format at all', { http: { imageFormats: [] } }, /minItems: got 0, want 1/],
    ['an origin with a path', { http: { corsOrigins: ['https://a.example/app'] } }, /does not match pattern/],
    ['a proxy by name', { http: { trustedProxies: ['ingress.example'] } }, /does not match pattern/],
    ['MODEL_URI by env', { env: [{ name: 'MODEL_URI', value: 'x' }] }, /'not' failed/],
    ['NAMESPACE by the controller’s env', { controller: { env: [{ name: 'NAMESPACE', value: 'x' }] } }, /'not' failed/],
    [
      'an acceptance image without a label',
      { acceptance: { images: { 'cat.jpg/..': 'AA==' } } },
      /does not match pattern/,
    ],
    [
      'an acceptance image that is not base64',
      { acceptance: { images: { 'cat.a.jpg': '%' } } },
      /does not match pattern/,
    ],
    ['a second key that is cut off', { publicKey: aKey + aKey.slice(0, 60) }, /does not match pattern/],
    ['a private key', { publicKey: aKey.replaceAll('PUBLIC', 'PRIVATE') }, /does not match pattern/],
    [
      'a model beside the controller',
      { model: { uri: 'oci://r.example/x:1' } },
      /model\.uri is set, but controller\.enabled is true/,
    ],
    ['a digest beside the controller', { model: { digest: DIGEST } }, /model\.digest is set, but controller\.enabled/],
    ['neither controller nor model', { controller: { enabled: false } }, /model\.uri must say which bundle/],
    ['a fetched model without digest', merge(standalone, { model: { digest: '' } }), /model\.digest must be set/],
    [
      'an image volume from a bucket',
      merge(standalone, { model: { uri: 's3://b/x' }, rollout: { artifact: { mount: 'image' } } }),
      /model\.uri must be an oci:\/\/ address/,
    ],
    [
      'a proxy’s password',
      { proxy: { httpsProxy: 'http://user:word@proxy:3128' } },
      /put the address into the Secret of storeCredentials\.envSecret, as HTTPS_PROXY/,
    ],
    ['a proxy without a scheme', { proxy: { httpProxy: 'proxy:3128' } }, /does not match pattern/],
    [
      'certificates by two values',
      {
        trustedCertificates: { configMap: 'ca' },
        controller: { env: [{ name: 'NODE_EXTRA_CA_CERTS', value: '/ca.crt' }] },
      },
      /controller\.env has NODE_EXTRA_CA_CERTS, which trustedCertificates or proxy sets already/,
    ],
    [
      'certificates by two values, for the log',
      {
        trustedCertificates: { configMap: 'ca' },
        predictionLog: { to: 's3://logs/x' },
        env: [{ name: 'NODE_EXTRA_CA_CERTS', value: '/ca.crt' }],
      },
      /env has NODE_EXTRA_CA_CERTS, which trustedCertificates or proxy sets already, for the prediction log/,
    ],
    ['a log to a registry', { predictionLog: { to: 'oci://r.example/log' } }, /does not match pattern/],
    ['a log object that fills the memory', { predictionLog: { objectBytes: 8_388_608 } }, /more than half of/],
    ['a collector with a password', { traces: { endpoint: 'http://me:word@collector' } }, /does not match pattern/],
    ['a path prefix with an end', merge(aGateway, { gateway: { pathPrefix: '/pets/' } }), /does not match pattern/],
    [
      'a timeout without a unit',
      merge(aGateway, { gateway: { timeouts: { request: '10' } } }),
      /does not match pattern/,
    ],
    [
      'namespaces without the own one',
      { controller: { watchNamespaces: ['farm'] } },
      /does not name zoo, so nobody would roll out/,
    ],
    ['a namespace twice', { controller: { watchNamespaces: ['zoo', 'zoo'] } }, /names a namespace twice/],
    [
      'namespaces without a controller',
      { controller: { install: false, watchNamespaces: ['zoo', 'farm'] } },
      /this release installs no controller/,
    ],
    ['a gateway without parents', { gateway: { enabled: true } }, /gateway\.parentRefs must name the Gateway/],
    [
      'a key beside a ConfigMap of one’s own',
      { publicKey: aKey, existingPolicy: { configMap: 'mine' } },
      /belong into that ConfigMap/,
    ],
  ])('%s', (_, values, message) => {
    const { code, stderr } = template(helm, values);
    expect(stderr).toMatch(message);
    expect(code).not.toBe(0);
  });
});
