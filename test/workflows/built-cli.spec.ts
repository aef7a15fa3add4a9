import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { programPath, versionText } from '../../apps/cli/test/support/environments-repository.ts';
import { publishSmallBundle } from '../../apps/cli/test/support/publishing.ts';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { Runner } from './support/runner.ts';
import { readWorkflow, step } from './support/workflow.ts';

type Artifact = Awaited<ReturnType<typeof publishSmallBundle>>;

/** What staging's controller publishes of a version that has served for two hours. */
function verdict(version: string, artifact: Artifact) {
  const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
  const condition = (type: string, reason: string) => ({
    ...{ type, status: 'True', reason, message: reason, lastTransitionTime: ago(120), observedGeneration: 1 },
  });
  const checks = ['ErrorRate', 'Latency', 'Predictions'].map((name) => ({
    name,
    verdict: 'Pass',
    message: 'as before',
  }));
  return {
    apiVersion: 'pawl.dev/v1alpha1',
    kind: 'ModelVersion',
    metadata: {
      ...{ name: `catdog-${version.replaceAll('.', '-')}`, namespace: 'pawl-staging', uid: 'u', resourceVersion: '1' },
      ...{ generation: 1, creationTimestamp: ago(150), annotations: { 'pawl.dev/observed-at': ago(0) } },
    },
    spec: {
      ...{ model: 'catdog', version },
      artifact,
    },
    status: {
      ...{ observedGeneration: 1, phase: 'Serving', weight: 100, message: 'Every stable pod serves it' },
      conditions: [
        condition('ArtifactVerified', 'Verified'),
        condition('Accepted', 'ImagesAnswered'),
        condition('Ready', 'Serving'),
      ],
      artifact: { digest: artifact.digest, version, sizeBytes: 1, signed: false, verifiedAt: ago(140) },
      acceptance: { total: 2, correct: 2, required: 2, at: ago(139), template: 'x', mistakes: [] },
      analysis: { step: 2, verdict: 'Pass', at: ago(125), canaryRequests: 500, stableRequests: 500, checks },
      verdict: { outcome: 'Passed', reason: 'StepsCompleted', message: 'It passed', at: ago(124) },
      servedAt: ago(120),
    },
  };
}

const INPUTS = {
  ...{
    MODEL: 'catdog',
    FROM: 'staging',
    TO: 'prod',
    VERSION: '',
    WITHOUT_ANALYSIS: 'false',
    OPEN_PULL_REQUEST: 'false',
  },
  ...{ VERDICT_KUBECONFIG: '', GH_TOKEN: 'x' },
};

let runner: Runner;
let artifact: Artifact;
/** What the remote's branch has, one commit a line. */
const pushed = async (branch = 'main') => await runner.repository.git('log', '--format=%s', `origin/${branch}`);

async function start(more: Readonly<Record<string, string>> = {}): Promise<void> {
  runner = await Runner.create(more);
  await runner.installPawl();
  const { repository } = runner;
  artifact = await publishSmallBundle(join(repository.root, '..'), { version: '1.1.0' });
  await repository.write({ 'staging/models/catdog-1.1.0.yaml': versionText('1.1.0', artifact) });
  await repository.commit('Release catdog 1.1.0 to staging');
  await repository.git('init', '--quiet', '--bare', '--initial-branch', 'main', '../remote.git');
  await repository.git('remote', 'add', 'origin', join(repository.root, '../remote.git'));
  await repository.git('push', '--quiet', '--set-upstream', 'origin', 'main');
}

afterEach(() => runner.repository.delete());

describe('the scripts of workflows with the built pawl and a remote', () => {
  beforeEach(() => start());

  it('promote, and roll back', async () => {
    const { repository } = runner;
    const file = join(repository.root, '../verdict.json');
    await writeFile(file, JSON.stringify(verdict('1.1.0', artifact)));
    const promote = readWorkflow('promote.yml');
    const inputs = { ...INPUTS, VERDICT_URL: file };

    const planned = await runner.run(step(promote, 'plan', 'Show the promotion'), inputs);
    expect([planned.code, planned.out]).toEqual([0, expect.stringContaining(`+    digest: ${artifact.digest}`)]);
    expect(await pushed()).not.toContain('Promote');

    const promoted = await runner.run(step(promote, 'promote', 'Promote'), inputs);
    expect([promoted.code, promoted.out]).toEqual([0, expect.stringContaining('Pushed to origin/main')]);
    expect(await pushed()).toMatch(/^Promote catdog 1\.1\.0/);
    expect(await runner.read('summary')).toContain('catdog-1.1.0.yaml');

    const rollback = step(readWorkflow('rollback.yml'), 'rollback', 'Roll back');
    const back = { MODEL: 'catdog', ENVIRONMENT: 'prod', VERSION: '', REASON: 'takes dogs for cats', TOKEN: 'x' };
    expect((await runner.run(rollback, back)).code).toBe(0);
    expect((await pushed()).split('\n')).toHaveLength(4);
    expect(await repository.git('log', '-1', '--format=%B', 'origin/main')).toContain('takes dogs for cats');
  });

  it('promote by a branch', async () => {
    const file = join(runner.repository.root, '../verdict.json');
    await writeFile(file, JSON.stringify(verdict('1.1.0', artifact)));
    await runner.fake('gh');
    const inputs = { ...INPUTS, VERDICT_URL: file, OPEN_PULL_REQUEST: 'true' };
    const promoted = await runner.run(step(readWorkflow('promote.yml'), 'promote', 'Promote'), inputs);
    expect([promoted.code, promoted.out]).toEqual([0, expect.stringContaining('promote/catdog-prod-42')]);
    expect(await pushed()).not.toContain('Promote');
    await runner.repository.git('fetch', '--quiet');
    expect(await pushed('promote/catdog-prod-42')).toMatch(/^Promote catdog 1\.1\.0/);
    expect(await runner.words('gh')).toContain('promote/catdog-prod-42');
  });

  it('promote nothing that staging did not prove', async () => {
    const file = join(runner.repository.root, '../verdict.json');
    const { status, ...rest } = verdict('1.1.0', artifact);
    await writeFile(file, JSON.stringify({ ...rest, status: { ...status, acceptance: undefined } }));
    const inputs = { ...INPUTS, VERDICT_URL: file };
    const refused = await runner.run(step(readWorkflow('promote.yml'), 'promote', 'Promote'), inputs);
    expect([refused.code, refused.out]).toEqual([1, expect.stringContaining('NOT_ACCEPTED')]);
    expect(await pushed()).not.toContain('Promote');
  });
});

describeWhenSet('PAWL_TEST_HELM', 'the check of a pull request with the built pawl', (helm) => {
  beforeEach(() => start({ helm, kubectl: programPath(process.env['PAWL_TEST_KUBECTL'] ?? 'kubectl') }));

  it.each([
    ['a promotion', '1.1.0', 0, '✅ may be merged'],
    ['a version that staging does not have', '1.2.0', 1, 'VERSION_UNPROVEN'],
  ])('%s', async (_, version, code, expected) => {
    const { repository } = runner;
    // Says what kubeconform says of no objects: the public schemas are not here.
    await runner.fake('kubeconform', {
      says: '{"resources":[],"summary":{"valid":0,"invalid":0,"errors":0,"skipped":0}}',
    });
    await repository.git('switch', '--quiet', '--create', 'change');
    await repository.write({ [`prod/models/catdog-${version}.yaml`]: versionText(version, artifact) });
    await repository.commit('Change');
    const workflow = readWorkflow('verify-environment.yml');
    const check = step(workflow, 'check', 'Render, validate and compare the environments');
    const checked = await runner.run(check, { BASE: 'main' });
    expect([checked.code, checked.out]).toEqual([code, expect.stringContaining(`catdog 1.0.0 -> ${version}`)]);
    expect(await readFile(join(repository.root, 'comment.md'), 'utf8')).toContain(expected);
    await runner.run(step(workflow, 'check', 'Show the report'), {});
    expect(await runner.read('summary')).toContain(expected);
  });
});
