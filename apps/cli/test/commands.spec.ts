import { readFileSync } from 'node:fs';
import { CliError } from '../src/errors/cli-error.ts';
import { PAWL_VERSION } from '../src/terminal/version.ts';
import { FakeCluster, pawl } from './support/fake-cluster.ts';
import { withMetadata, withSpec, withStatus } from '@pawl/test-kit/model-versions';
import {
  ago,
  aLease,
  aTrackPod,
  aStableDeployment,
  atStep,
  aVersion,
  because,
  failedFor,
  inPhase,
  serving,
} from './support/objects.ts';

function demo(): FakeCluster {
  const cluster = new FakeCluster();
  cluster.versions = [
    aVersion('1.3.0', serving()),
    aVersion('1.4.0', because('Canary', 'StepRunning', 'Step 1 of 2 (10 %): held for 42 of 60 s'), atStep(1)),
    aVersion('1.2.0', inPhase('Superseded', '1.4.0 (catdog-1-4-0) is wanted instead')),
    aVersion('1.1.0', failedFor('Aborted')),
  ];
  cluster.stable = [aStableDeployment('1.3.0')];
  cluster.allPods = [aTrackPod('s-1'), aTrackPod('s-2'), aTrackPod('s-3'), aTrackPod('c-1', 'catdog-1-4-0')];
  return cluster;
}

const change = (cluster: FakeCluster, ...versions: readonly (typeof cluster.versions)[number][]): void => {
  const names = versions.map((version) => version.metadata.name);
  cluster.versions = [...cluster.versions.filter((version) => !names.includes(version.metadata.name)), ...versions];
};

describe('pawl', () => {
  it('has the version of its package', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect(PAWL_VERSION).toBe(version);
    expect(await pawl('--version', new FakeCluster())).toMatchObject({
      code: 0,
      out: `${version}\n`,
      connected: undefined,
    });
  });

  it.each([
    ['', 2, /Usage: pawl/],
    ['gte', 2, /unknown command 'gte'[^]*Did you mean get/],
    ['get --nope', 2, /unknown option '--nope'/],
    ['get -o xml', 2, /Allowed choices are json, yaml, wide, name/],
    ['explain', 2, /missing required argument 'name'/],
    ['get --request-timeout soon', 2, /Expected a time such as 30s/],
    ['rollout status --timeout 0', 2, /Expected a time/],
    ['rollout status -w -o json', 2, /cannot be used with/],
  ])('%s: exit code %i, before any cluster is asked', async (line, code, expected) => {
    const outcome = await pawl(line, demo());
    expect(outcome).toMatchObject({ code, out: '', connected: undefined });
    expect(outcome.err).toMatch(expected);
  });

  it('help lists the exit codes', async () => {
    const { code, out } = await pawl('--help', demo());
    expect(code).toBe(0);
    expect(out).toMatch(/3 {4}what lies outside cannot be reached/);
  });

  it('passes on which cluster is meant, and closes it', async () => {
    const cluster = demo();
    const { connected } = await pawl('get -n there --context c --kubeconfig /k --request-timeout 1m30s', cluster);
    expect(connected).toMatchObject({ namespace: 'there', context: 'c', kubeconfig: '/k', requestTimeoutMs: 90_000 });
    expect(cluster.closed).toBe(1);
  });

  it('says what is wrong and what to do, and closes the cluster', async () => {
    const cluster = demo();
    cluster.troubles.push(new CliError('CRD_MISSING', 'the cluster does not know ModelVersions', 'Install the chart.'));
    expect(await pawl('get', cluster)).toMatchObject({
      code: 3,
      out: '',
      err: 'error: the cluster does not know ModelVersions [CRD_MISSING]\nnext:  Install the chart.\n',
    });
    expect(cluster.closed).toBe(1);
  });

  it('a defect is told as such', async () => {
    const connect = () => Promise.reject(new TypeError('x is not a function'));
    const { code, err } = await pawl('get', demo(), { connect });
    expect(code).toBe(1);
    expect(err).toMatch(/defect of pawl[^]*x is not a function/);
  });
});

describe('pawl get', () => {
  it('lists the highest version first and marks what serves', async () => {
    const { code, out, err } = await pawl('get', demo());
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toBe(
      [
        '   MODEL   NAME          VERSION  PHASE       WEIGHT  READY  AGE  SEEN  MESSAGE',
        '   catdog  catdog-1-4-0  1.4.0    Canary      25 %    False  60m  2s    Step 1 of 2 (10 %): held for 42 of 60 s',
        '●  catdog  catdog-1-3-0  1.3.0    Serving     100 %   True   60m  2s    Every stable pod serves it',
        '   catdog  catdog-1-2-0  1.2.0    Superseded  0 %     -      60m  2s    1.4.0 (catdog-1-4-0) is wanted instead',
        '   catdog  catdog-1-1-0  1.1.0    Failed      0 %     False  60m  2s    The message of Aborted',
        '',
      ].join('\n'),
    );
  });

  it('colours phases on a terminal only', async () => {
    expect((await pawl('get', demo(), { isTTY: true })).out).toContain('\u001b[32mServing\u001b[39m');
    expect((await pawl('get --no-color', demo(), { isTTY: true })).out).not.toContain('\u001b');
    expect((await pawl('get', demo(), { isTTY: true, env: { NO_COLOR: '1' } })).out).not.toContain('\u001b');
  });

  it('takes the name of a version or of a model', async () => {
    const cluster = demo();
    change(cluster, aVersion('2.0.0', withMetadata({ name: 'birds' }), withSpec({ model: 'birds' })));
    expect((await pawl('get catdog -o name', cluster)).out.split('\n')).toHaveLength(5);
    expect((await pawl('get birds -o name', cluster)).out).toBe('modelversion.pawl.dev/birds\n');
    expect((await pawl('get catdog-1-3-0 -o name', cluster)).out).toBe('modelversion.pawl.dev/catdog-1-3-0\n');
  });

  it('writes objects for programs', async () => {
    const one = JSON.parse((await pawl('get catdog-1-3-0 -o json', demo())).out) as { spec: { version: string } };
    expect(one.spec.version).toBe('1.3.0');
    const all = JSON.parse((await pawl('get -o json', demo())).out) as { kind: string; items: unknown[] };
    expect(all).toMatchObject({ kind: 'List', items: { length: 4 } });
    expect((await pawl('get catdog-1-3-0 -o yaml', demo())).out).toMatch(
      /^apiVersion: pawl.dev\/v1alpha1\nkind: ModelVersion\n/,
    );
    expect((await pawl('get -o wide', demo())).out).toContain('oci://registry.example/catdog:1.4.0');
    expect((await pawl('get -A', demo())).out).toMatch(/^NAMESPACE/);
  });

  it('says when the controller last looked, in each namespace, and warns where it does not', async () => {
    const cluster = demo();
    cluster.versions = ['demo', 'gone', 'new', 'late'].map((namespace) =>
      aVersion('1.3.0', serving(), withMetadata({ namespace, generation: namespace === 'late' ? 2 : 1 })),
    );
    cluster.leases = { gone: aLease(60), new: undefined };
    const { out, err, code } = await pawl('get -A --context c', cluster);
    expect(code).toBe(0);
    const rows = out.split('\n').map((line) => line.split(/\s{2,}/));
    expect(rows.slice(0, 5).map((row) => [row[0], row.at(-2)])).toEqual([
      ['NAMESPACE', 'SEEN'],
      ['demo', '7s'],
      ['gone', '65s'],
      // Its newest spec was not seen, or no Lease tells: what is sure is the last change of its status.
      ['late', '95s'],
      ['new', '95s'],
    ]);
    expect(err.split('\n')).toEqual([
      expect.stringMatching(/^warning: The controller has not looked at namespace gone since 2026-11-21T11:59:00Z /),
      expect.stringMatching(/^next: {2}.*: kubectl -n gone --context c get deployments,pods -l \S+=controller$/),
      expect.stringMatching(/^warning: No controller looks at namespace new: /),
      expect.stringMatching(/^next: /),
      '',
    ]);
    expect(await pawl('get -A -o json', cluster)).toMatchObject({ err: '' });
  });

  it('notes that it does not know whether the controller looks, and goes on', async () => {
    const cluster = demo();
    cluster.refuses = new CliError('CLUSTER_FORBIDDEN', 'you may not read Leases', '');
    const { code, out, err } = await pawl('get', cluster);
    expect({ code, err }).toEqual({
      code: 0,
      err: 'note: Whether the controller still looks at namespace demo is not known: its Lease could not be read (you may not read Leases).\n',
    });
    expect(out).toMatch(/catdog-1-3-0 .* 90s {3}Every stable pod serves it/);
  });

  it('hides all but the five highest superseded versions of each model, and says so', async () => {
    const cluster = demo();
    const superseded = (version: string, model = 'catdog') =>
      aVersion(version, inPhase('Superseded'), withSpec({ model }), withMetadata({ name: `${model}-${version}` }));
    cluster.versions = [
      ...['1.2.0', '1.9.0', '1.10.0', '1.11.0', '1.3.0', '1.1.0', '1.4.0'].map((version) => superseded(version)),
      superseded('0.1.0', 'birds'),
      aVersion('0.9.0', failedFor('Aborted')),
      aVersion('1.12.0', serving()),
    ];
    const versionsIn = (out: string) => [...out.matchAll(/ (\d+\.\d+\.\d+) /g)].map(([, version]) => version);
    const { out } = await pawl('get', cluster);
    expect(versionsIn(out)).toEqual(['0.1.0', '1.12.0', '1.11.0', '1.10.0', '1.9.0', '1.4.0', '1.3.0', '0.9.0']);
    expect(out).toMatch(/\n2 superseded versions not shown; --all shows every one\n$/);
    const all = await pawl('get --all', cluster);
    expect(versionsIn(all.out)).toHaveLength(10);
    expect(all.out).not.toContain('not shown');
    expect((await pawl('get catdog-1.1.0', cluster)).out).toContain('1.1.0');
    expect((await pawl('get -o name', cluster)).out.trim().split('\n')).toHaveLength(10);
    expect(JSON.parse((await pawl('get -o json', cluster)).out)).toMatchObject({ items: { length: 10 } });
  });

  it('says when a version waits for a controller', async () => {
    const cluster = new FakeCluster();
    cluster.versions = [
      aVersion('1.4.0'),
      aVersion('1.3.0', serving(), withMetadata({ generation: 2 })),
      aVersion('1.2.0', serving(), withMetadata({ deletionTimestamp: ago(1) })),
    ];
    const { out } = await pawl('get', cluster);
    expect(out).toContain('no controller has seen it');
    expect(out).toContain('Every stable pod serves it (before the last change)');
    expect(out).toContain('Deleting');
  });

  it.each([
    ['get catdgo', 4, 'Did you mean catdog?'],
    ['get catdog-1-4-1', 4, 'Did you mean catdog-1-4-0'],
    ['get zebra', 4, 'pawl get -n demo'],
    ['explain catdog', 4, 'Its versions: catdog-1-3-0'],
    ['abort nothing-of-it', 4, 'there is no ModelVersion named nothing-of-it in namespace demo'],
  ])('%s: exit code %i', async (line, code, expected) => {
    const outcome = await pawl(line, demo());
    expect(outcome).toMatchObject({ code, out: '' });
    expect(outcome.err).toContain(expected);
  });

  it('tells an empty namespace from one that does not exist', async () => {
    const cluster = new FakeCluster();
    expect(await pawl('get', cluster)).toMatchObject({ code: 0, err: 'No ModelVersions in namespace demo.\n' });
    cluster.hasNamespace = false;
    expect(await pawl('get', cluster)).toMatchObject({ code: 4 });
  });
});

describe('pawl explain', () => {
  it('tells what it could not read, and the rest', async () => {
    const cluster = demo();
    cluster.refuses = new CliError('CLUSTER_FORBIDDEN', 'you may not list pods', '');
    const { code, out } = await pawl('explain catdog-1-4-0 -n demo', cluster);
    expect(code).toBe(0);
    expect(out).toContain('could not be read: you may not list pods');
    expect(out).toContain('pawl rollout status catdog-1-4-0 --watch -n demo');
  });

  it('begins with the answer, and ends with what the weights were made from', async () => {
    const cluster = demo();
    const artifact = { digest: 'sha256:0', version: '1.3.0', sizeBytes: 1, signed: false, verifiedAt: ago(9) };
    change(
      cluster,
      aVersion('1.3.0', serving(), withStatus({ artifact: { ...artifact, lineage: { parent: '1.2.0' } } })),
    );
    cluster.allPods = [aTrackPod('s-1', undefined, { conditions: [] }), aTrackPod('c-1', 'catdog-1-4-0')];
    const { out } = await pawl('explain catdog-1-3-0', cluster);
    expect(out).toMatch(/^catdog 1\.3\.0 \(catdog-1-3-0\) is serving; watch the rollout of 1\.4\.0\n/);
    expect(out).toMatch(/Stable pods that are not well\n +s-1 +not ready/);
    expect(out).toMatch(/\nMade from\n {2}parent 1\.2\.0\n$/);
    const { out: canary } = await pawl('explain catdog-1-4-0', cluster);
    expect(canary).toMatch(/\nCanary pods\n +c-1 +ready/);
  });

  it('says first, and waits to be sure, when the controller does not look any more', async () => {
    const cluster = demo();
    cluster.lease = aLease(600);
    let waits = 0;
    const { out } = await pawl('explain catdog-1-3-0 -n demo', cluster, { onSleep: () => (waits += 1) });
    expect(waits).toBe(1);
    expect(out.replace(/\s+/g, ' ')).toMatch(
      /^The controller has not looked at namespace demo since 2026-11-21T11:50:00Z \(10m ago\); what follows is as of then\. [^:]+: kubectl -n demo get deployments,pods -l \S+ catdog 1\.3\.0 /,
    );
    const data = JSON.parse((await pawl('explain catdog-1-3-0 -o json', cluster)).out) as { warning: object };
    expect(data.warning).toMatchObject({ text: expect.stringContaining('has not looked') as string });
  });

  it('writes the same for programs', async () => {
    const data = JSON.parse((await pawl('explain catdog-1-1-0 -o json', demo())).out) as {
      headline: string;
      next: unknown[];
    };
    expect(data.headline).toBe(
      'catdog 1.1.0 (catdog-1-1-0) is not serving: Failed, Aborted; retry it if it was stopped by mistake',
    );
    expect(data.next).toContainEqual(expect.objectContaining({ command: 'pawl rollout retry catdog-1-1-0' }));
  });
});

describe('pawl rollout abort, retry, promote', () => {
  it.each([
    ['abort', 'catdog-1-4-0'],
    ['promote', 'catdog-1-4-0'],
    ['retry', 'catdog-1-1-0'],
  ])('%s asks by an annotation, and shows how kubectl would', async (verb, name) => {
    const cluster = demo();
    const { code, out, err } = await pawl(`rollout ${verb} ${name}`, cluster);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const value = '2026-11-21T12:00:00Z-abc123';
    expect(cluster.patches).toEqual([
      {
        name,
        patch: {
          metadata: { uid: expect.stringMatching(/^uid-/) as string, annotations: { [`pawl.dev/${verb}`]: value } },
        },
      },
    ]);
    expect(out).toContain(`= kubectl -n demo annotate --overwrite modelversion ${name} pawl.dev/${verb}=${value}\n`);
    expect(out).toContain(`Asked. See what comes of it: pawl rollout status ${name}\n`);
  });

  it('writes nothing when it makes no sense', async () => {
    const cluster = demo();
    expect(await pawl('rollout promote catdog-1-3-0', cluster)).toMatchObject({ code: 1, out: '' });
    expect(cluster.patches).toEqual([]);
  });

  it('--wait says what came of it, through a restart of the API server', async () => {
    const cluster = demo();
    const { code, out } = await pawl('rollout abort catdog-1-4-0 --wait', cluster, {
      onSleep: (slept) => {
        if (slept === 0) cluster.troubles.push(new CliError('CLUSTER_UNREACHABLE', 'gone', ''));
        if (slept === 2)
          change(
            cluster,
            aVersion(
              '1.4.0',
              failedFor('Aborted', 'Aborted by hand'),
              withStatus({ handled: { abort: '2026-11-21T12:00:00Z-abc123' } }),
            ),
          );
      },
    });
    expect(code).toBe(0);
    expect(out).toContain('Done: catdog 1.4.0 is Failed. Aborted by hand\n');
  });

  it('--wait gives up in time', async () => {
    const outcome = await pawl('rollout abort catdog-1-4-0 --wait --timeout 5s', demo());
    expect(outcome.code).toBe(124);
    expect(outcome.err).toContain('no controller has acted on the request within 5s; the request stays [TIMEOUT]');
  });

  it('waits on a terminal, unless told not to', async () => {
    expect((await pawl('rollout abort catdog-1-4-0 --timeout 1s', demo(), { isTTY: true })).code).toBe(124);
    expect((await pawl('rollout abort catdog-1-4-0 --no-wait', demo(), { isTTY: true })).code).toBe(0);
  });

  it('does not wait for an object that was deleted', async () => {
    const cluster = demo();
    const onSleep = () => (cluster.versions = []);
    expect(await pawl('rollout abort catdog-1-4-0 --wait', cluster, { onSleep })).toMatchObject({ code: 4 });
  });
});

describe('pawl rollout suspend, resume', () => {
  it('sets spec.suspend', async () => {
    const cluster = demo();
    const { code, out, err } = await pawl('rollout suspend catdog-1-4-0', cluster);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(cluster.patches[0]?.patch).toEqual({ metadata: { uid: 'uid-1.4.0' }, spec: { suspend: true } });
    expect(out).toContain(
      `= kubectl -n demo patch modelversion catdog-1-4-0 --type merge -p '{"spec":{"suspend":true}}'`,
    );
  });

  it('has nothing to do twice', async () => {
    const cluster = demo();
    expect(await pawl('rollout resume catdog-1-4-0', cluster)).toMatchObject({
      code: 0,
      out: 'catdog-1-4-0 is not suspended; nothing to do.\n',
    });
    expect(cluster.patches).toEqual([]);
  });

  it('warns where Git decides', async () => {
    const cluster = demo();
    const tracking = {
      annotations: { 'argocd.argoproj.io/tracking-id': 'prod:pawl.dev/ModelVersion:demo/catdog-1-4-0' },
    };
    change(cluster, aVersion('1.4.0', because('Canary', 'StepRunning'), atStep(1), withMetadata(tracking)));
    const { code, err } = await pawl('rollout suspend catdog-1-4-0', cluster);
    expect(code).toBe(0);
    expect(err).toContain('Argo CD (application prod) applies catdog-1-4-0');
    expect(err).toContain('set spec.suspend in Git instead');
  });
});

describe('the spellings of earlier releases', () => {
  it.each([
    ['abort NAME', 'abort catdog-1-4-0', 'rollout abort'],
    ['retry NAME', 'retry catdog-1-1-0', 'rollout retry'],
    ['promote NAME', 'promote catdog-1-4-0', 'rollout promote'],
    ['suspend NAME', 'suspend catdog-1-4-0', 'rollout suspend'],
    ['resume NAME', 'resume catdog-1-4-0', 'rollout resume'],
    ['rollout NAME', 'rollout catdog-1-4-0', 'rollout status'],
  ])('%s does what the new one does, and says it in one line', async (_, line, spelling) => {
    const [old, now] = [demo(), demo()];
    const name = line.split(' ').at(-1) ?? '';
    const before = await pawl(line, old);
    const after = await pawl(`${spelling} ${name}`, now);
    expect({ ...before, err: '' }).toEqual(after);
    expect(old.patches).toEqual(now.patches);
    expect(before.err).toMatch(new RegExp(`^note: pawl .* is an old spelling of: pawl ${spelling}.*\n$`));
  });

  it('are in no help', async () => {
    const { out } = await pawl('--help', demo());
    expect(out).toMatch(/^ {2}rollout /m);
    expect(out).toMatch(/^ {2}promote /m);
    expect(out).not.toMatch(/^ {2}(abort|retry|suspend|resume) /m);
    expect((await pawl('promote --help', demo())).out).not.toMatch(/--wait|--no-wait|--timeout/);
    expect((await pawl('rollout --help', demo())).out).toMatch(
      /status[^]*promote[^]*abort[^]*retry[^]*suspend[^]*resume/,
    );
  });
});

describe('pawl rollout status', () => {
  it('draws one moment', async () => {
    const { code, out } = await pawl('rollout status', demo());
    expect(code).toBe(0);
    expect(out).toBe(
      [
        'catdog in namespace demo',
        '',
        '  stable     1.3.0 (catdog-1-3-0)  3/3 pods ready',
        '  candidate  1.4.0 (catdog-1-4-0)  Canary',
        '  traffic    ████████░░░░░░░░░░░░░░░░░░░░░░  25 % to 1.4.0, step asks for 10 %',
        '             by pods: 1 of 4 is 25 %, the next step would be 40 %',
        '  steps      ● ○  step 1 of 2 for 42s',
        '  canary     c-1  ready  in service  0 restarts  Running',
        '',
        '  Step 1 of 2 (10 %): held for 42 of 60 s.',
        '',
      ].join('\n'),
    );
  });

  it('asks which model, when there are several', async () => {
    const cluster = demo();
    change(cluster, aVersion('2.0.0', withMetadata({ name: 'birds-2' }), withSpec({ model: 'birds' })));
    expect(await pawl('rollout status', cluster)).toMatchObject({ code: 2 });
    expect((await pawl('rollout status birds', cluster)).out).toContain('No controller has seen it yet.');
  });

  it('works without the right to see pods', async () => {
    const cluster = demo();
    cluster.refuses = new CliError('CLUSTER_FORBIDDEN', 'you may not list pods', '');
    expect((await pawl('rollout status catdog', cluster)).out).toContain('candidate  1.4.0');
  });

  it.each([
    [
      'the version under way',
      [
        aVersion('1.3.0', serving()),
        aVersion('1.5.0', failedFor('Aborted')),
        aVersion('1.4.0', because('Verifying', 'Verifying')),
      ],
      '1.4.0',
      0,
    ],
    [
      'the highest version, though it failed',
      [aVersion('1.3.0', serving()), aVersion('1.4.0', failedFor('LatencyHigh'))],
      '1.4.0',
      1,
    ],
    [
      'what serves, when it was decided after a higher one failed',
      [
        aVersion('1.4.0', failedFor('LatencyHigh')),
        aVersion(
          '1.3.1',
          serving(),
          withStatus({ verdict: { outcome: 'Passed', reason: 'StepsCompleted', message: '', at: ago(10) } }),
        ),
      ],
      '1.3.1',
      0,
    ],
    [
      'what serves, and not what is suspended',
      [aVersion('1.3.0', serving()), aVersion('1.4.0', because('Suspended', 'Suspended'))],
      '1.3.0',
      0,
    ],
    [
      'a version by its name',
      [aVersion('1.3.0', serving()), aVersion('catdog', inPhase('Superseded'), withMetadata({ name: 'catdog' }))],
      'catdog',
      1,
    ],
  ])('of a model is %s', async (_, versions, expected, code) => {
    const cluster = new FakeCluster();
    cluster.versions = versions;
    const outcome = await pawl('rollout status catdog -o json', cluster);
    expect(outcome.code).toBe(code);
    expect(JSON.parse(outcome.out)).toMatchObject({ candidate: { version: expected } });
  });

  describe('--watch', () => {
    const step = (number: number, weight: number) =>
      aVersion('1.4.0', because('Canary', 'StepRunning', `held for ${weight} s`), atStep(number, 2, weight));

    it('writes a line a change into a pipe, and ends when the version serves', async () => {
      const cluster = demo();
      const { code, out } = await pawl('rollout status catdog --watch', cluster, {
        onSleep: (slept) => {
          if (slept === 1) change(cluster, step(2, 50));
          if (slept === 3) change(cluster, aVersion('1.3.0', inPhase('Superseded')), aVersion('1.4.0', serving()));
        },
      });
      expect(code).toBe(0);
      expect(out.split('\n')).toEqual([
        '2026-11-21T12:00:00Z catdog 1.4.0 Canary (StepRunning), step 1/2, weight 25 %, canary 1/1 ready',
        '2026-11-21T12:00:02Z catdog 1.4.0 Canary (StepRunning), step 2/2, weight 50 %, canary 1/1 ready',
        '2026-11-21T12:00:04Z catdog 1.4.0 Serving, weight 100 %',
        '',
      ]);
    });

    it('ends with 1 when the version fails, and says why', async () => {
      const cluster = demo();
      const onSleep = () => {
        change(cluster, aVersion('1.4.0', failedFor('LatencyHigh', 'p95 310 ms, at most 63 ms')));
      };
      const { code, out } = await pawl('rollout status catdog-1-4-0 --watch', cluster, { onSleep });
      expect(code).toBe(1);
      expect(out).toContain('Failed (LatencyHigh), weight 0 %: p95 310 ms, at most 63 ms');
    });

    it.each([
      ['superseded', aVersion('1.4.0', inPhase('Superseded', '1.5.0 is wanted instead'))],
      ['deleted', aVersion('1.4.0', withMetadata({ deletionTimestamp: ago(0) }))],
    ])('ends with 1 when the version is %s', async (_, version) => {
      const cluster = demo();
      const onSleep = () => {
        change(cluster, version);
      };
      expect((await pawl('rollout status catdog-1-4-0 --watch', cluster, { onSleep })).code).toBe(1);
    });

    it('follows a model to a newer version', async () => {
      const cluster = demo();
      const { code, out } = await pawl('rollout status catdog --watch', cluster, {
        onSleep: (slept) => {
          if (slept === 0)
            change(
              cluster,
              aVersion('1.4.0', inPhase('Superseded')),
              aVersion('1.5.0', because('Verifying', 'Verifying')),
            );
          if (slept === 1) change(cluster, aVersion('1.5.0', serving()));
        },
      });
      expect(code).toBe(0);
      expect(out).toContain('catdog 1.5.0 Serving');
    });

    it('tells the failure of what it followed, and does not go over to the next', async () => {
      const cluster = demo();
      const onSleep = () => {
        change(
          cluster,
          aVersion('1.4.0', failedFor('LatencyHigh')),
          aVersion('1.2.0', because('Canary', 'StepRunning')),
        );
      };
      const { code, out } = await pawl('rollout status catdog --watch --timeout 9s', cluster, { onSleep });
      expect(code).toBe(1);
      expect(out).toContain('catdog 1.4.0 Failed (LatencyHigh)');
    });

    it('ends with 124 when the time is over', async () => {
      const outcome = await pawl('rollout status catdog --watch --timeout 10s', demo());
      expect(outcome.code).toBe(124);
      expect(outcome.err).toContain('the rollout was not over within 10s');
      expect(outcome.err).toContain('pawl explain catdog-1-4-0');
    });

    it('outlasts an API server that restarts', async () => {
      const cluster = demo();
      const { code, out } = await pawl('rollout status catdog --watch', cluster, {
        onSleep: (slept) => {
          if (slept < 3) cluster.troubles.push(new CliError('CLUSTER_UNREACHABLE', 'cannot reach the cluster', ''));
          else change(cluster, aVersion('1.4.0', serving()));
        },
      });
      expect(code).toBe(0);
      expect(out).toMatch(/cannot reach the cluster\n[^]*1\.4\.0 Serving/);
    });

    it('redraws in place on a terminal', async () => {
      const cluster = demo();
      const onSleep = () => {
        change(cluster, aVersion('1.4.0', serving()), aVersion('1.3.0', inPhase('Superseded')));
      };
      const { code, out } = await pawl('rollout status catdog --watch', cluster, { isTTY: true, onSleep });
      expect(code).toBe(0);
      expect(out).toContain('step 1 of 2');
      expect(out).toContain('\u001b[2K');
      expect(out).toContain('catdog 1.4.0 is serving.');
    });
  });
});
