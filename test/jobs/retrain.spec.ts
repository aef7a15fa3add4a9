/* eslint-disable @typescript-eslint/no-unsafe-argument --
   What was compiled or read back is of many kinds; a field that is not there shows as a failed expectation. */
import { parse } from 'yaml';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { Namespace } from '../chart/support/cluster.ts';
import { JOBS } from './support/jobs.ts';
import { RetrainFixture } from './support/retrain-fixture.ts';

import.meta.jest.setTimeout(900_000);

describeWhenSet('KUBECONFIG', 'the manifests of retraining', () => {
  it.each(['retrain', 'orchestrated'])('%s is taken by the API server, where PodSecurity is restricted', (part) => {
    const namespace = new Namespace();
    namespace.create();
    try {
      const { code, stdout, stderr } = namespace.kubectl(['apply', '--dry-run=server', '-k', `${JOBS}/${part}`]);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toMatch(/persistentvolumeclaim\/retrain-data created/);
    } finally {
      namespace.delete();
    }
  });
});

const registry = process.env['PAWL_TEST_REGISTRY'];

describeWhenSet('PAWL_TEST_CLI_IMAGE', 'retraining on a real cluster', (image) => {
  if (registry === undefined || process.env['KUBECONFIG'] === undefined) {
    it.skip('needs KUBECONFIG and PAWL_TEST_REGISTRY, reachable under the same name from pods', () => undefined);
    return;
  }
  const fixture = new RetrainFixture(image, registry);
  beforeAll(() => {
    fixture.create();
  });
  afterAll(() => {
    fixture.close();
  });

  it('trains on the bundled photographs and releases to staging as a commit', async () => {
    const { completed, log } = await fixture.run('first');
    expect({ completed, log }).toMatchObject({ completed: true });
    expect(JSON.stringify(log)).not.toContain('s3cret');
    expect(fixture.commits()).toEqual([expect.stringMatching(/^Release catdog 1\.\d+\.\d+ to staging$/), 'Begin']);
    const files = fixture.git('ls-tree', '--name-only', 'main', 'k8s/environments/staging/models/').trim().split('\n');
    expect(files).toHaveLength(1);
    const version = parse(fixture.git('show', `main:${files[0] ?? ''}`));
    expect(version).toMatchObject({ kind: 'ModelVersion', spec: { model: 'catdog' } });
    expect(version.spec.artifact.uri).toMatch(/@sha256:[0-9a-f]{64}$/);
    expect(Object.keys(version.metadata.annotations)).toEqual(
      expect.arrayContaining(['pawl.dev/run-id', 'pawl.dev/data-hash', 'pawl.dev/git-commit']),
    );
  });

  it('trains nothing and commits nothing while nothing has changed', async () => {
    const { completed, log } = await fixture.run('second');
    expect(completed).toBe(true);
    expect(log['train']).toMatch(/^Nothing has changed since catdog/m);
    expect(log['release']).toMatch(/Already released/);
    expect(fixture.commits()).toHaveLength(2);
  });

  it('ends at once, and changes nothing, where trying again would not help', async () => {
    fixture.apply({ ENVIRONMENT: 'nowhere' });
    const { completed, log } = await fixture.run('third');
    expect(completed).toBe(false);
    expect(log['train']).toMatch(/FILE_NOT_FOUND/);
    expect(fixture.namespace.get('pods', '-l', 'job-name=third').items).toHaveLength(1);
    expect(fixture.commits()).toHaveLength(2);
  });
});
