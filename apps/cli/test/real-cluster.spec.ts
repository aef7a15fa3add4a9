import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { events, pods } from '@pawl/shared/kubernetes/objects';
import { eventually } from '@pawl/test-kit/eventually';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { connect } from '../src/cluster/connection/connect.ts';
import { run } from '../src/program.ts';
import { withStatus } from '@pawl/test-kit/model-versions';
import { atStep, aVersion, because, failedFor, serving } from './support/objects.ts';
import { TestNamespace } from './support/real-cluster.ts';

describeWhenSet('KUBECONFIG', 'pawl on a real API server', (kubeconfig) => {
  const namespace = new TestNamespace(kubeconfig);
  const name = 'catdog-1-4-0';

  beforeAll(async () => {
    await namespace.create();
  });

  beforeEach(async () => {
    await namespace.version(aVersion('1.3.0', serving()));
    await namespace.version(aVersion('1.4.0', because('Canary', 'StepRunning'), atStep(1)));
    await namespace.version(
      aVersion(
        '1.5.0',
        failedFor('AcceptanceFailed'),
        withStatus({
          acceptance: {
            total: 2,
            correct: 1,
            required: 2,
            at: '2026-11-21T12:00:00Z',
            template: 'x',
            mistakes: [{ image: 'cat.1.jpg', expected: 'cat', answered: 'dog' }],
          },
        }),
      ),
    );
  });

  afterAll(async () => {
    await namespace.remove();
  });

  /** @param onOut gets everything that was written so far, each time that something is. */
  async function pawl(
    line: string,
    onOut: (out: string) => void = () => undefined,
  ): Promise<{ code: number; out: string; err: string }> {
    let out = '';
    let err = '';
    const code = await run([...line.split(' '), '-n', namespace.name, '--kubeconfig', kubeconfig], {
      stdout: {
        write: (text) => {
          out += text;
          onOut(out);
        },
      },
      stderr: { write: (text) => (err += text) },
      env: {},
      cwd: process.cwd(),
      signal: new AbortController().signal,
      now: () => new Date(),
      sleep: (ms) => delay(Math.min(ms, 100)),
      random: () => randomBytes(3).toString('hex'),
      connect: (options) => Promise.resolve(connect(options)),
    });
    return { code, out, err };
  }

  it('lists what is there', async () => {
    const { code, out, err } = await pawl('get');
    expect(code).toBe(0);
    // Nobody renews a Lease here.
    expect(err).toMatch(/^warning: No controller looks at namespace \S+: .*\nnext: {2}.*: kubectl [^\n]*\n$/);
    const rows = out.split('\n').map((line) => line.split(/\s{2,}/));
    expect(rows.map((row) => row[2])).toEqual(['NAME', 'catdog-1-5-0', name, 'catdog-1-3-0', undefined]);
    const all = JSON.parse((await pawl('get catdog -o json')).out) as { items: { metadata: object }[] };
    expect(all.items).toHaveLength(3);
    expect(all.items[0]?.metadata).not.toHaveProperty('managedFields');
  });

  it('explains a failure with its evidence', async () => {
    const { code, out } = await pawl('explain catdog-1-5-0');
    expect(code).toBe(0);
    expect(out).toMatch(/is not serving: Failed, AcceptanceFailed/);
    expect(out).toMatch(/cat\.1\.jpg\s+cat\s+dog/);
    expect(out).toMatch(/1\.4\.0|1\.3\.0 \(catdog-1-3-0\)\s+serves/);
    expect(out).not.toContain('could not be read');
  });

  it('shows events and the pods of the canary', async () => {
    const { metadata } = await namespace.read(name);
    await namespace.apply(events, 'an-event', {
      type: 'Normal',
      reason: 'Accepted',
      message: 'All images were answered',
      lastTimestamp: new Date().toISOString(),
      involvedObject: { kind: 'ModelVersion', name, uid: metadata.uid, namespace: namespace.name },
    });
    await namespace.apply(pods, 'catdog-canary-1', {
      metadata: { labels: { 'pawl.dev/model': 'catdog', 'pawl.dev/track': 'canary', 'pawl.dev/model-version': name } },
      // A node that does not exist: nothing ever runs it.
      spec: { nodeName: 'none', containers: [{ name: 'inference', image: 'none' }] },
    });
    const { out } = await pawl(`explain ${name}`);
    expect(out).toContain('All images were answered');
    expect(out).toMatch(/catdog-canary-1\s+not ready\s+no requests\s+0 restarts\s+Pending/);
    expect((await pawl('rollout status catdog')).out).toMatch(/canary {5}catdog-canary-1/);
  });

  it.each([
    ['abort', name],
    ['promote', name],
    ['retry', 'catdog-1-5-0'],
  ] as const)('%s writes its annotation as pawl-cli', async (verb, version) => {
    const { code, out } = await pawl(`rollout ${verb} ${version} --no-wait`);
    expect(code).toBe(0);
    const { annotations = {}, ...metadata } = (await namespace.read(version)).metadata;
    const value = annotations[`pawl.dev/${verb}`];
    expect(value).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ-[0-9a-f]{6}$/);
    expect(out).toContain(`pawl.dev/${verb}=${value ?? ''}`);
    const { managedFields } = metadata as { managedFields?: { manager: string }[] };
    expect(managedFields?.map((entry) => entry.manager)).toContain('pawl-cli');
  });

  it('waits until a controller has acted', async () => {
    const waiting = pawl(`rollout abort ${name} --wait --timeout 120s`);
    const asked = async () => (await namespace.read(name)).metadata.annotations?.['pawl.dev/abort'];
    const before = await asked();
    const value = await eventually('the annotation', async () => {
      const now = await asked();
      return now !== before && now;
    });
    await namespace.version(
      aVersion('1.4.0', failedFor('Aborted', 'Aborted by hand'), withStatus({ handled: { abort: value } })),
    );
    expect(await waiting).toMatchObject({
      code: 0,
      out: expect.stringContaining('Done: catdog 1.4.0 is Failed. Aborted by hand') as string,
    });
  });

  it('suspends and resumes, and says that no controller has seen it since', async () => {
    expect((await pawl(`rollout suspend ${name}`)).code).toBe(0);
    expect((await namespace.read(name)).spec.suspend).toBe(true);
    expect((await pawl(`explain ${name}`)).out.replace(/\s+/g, ' ')).toContain('the object is at 2');
    expect((await pawl(`rollout resume ${name}`)).code).toBe(0);
    expect((await namespace.read(name)).spec.suspend).toBe(false);
  });

  it('follows a rollout to its end', async () => {
    const { generation } = (await namespace.read(name)).metadata;
    await namespace.version(
      aVersion('1.4.0', because('Canary', 'StepRunning'), atStep(1), withStatus({ observedGeneration: generation })),
    );
    const seen = Promise.withResolvers<undefined>();
    const following = pawl(`rollout status ${name} --watch --timeout 120s`, (text) => {
      if (text.includes('step 1/2')) seen.resolve(undefined);
    });
    await Promise.race([seen.promise, following]);
    await namespace.status('catdog-1-3-0', { ...aVersion('1.3.0', because('Superseded', 'Superseded')).status });
    await namespace.status(name, { ...aVersion('1.4.0', serving()).status, observedGeneration: generation });
    const { code, out } = await following;
    expect(code).toBe(0);
    expect(out).toMatch(/Canary \(StepRunning\), step 1\/2[^]*1\.4\.0 Serving, weight 100 %/);
  });

  it('names what is near, and what is not there', async () => {
    expect(await pawl('get catdgo')).toMatchObject({
      code: 4,
      err: expect.stringContaining('Did you mean catdog?') as string,
    });
    expect(await pawl('explain catdog-1-4-1')).toMatchObject({ code: 4 });
  });
});
