/* eslint-disable @typescript-eslint/no-unsafe-argument, @typescript-eslint/no-unsafe-call --
   Rendered objects are of many kinds; a field that is not there shows as a failed expectation. */
import { readFileSync } from 'node:fs';
import {
  annotations,
  API_VERSION,
  CANARY,
  FETCH_CONTAINER,
  HTTP_PORT_NAME,
  INFERENCE_CONTAINER,
  labels,
  MODEL_CACHE_PATH,
  MODEL_IMAGE_PATH,
  MODEL_VERSION,
  MODEL_VOLUME,
  POLICY_KEY,
  POLICY_ROLE,
  PUBLIC_KEY_KEY,
  STABLE,
} from '@pawl/shared/modelversion/names';
import { replicaSets } from '@pawl/shared/kubernetes/objects';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { CHART, environmentOf, type KubeObject, render, run, textsOf, type Values } from './support/helm.ts';
import { aGateway, aKey, DIGEST, standalone } from './support/releases.ts';
import { variants } from './support/variants.ts';

describeWhenSet('PAWL_TEST_HELM', 'the chart', (helm) => {
  const chart = render(helm);

  it('passes helm lint', () => {
    expect(run(helm, ['lint', '--strict', CHART])).toMatchObject({ code: 0 });
  });

  it.each(Object.entries(variants))('renders each object once, labelled: %s', (_, values) => {
    const { objects } = render(helm, values);
    const keys = objects.map((object) => `${object.kind as string} ${object.metadata.name as string}`);
    expect(new Set(keys).size).toBe(keys.length);
    for (const object of objects)
      expect(object.metadata.labels).toMatchObject({
        'app.kubernetes.io/name': 'pawl',
        'app.kubernetes.io/instance': 'pets',
        'app.kubernetes.io/managed-by': 'Helm',
      });
  });

  describe('and the controller find each other by the names of names.ts', () => {
    it('labels', () => {
      const { metadata, spec } = chart.find('Deployment', 'inference');
      const model = { [labels.model]: 'catdog' };
      expect(metadata.labels).toMatchObject({ ...model, [labels.track]: STABLE });
      const selector = { 'app.kubernetes.io/instance': 'pets', ...model, [labels.track]: STABLE };
      expect(spec.selector).toEqual({ matchLabels: selector });
      expect(spec.template.metadata.labels).toEqual({
        'app.kubernetes.io/name': 'pawl',
        'app.kubernetes.io/component': 'inference',
        ...selector,
        [labels.inService]: 'true',
      });
      expect(chart.find('ConfigMap').metadata.labels).toMatchObject({ ...model, [labels.role]: POLICY_ROLE });
    });

    it('the Service, which knows no track', () => {
      expect(chart.find('Service').spec.selector).toEqual({
        'app.kubernetes.io/instance': 'pets',
        [labels.model]: 'catdog',
        [labels.inService]: 'true',
      });
    });

    it('the Services of the tracks', () => {
      for (const track of [STABLE, CANARY])
        expect(render(helm, aGateway).find('Service', `pets-pawl-${track}`).spec.selector).toEqual({
          'app.kubernetes.io/instance': 'pets',
          [labels.model]: 'catdog',
          [labels.track]: track,
        });
    });

    it('containers, port and mount', () => {
      expect(chart.inference).toMatchObject({
        name: INFERENCE_CONTAINER,
        ports: [{ name: HTTP_PORT_NAME, containerPort: 8000 }],
      });
      expect(chart.find('Service').spec.ports).toEqual([
        { name: HTTP_PORT_NAME, port: 80, targetPort: HTTP_PORT_NAME },
      ]);
      expect(chart.fetch.name).toBe(FETCH_CONTAINER);
      for (const container of [chart.inference, chart.fetch])
        expect(container.volumeMounts[0]).toMatchObject({ mountPath: MODEL_CACHE_PATH });
      // The controller's own volume, where the policy asks for it.
      expect(chart.pod.spec.volumes.map((volume: KubeObject) => volume.name as string)).not.toContain(MODEL_VOLUME);
    });

    it('keys of the ConfigMap', () => {
      const { data, binaryData } = render(helm, { publicKey: aKey }).find('ConfigMap');
      expect(Object.keys(data)).toEqual([POLICY_KEY, PUBLIC_KEY_KEY]);
      const images = Object.keys(binaryData).map((key) => key.split('.')[0]);
      expect(images.filter((label) => label === 'cat')).toHaveLength(8);
      expect(images.filter((label) => label === 'dog')).toHaveLength(8);
      for (const base64 of Object.values<string>(binaryData))
        expect([...Buffer.from(base64, 'base64').subarray(0, 3)]).toEqual([0xff, 0xd8, 0xff]);
    });

    it('several public keys, as they stand in the file', () => {
      const file = `# CI, until 2027-01-31\n${aKey}\n# --- release ---\n${aKey}`;
      expect(render(helm, { publicKey: file }).find('ConfigMap').data[PUBLIC_KEY_KEY]).toBe(file);
    });

    it('the resources of the Role', () => {
      const rules = chart.find('Role').rules as KubeObject[];
      expect(rules).toContainEqual({
        apiGroups: [MODEL_VERSION.group],
        resources: [MODEL_VERSION.plural],
        verbs: ['list', 'watch'],
      });
      expect(rules).toContainEqual({
        apiGroups: [MODEL_VERSION.group],
        resources: [`${MODEL_VERSION.plural}/status`],
        verbs: ['patch'],
      });
      expect(rules).toContainEqual({
        apiGroups: [replicaSets.group],
        resources: [replicaSets.plural],
        verbs: ['list', 'watch'],
      });
    });
  });

  describe('writes no model into any object while the controller decides', () => {
    it.each(
      Object.entries(variants).filter(
        ([, values]) => (values['controller'] as Values | undefined)?.['enabled'] !== false,
      ),
    )('%s', (_, values) => {
      const rendered = render(helm, values);
      for (const container of [...rendered.pod.spec.containers, ...(rendered.pod.spec.initContainers ?? [])]) {
        expect(Object.keys(environmentOf(container))).not.toContain('MODEL_URI');
        expect(Object.keys(environmentOf(container))).not.toContain('MODEL_DIGEST');
      }
      for (const name of [annotations.digest, annotations.version])
        expect(rendered.pod.metadata.annotations ?? {}).not.toHaveProperty([name]);
      const others = rendered.objects.filter((object) => object.kind !== 'CustomResourceDefinition');
      expect(textsOf(others).filter((text) => /sha256:|(oci|s3|file):\/\//.test(text))).toEqual([]);
    });
  });

  describe('without the controller', () => {
    it('sets what the controller would set', () => {
      const rendered = render(helm, standalone);
      expect(rendered.pod.metadata.annotations).toEqual({
        [annotations.digest]: DIGEST,
        [annotations.version]: '1.2.3',
      });
      expect(environmentOf(rendered.fetch)).toMatchObject({
        MODEL_URI: 'oci://registry.example/pets:1.2.3',
        MODEL_DIGEST: DIGEST,
      });
      expect(environmentOf(rendered.inference)).toMatchObject({
        MODEL_URI: `file://${MODEL_CACHE_PATH}/${DIGEST.replace(':', '-')}`,
        MODEL_DIGEST: DIGEST,
      });
      expect(rendered.objects.filter((object) => /^Role/.test(object.kind as string))).toEqual([]);
    });

    it('mounts an image volume', () => {
      const rendered = render(helm, variants['without the controller, image volumes']);
      expect(Object.keys(environmentOf(rendered.fetch))).not.toContain('MODEL_URI');
      expect(rendered.pod.spec.volumes).toContainEqual({
        name: MODEL_VOLUME,
        image: { reference: 'registry.example/pets:1.2.3', pullPolicy: 'IfNotPresent' },
      });
      expect(rendered.inference.volumeMounts).toContainEqual({
        name: MODEL_VOLUME,
        mountPath: MODEL_IMAGE_PATH,
        readOnly: true,
      });
      expect(environmentOf(rendered.inference)['MODEL_URI']).toBe(`file://${MODEL_IMAGE_PATH}`);
    });

    it('opens a mounted model where it lies', () => {
      const rendered = render(helm, variants['without the controller, a mounted model']);
      expect(environmentOf(rendered.inference)['MODEL_URI']).toBe('file:///mnt/pets');
      expect(environmentOf(rendered.inference)).not.toHaveProperty('MODEL_DIGEST');
    });
  });

  it('gives pods longer to end than the service takes', () => {
    const env = environmentOf(chart.inference);
    expect(chart.pod.spec.terminationGracePeriodSeconds * 1000).toBeGreaterThan(
      Math.max(Number(env['DRAIN_DELAY_MS']), Number(env['DRAIN_MAX_DELAY_MS'])) + Number(env['DRAIN_TIMEOUT_MS']),
    );
  });

  it('gives pods that time also when they wait longer for quiet than they may be kept from it', () => {
    const { pod } = render(helm, { drain: { delaySeconds: 100, maxDelaySeconds: 0, timeoutSeconds: 20 } });
    expect(pod.spec.terminationGracePeriodSeconds).toBe(130);
  });

  it('never takes a pod away before another is ready', () => {
    expect(chart.find('Deployment', 'inference').spec.strategy.rollingUpdate).toEqual({
      maxUnavailable: 0,
      maxSurge: '100%',
    });
  });

  it('asks every second whether a pod is ready, and calls none dead for lack of a model', () => {
    expect(chart.inference.readinessProbe).toMatchObject({
      httpGet: { path: '/readyz', port: 'http' },
      periodSeconds: 1,
    });
    for (const probe of ['startupProbe', 'livenessProbe']) expect(chart.inference[probe].httpGet.path).toBe('/livez');
  });

  it('gives the serving pods no token, and the controller no rule for Secrets or other namespaces', () => {
    expect(chart.pod.spec.automountServiceAccountToken).toBe(false);
    expect(chart.find('Pod').spec.automountServiceAccountToken).toBe(false);
    expect(chart.objects.filter((object) => /^Cluster/.test(object.kind as string))).toEqual([]);
    for (const { resources, verbs } of chart.find('Role').rules) {
      expect(resources).not.toContain('secrets');
      expect([...resources, ...verbs]).not.toContain('*');
    }
  });

  it('says in the Role why it needs each verb', () => {
    const lines = readFileSync(`${CHART}/templates/controller-role.yaml`, 'utf8').split('\n');
    lines.forEach((line, at) => {
      const verbs = /verbs: \[(.+)\]/.exec(line)?.[1]?.split(', ');
      if (verbs === undefined) return;
      let from = lines.slice(0, at).findLastIndex((text) => text.includes('- apiGroups'));
      while (/^ *#/.test(lines[from - 1] ?? '')) from -= 1;
      const comment = lines
        .slice(from, at)
        .filter((text) => /^ *#/.test(text))
        .join(' ');
      for (const verb of verbs)
        expect({ line, comment }).toMatchObject({ comment: expect.stringMatching(new RegExp(`\\b${verb}\\b[^:]*:`)) });
    });
  });

  it('prints commands that fit the release', () => {
    const { stdout } = run(helm, ['install', 'pets', CHART, '--namespace', 'zoo', '--dry-run=client']);
    expect(stdout).toContain('kubectl --namespace zoo port-forward service/pets-pawl 8000:80');
    expect(stdout).toContain(`apiVersion: ${API_VERSION}`);
    const key = /jsonpath='\{\.binaryData\.(.+)\}'/.exec(stdout)?.[1]?.replaceAll('\\.', '.');
    expect(Object.keys(chart.find('ConfigMap').binaryData)).toContain(key);
  });

  it.each([
    ['with the controller', {}],
    ['without it', standalone],
  ])('never tells to keep the defaults of an old chart, which its closed schema refuses: %s', (_, values: Values) => {
    const args = ['install', 'pets', CHART, '--namespace', 'zoo', '--dry-run=client', '--values', '-'];
    const { stdout } = run(helm, args, JSON.stringify(values));
    const commands = stdout.split('\n').filter((line) => line.includes('helm upgrade pets'));
    expect(commands).toContain('   helm upgrade pets … --namespace zoo --reset-then-reuse-values');
    for (const command of commands) expect(command).not.toMatch(/ --reuse-values/);
  });
});
