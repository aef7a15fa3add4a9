import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { versionText } from '../../apps/cli/test/support/environments-repository.ts';
import { Runner } from './support/runner.ts';
import { readWorkflow, step } from './support/workflow.ts';

let runner: Runner;
beforeEach(async () => {
  runner = await Runner.create();
  await runner.fake('npx', { says: 'page of pawl\n' });
});
afterEach(() => runner.repository.delete());

/** What a shell would run, were it pasted into a script. */
const NASTY = 'x"; touch injected; echo $(touch injected) `touch injected`';
const notInjected = async () => {
  expect(await runner.repository.git('status', '--porcelain')).not.toContain('injected');
};

describe('the scripts of promote.yml', () => {
  const workflow = readWorkflow('promote.yml');
  const inputs = {
    MODEL: 'catdog',
    FROM: 'staging',
    TO: 'prod',
    VERSION: '',
    WITHOUT_ANALYSIS: 'false',
    OPEN_PULL_REQUEST: 'false',
    VERDICT_URL: '',
    VERDICT_KUBECONFIG: '',
    GH_TOKEN: 'of-a-secret',
  };
  const plan = step(workflow, 'plan', 'Show the promotion');
  const promote = step(workflow, 'promote', 'Promote');

  it.each<[string, Readonly<Record<string, string>>, readonly string[]]>([
    ['nothing more', {}, []],
    ['a version', { VERSION: '1.1.0' }, ['--version', '1.1.0']],
    ['without analysis', { WITHOUT_ANALYSIS: 'true' }, ['--without-analysis']],
    [
      'an address of verdicts',
      { VERDICT_URL: 'https://x.example/verdicts/' },
      ['--verdict', 'https://x.example/verdicts/'],
    ],
    ['a version from a stranger', { VERSION: NASTY }, ['--version', NASTY]],
  ])('with %s', async (_, more, words) => {
    const { code, out } = await runner.run(promote, { ...inputs, ...more });
    expect([code, out]).toEqual([0, expect.stringContaining('page of pawl')]);
    expect(await runner.words('npx')).toEqual([
      'pawl',
      'promote',
      'catdog',
      '--from',
      'staging',
      '--to',
      'prod',
      '--push',
      ...words,
    ]);
    expect(await runner.read('summary')).toContain('page of pawl');
    await notInjected();
  });

  it('hands a kubeconfig over in a file that only the runner reads', async () => {
    await runner.run(promote, { ...inputs, VERDICT_KUBECONFIG: 'apiVersion: v1' });
    const words = (await runner.words('npx')) ?? [];
    expect(words).toContain('--kubeconfig');
    expect(await readFile(words[words.indexOf('--kubeconfig') + 1]!, 'utf8')).toBe('apiVersion: v1\n');
  });

  it('gives Git the token by its environment, hidden', async () => {
    const { out } = await runner.run(promote, inputs);
    const authorization = Buffer.from('x-access-token:of-a-secret').toString('base64');
    expect(out).toContain(`::add-mask::${authorization}\n`);
    expect(await runner.read('npx.env')).toMatch(
      new RegExp(`GIT_CONFIG_VALUE_0="?AUTHORIZATION: basic ${authorization}`),
    );
    expect(await runner.read('summary')).not.toContain(authorization);
  });

  it('fails as pawl does, and the summary says why', async () => {
    await runner.fake('npx', { says: 'error: it does not serve [NOT_SERVING]', code: 1 });
    for (const one of [plan, promote]) {
      const { code } = await runner.run(one, { ...inputs, VERDICT_URL: 'https://x.example/' });
      expect(code).toBe(1);
    }
    expect((await runner.read('summary'))?.match(/NOT_SERVING/g)).toHaveLength(2);
  });

  it('opens a pull request of the branch that was pushed, and none where nothing was', async () => {
    const { repository } = runner;
    await repository.git('init', '--quiet', '--bare', '../remote.git');
    await repository.git('remote', 'add', 'origin', join(repository.root, '../remote.git'));
    await runner.fake('gh', { says: 'https://github.example/pull/1\n' });
    const wanted = { ...inputs, OPEN_PULL_REQUEST: 'true' };
    expect((await runner.run(promote, wanted)).code).toBe(0);
    expect(await runner.words('npx')).toEqual(expect.arrayContaining(['--push', '--branch', 'promote/catdog-prod-42']));
    expect(await runner.words('gh')).toBeUndefined();

    await repository.git('push', '--quiet', 'origin', 'HEAD:refs/heads/promote/catdog-prod-42');
    expect((await runner.run(promote, wanted)).code).toBe(0);
    expect(await runner.words('gh')).toEqual(
      expect.arrayContaining(['pr', 'create', '--head', 'promote/catdog-prod-42']),
    );
    expect(await runner.read('summary')).toContain('https://github.example/pull/1');
  });

  it('plans without writing, and says so where it cannot', async () => {
    expect((await runner.run(plan, { ...inputs, VERDICT_URL: 'https://x.example/' })).code).toBe(0);
    expect(await runner.words('npx')).toEqual([
      'pawl',
      'promote',
      'catdog',
      '--from',
      'staging',
      '--to',
      'prod',
      '--verdict',
      'https://x.example/',
      '--dry-run',
    ]);
    const { code, out } = await runner.run(plan, inputs);
    expect([code, out]).toEqual([0, expect.stringContaining('read after the approval')]);
  });
});

describe('the script of rollback.yml', () => {
  const script = step(readWorkflow('rollback.yml'), 'rollback', 'Roll back');
  const inputs = {
    MODEL: 'catdog',
    ENVIRONMENT: 'prod',
    VERSION: '',
    REASON: 'takes dogs for cats',
    TOKEN: 'of-a-secret',
  };

  it.each<[string, Readonly<Record<string, string>>, readonly string[]]>([
    ['a reason', {}, ['--reason', 'takes dogs for cats', '--push']],
    ['a version', { VERSION: '1.0.0' }, ['--reason', 'takes dogs for cats', '--push', '--to', '1.0.0']],
    ['a reason from a stranger', { REASON: NASTY }, ['--reason', NASTY, '--push']],
  ])('with %s', async (_, more, words) => {
    expect((await runner.run(script, { ...inputs, ...more })).code).toBe(0);
    expect(await runner.words('npx')).toEqual(['pawl', 'rollback', 'catdog', '--env', 'prod', ...words]);
    await notInjected();
  });
});

describe('the scripts of verify-environment.yml', () => {
  const workflow = readWorkflow('verify-environment.yml');

  it.each([
    ['k8s/environments/prod/values.yaml', 'true'],
    ['charts/pawl/values.yaml', 'true'],
    ['README.md', 'false'],
  ])('a change of %s: %s', async (file, expected) => {
    await mkdir(join(runner.repository.root, file, '..'), { recursive: true });
    await writeFile(join(runner.repository.root, file), 'x: 1\n');
    await runner.repository.commit('Change');
    expect((await runner.run(step(workflow, 'touched', 'Look for changes of what clusters get'), {})).code).toBe(0);
    expect(await runner.read('output')).toBe(`environments=${expected}\n`);
  });

  it('checks against the branch that it would be merged into', async () => {
    await runner.fake('kubeconform');
    const check = step(workflow, 'check', 'Render, validate and compare the environments');
    expect((await runner.run(check, { BASE: 'main' })).code).toBe(0);
    expect(await runner.words('npx')).toEqual([
      'pawl',
      'environments',
      'check',
      '--base',
      'origin/main',
      '--report',
      'comment.md',
      '--kubeconform',
      join(runner.repository.programs, 'kubeconform'),
    ]);
  });

  it('shows the report where there is one', async () => {
    const show = step(workflow, 'check', 'Show the report');
    expect((await runner.run(show, {})).code).toBe(0);
    expect(await runner.read('summary')).toBeUndefined();
    await writeFile(join(runner.repository.root, 'comment.md'), versionText('1.0.0'));
    expect((await runner.run(show, {})).code).toBe(0);
    expect(await runner.read('summary')).toBe(versionText('1.0.0'));
  });

  it.each([
    [
      'the first time',
      '',
      ['api', '--silent', '--method', 'POST', 'repos/pawl-dev/pawl/issues/7/comments', '--field', 'body=@comment.md'],
    ],
    [
      'again',
      '1234',
      [
        'api',
        '--silent',
        '--method',
        'PATCH',
        'repos/pawl-dev/pawl/issues/comments/1234',
        '--field',
        'body=@comment.md',
      ],
    ],
  ])('writes one comment: %s', async (_, known, words) => {
    await runner.fake('gh', { says: known });
    const comment = step(workflow, 'comment', 'Write the report into the pull request, in one comment');
    expect((await runner.run(comment, { GH_REPO: 'pawl-dev/pawl', NUMBER: '7', GH_TOKEN: 'x' })).code).toBe(0);
    expect(await runner.words('gh')).toEqual(words);
  });

  it('writes no comment without a report', async () => {
    await runner.fake('gh', { code: 1 });
    const comment = step(workflow, 'comment', 'Write the report into the pull request, in one comment');
    const { code, out } = await runner.run(comment, { GH_REPO: 'pawl-dev/pawl', NUMBER: '7', GH_TOKEN: 'x' });
    expect([code, out]).toEqual([0, expect.stringContaining('There is no report')]);
    expect(await runner.words('gh')).toEqual(['run', 'download', '42', '--name', 'environments-report']);
  });
});
