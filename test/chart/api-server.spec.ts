/* eslint-disable @typescript-eslint/no-unsafe-return, @typescript-eslint/no-unsafe-argument --
   Rendered objects are of many kinds; a field that is not there shows as a failed expectation. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { ensureCrd, Namespace } from './support/cluster.ts';
import { type KubeObject, merge, render, run } from './support/helm.ts';
import { podsOf } from './support/pods-of.ts';
import { writeSchemas } from './support/schemas.ts';
import { variants } from './support/variants.ts';

const helm = process.env['PAWL_TEST_HELM'] ?? 'helm';
/** Kinds of the Prometheus Operator, which the cluster may lack. */
const foreign = ['ServiceMonitor', 'PodMonitor', 'PrometheusRule'];

describeWhenSet('KUBECONFIG', 'a real API server, PodSecurity restricted', () => {
  const namespace = new Namespace();
  const dryRun = (object: KubeObject) =>
    namespace.kubectl(
      ['apply', '--server-side', '--force-conflicts', '--dry-run=server', '--validate=strict', '-f', '-'],
      object,
    );

  beforeAll(() => {
    namespace.create();
    ensureCrd(namespace, render(helm).find('CustomResourceDefinition'));
  });
  afterAll(() => {
    namespace.delete();
  });

  it.each(Object.entries(variants))(
    'accepts every object and every pod: %s',
    (_, values) => {
      const { objects } = render(helm, values);
      const here = objects.map((object) =>
        object.kind === 'CustomResourceDefinition'
          ? object
          : merge(object, { metadata: { namespace: namespace.name } }),
      );
      const list = (items: readonly KubeObject[]) => ({ apiVersion: 'v1', kind: 'List', items });
      const known = here.filter(({ kind }) => kind !== 'Pod' && !foreign.includes(kind as string));
      expect(dryRun(list(known))).toMatchObject({ code: 0 });
      expect(dryRun(list(podsOf(objects)))).toMatchObject({ code: 0 });
    },
    120_000,
  );

  it('would refuse a pod with a hostPath cache here', () => {
    const [pod] = podsOf([render(helm, { cache: { type: 'hostPath' } }).find('Deployment', 'inference')]);
    expect(dryRun(pod).stderr).toMatch(/violates PodSecurity "restricted.*hostPath/);
  });

  describeWhenSet('PAWL_TEST_KUBECONFORM', 'its schemas, in kubeconform', (kubeconform) => {
    const folder = mkdtempSync(join(tmpdir(), 'pawl-schemas-'));
    const check = (objects: readonly KubeObject[]) =>
      run(
        kubeconform,
        [
          '-strict',
          '-summary',
          ...['-skip', ['CustomResourceDefinition', ...foreign].join()],
          ...['-schema-location', `${folder}/{{ .ResourceKind }}{{ .KindSuffix }}.json`],
        ],
        objects.map((object) => JSON.stringify(object)).join('\n---\n'),
      );

    beforeAll(() => {
      writeSchemas(folder, JSON.parse(namespace.must(['get', '--raw', '/openapi/v2'])));
    });
    afterAll(() => {
      rmSync(folder, { recursive: true, force: true });
    });

    it.each(Object.entries(variants))('accept %s', (_, values) => {
      expect(check(render(helm, values).objects)).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('Invalid: 0, Errors: 0'),
      });
    });

    it('would refuse a field that there is not', () => {
      const service = render(helm).find('Service');
      expect(check([merge(service, { spec: { selectr: {} } })]).stdout).toContain('selectr');
    });
  });
});
