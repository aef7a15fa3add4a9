import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { createProgram } from '../../apps/cli/src/program.ts';
import { readWorkflow, readWorkflows, ROOT, stepsOf, type Workflow } from './support/workflow.ts';

const workflows = readWorkflows().map((workflow): [string, Workflow] => [workflow.file, workflow]);
const ours = workflows.filter(([file]) => ['promote.yml', 'rollback.yml', 'verify-environment.yml'].includes(file));

const READ = { contents: 'read' };
/** What build.yml needs to push, sign and attest an image. */
const PUBLISH = { attestations: 'write', contents: 'read', 'id-token': 'write', packages: 'write' };
const REPORT = { actions: 'read', contents: 'read', 'security-events': 'write' };
const DEPLOY = { contents: 'read', deployments: 'read', packages: 'read' };

/** Every right of every job: whoever adds one adds it here, and says in the review why. */
const RIGHTS: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>> = {
  'build.yml': {
    args: READ,
    build: READ,
    scan: {},
    report: REPORT,
    tested: { actions: 'read', contents: 'read' },
    publish: PUBLISH,
    staging: DEPLOY,
    production: DEPLOY,
  },
  'codeql.yml': { analyze: REPORT },
  'deploy.yml': { deploy: DEPLOY },
  'mlflow-image.yml': { build: READ, scan: {}, report: REPORT, publish: PUBLISH },
  'nightly.yml': { fuzz: READ, audit: READ },
  'promote.yml': {
    plan: { contents: 'read', packages: 'read' },
    promote: { contents: 'write', packages: 'read', 'pull-requests': 'write' },
  },
  'release.yml': {
    version: { contents: 'write', 'pull-requests': 'write' },
    pack: READ,
    test: READ,
    images: { ...PUBLISH, ...REPORT, deployments: 'read' },
    draft: { ...PUBLISH, contents: 'write' },
  },
  'rollback.yml': { rollback: { contents: 'write' } },
  'scorecard.yml': { analysis: { ...REPORT, 'id-token': 'write' } },
  'test.yml': { checks: READ, 'first-contact': READ, test: READ, cluster: READ },
  'verify-environment.yml': {
    touched: READ,
    check: READ,
    comment: { actions: 'read', 'pull-requests': 'write' },
  },
};

describe.each(workflows)('%s', (file, workflow) => {
  it('takes actions by the hash of their commit, and says the version', () => {
    const uses = workflow.text.split('\n').filter((line) => /^\s*(- )?uses:/.test(line));
    expect(uses.length).toBeGreaterThan(0);
    for (const line of uses)
      expect(line).toMatch(/uses: ([\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+|\.\/\.github\/workflows\/[\w-]+\.yml)$/);
  });

  it('puts nothing that somebody else writes into a script', () => {
    for (const { run = '', name } of stepsOf(workflow))
      expect([name, run.match(/\$\{\{[^}]*\}\}/g)]).toEqual([name, null]);
  });

  it('ends by itself, and says what happens to a second run', () => {
    for (const job of Object.values(workflow.jobs).filter(({ uses }) => uses === undefined))
      expect(job['timeout-minutes']).toBeGreaterThan(0);
    expect(workflow.concurrency?.group).toBeTruthy();
  });

  it('has no right that it does not name', () => {
    expect(workflow.permissions).toEqual({});
    const rights = Object.fromEntries(
      Object.entries(workflow.jobs).map(([name, { permissions }]) => [name, permissions]),
    );
    expect(rights).toEqual(RIGHTS[file]);
  });

  it('gives a secret to no job that runs the code of a pull request', () => {
    if (!('pull_request' in workflow.on)) return;
    for (const [name, job] of Object.entries(workflow.jobs)) {
      const writes = Object.values(job.permissions ?? {}).includes('write');
      // Where it may write or has a secret, it installs nothing and builds nothing.
      const scripts = job.steps.map(({ run = '' }) => run).join('\n');
      if (writes || /secrets\.|github\.token/.test(JSON.stringify(job)))
        expect([name, scripts.match(/\b(npm (ci|run|test)|npx|docker build)\b/)]).toEqual([name, null]);
    }
  });

  it('leaves no token behind for what is installed and built', () => {
    for (const { uses = '', with: given } of stepsOf(workflow))
      if (uses.startsWith('actions/checkout@')) expect(given).toMatchObject({ 'persist-credentials': false });
  });
});

describe.each(ours)('%s', (_, workflow) => {
  it('calls commands and options that pawl has', () => {
    const calls = stepsOf(workflow).flatMap(({ run = '' }) => pawlCalls(run));
    expect(calls.length).toBeGreaterThan(0);
    for (const { command, flags } of calls) {
      const found = commandOf(command);
      const known = found.options.flatMap(({ long, short }) => [long, short]);
      expect(known).toEqual(expect.arrayContaining([...flags]));
    }
  });

  it('has all of the history where pawl asks for it', () => {
    for (const [name, { steps }] of Object.entries(workflow.jobs))
      if (steps.some(({ run = '' }) => run.includes('npx pawl')))
        expect([name, steps.find(({ uses }) => uses?.startsWith('actions/checkout@'))?.with?.['fetch-depth']]).toEqual([
          name,
          0,
        ]);
  });
});

/** Calls of pawl in a script: the words that are its command, and every option that the script may add. */
function pawlCalls(
  script: string,
): readonly { readonly command: readonly string[]; readonly flags: readonly string[] }[] {
  return script.split('\n').flatMap((line) => {
    const [, words] = /npx pawl ((?:[a-z]+ ?)+)/.exec(line) ?? [];
    if (words === undefined) return [];
    const lists = script.split('\n').filter((other) => /options\+?=\(/.test(other));
    const flags = [line.slice(line.indexOf('npx pawl')), ...(line.includes('options[@]') ? lists : [])].flatMap(
      (text) => text.match(/(?<=[\s(])--[a-z][a-z-]*/g) ?? [],
    );
    return [{ command: words.trim().split(' '), flags }];
  });
}

function commandOf(words: readonly string[]): Command {
  const never = () => {
    throw new Error('not to be run');
  };
  const program = createProgram({
    exitCode: 0,
    context: {
      stdout: { write: never },
      stderr: { write: never },
      env: {},
      cwd: '/',
      signal: new AbortController().signal,
      now: never,
      sleep: never,
      random: never,
      connect: never,
    },
  });
  return words.reduce<Command>((command, word) => {
    const found = command.commands.find((one) => one.name() === word);
    if (found === undefined) throw new Error(`pawl has no command ${words.join(' ')}`);
    return found;
  }, program);
}

describe('promote.yml', () => {
  const workflow = readWorkflow('promote.yml');

  it('asks the environment that takes the version, and only then may write', () => {
    expect(workflow.jobs['promote']).toMatchObject({ environment: '${{ inputs.to }}', needs: 'plan' });
    expect(workflow.jobs['plan']?.environment).toBeUndefined();
  });

  it('promotes to an environment once at a time, and holds no rollback up', () => {
    const groups = [workflow, readWorkflow('rollback.yml')].map(({ concurrency }) => concurrency?.group);
    expect(groups).toEqual(['promote-${{ inputs.to }}', 'rollback-${{ inputs.environment }}']);
    expect(workflow.concurrency?.['cancel-in-progress'] ?? false).toBe(false);
  });

  it('hands its inputs to scripts as variables', () => {
    expect(workflow.env).toEqual({
      MODEL: '${{ inputs.model }}',
      FROM: '${{ inputs.from }}',
      TO: '${{ inputs.to }}',
      VERSION: '${{ inputs.version }}',
      WITHOUT_ANALYSIS: '${{ inputs.without_analysis }}',
    });
  });
});

describe('rollback.yml', () => {
  it('asks the environment', () => {
    expect(readWorkflow('rollback.yml').jobs['rollback']?.environment).toBe('${{ inputs.environment }}');
  });
});

describe('verify-environment.yml', () => {
  const workflow = readWorkflow('verify-environment.yml');

  it('starts for every pull request, without the rights of the branch that it would be merged into', () => {
    expect(Object.keys(workflow.on)).toEqual(['pull_request']);
  });

  it('runs nothing of a pull request where it may write', () => {
    const { steps = [], if: condition } = workflow.jobs['comment'] ?? {};
    expect(condition).toContain('github.event.pull_request.head.repo.full_name == github.repository');
    expect(steps.filter(({ uses }) => uses !== undefined)).toEqual([]);
    for (const { run = '' } of steps) expect(run).not.toMatch(/\b(npm|npx|node|git|source|eval)\b/);
    expect(JSON.stringify(workflow.jobs['check'])).not.toMatch(/secrets\.|github\.token/);
  });

  it('installs tools by version', () => {
    const installs = workflow.text.match(/go install \S+/g) ?? [];
    expect(installs).toHaveLength(2);
    for (const install of installs) expect(install).toMatch(/@v\d+\.\d+\.\d+$/);
  });
});

describe('all workflows', () => {
  it('use one version of an action', () => {
    const versions = new Map<string, Set<string>>();
    for (const { uses = '' } of workflows.flatMap(([, workflow]) => stepsOf(workflow))) {
      const [action = '', hash = ''] = uses.split('@');
      const repository = action.split('/').slice(0, 2).join('/');
      if (hash !== '') versions.set(repository, (versions.get(repository) ?? new Set()).add(hash));
    }
    expect([...versions].filter(([, hashes]) => hashes.size > 1)).toEqual([]);
    expect(versions.size).toBeGreaterThan(10);
  });

  it('call scripts that are there', () => {
    const scripts = workflows.flatMap(([, { text }]) => text.match(/(?<=[ (])scripts\/ci\/[\w-]+\.(sh|js)/g) ?? []);
    expect(scripts.length).toBeGreaterThan(10);
    for (const script of scripts) expect([script, existsSync(join(ROOT, script))]).toEqual([script, true]);
  });
});

describe.each(['build.yml', 'mlflow-image.yml'])('%s', (file) => {
  const { jobs } = readWorkflow(file);

  it('scans without secrets and rights', () => {
    expect(JSON.stringify(jobs['scan'])).not.toMatch(/secrets\.|github\.token|contents/);
    expect(jobs['scan']?.permissions).toEqual({});
  });

  it('publishes what was built, for those who may write alone, and signs what it pushed', () => {
    const { steps = [], if: condition } = jobs['publish'] ?? {};
    expect(condition).toMatch(/^needs\.(args|build)\.outputs\.publish == 'true'$/);
    const order = ['download-artifact', 'cosign-installer', 'push-image.sh', 'cosign sign', 'actions/attest'].map(
      (part) => steps.findIndex(({ uses = '', run = '' }) => uses.includes(part) || run.includes(part)),
    );
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(order).not.toContain(-1);
  });

  it('asks nobody but the author of the branch for the right to publish', () => {
    const text = readWorkflow(file).text.replace(/\s+/g, ' ');
    expect(text).toContain(
      "github.event_name != 'pull_request' || (github.event.pull_request.head.repo.full_name == github.repository && " +
        "github.event.pull_request.user.login != 'dependabot[bot]')",
    );
  });

  it('builds both platforms, with an SBOM and its provenance', () => {
    const build = jobs['build']?.steps.find(({ uses }) => uses?.startsWith('docker/build-push-action@'));
    expect(build?.with).toMatchObject({ platforms: 'linux/amd64,linux/arm64', sbom: true, provenance: 'mode=max' });
  });
});

describe('deploy.yml', () => {
  it('gives its secret to one step, which runs nothing that was installed', () => {
    const steps = stepsOf(readWorkflow('deploy.yml')).filter((step) => /secrets\./.test(JSON.stringify(step)));
    expect(steps.map(({ name }) => name)).toEqual(['Tell people']);
    expect(steps[0]?.run).not.toMatch(/\b(npm|npx|node)\b/);
    expect(steps[0]?.if).toBe('always()');
  });

  it('comes to production after staging, and asks the environment', () => {
    const { staging, production } = readWorkflow('build.yml').jobs;
    expect([staging?.needs, production?.needs]).toEqual(['publish', 'staging']);
    // And `publish` after the tests of this commit.
    expect(readWorkflow('build.yml').jobs['publish']?.needs).toContain('tested');
    expect(readWorkflow('deploy.yml').jobs['deploy']?.environment).toBe('${{ inputs.environment }}');
  });
});

describe('release.yml', () => {
  const { jobs } = readWorkflow('release.yml');

  it('gives each called workflow every right that its jobs have', () => {
    for (const { uses = '', permissions = {} } of [
      ...Object.values(jobs),
      ...Object.values(readWorkflow('build.yml').jobs),
    ])
      for (const job of uses === '' ? [] : Object.values(readWorkflow(uses.split('/').at(-1) ?? '').jobs))
        for (const [right, level] of Object.entries(job.permissions ?? {}))
          expect([uses, right, level === 'read' ? ['read', 'write'] : ['write']]).toEqual([
            uses,
            right,
            expect.arrayContaining([permissions[right]]),
          ]);
  });

  it('tests and builds the tag before anything of it is drafted', () => {
    expect([jobs['test']?.needs, jobs['images']?.needs, jobs['draft']?.needs]).toEqual(['pack', 'test', 'images']);
  });

  it('attests the files after the last of them was written', () => {
    const steps = jobs['draft']?.steps ?? [];
    const at = (part: string) =>
      steps.findIndex(({ run = '', uses = '' }) => run.includes(part) || uses.includes(part));
    expect(at('assets.sh sums')).toBeLessThan(at('actions/attest@'));
    expect(at('actions/attest@')).toBeLessThan(at('assets.sh provenance'));
    expect(at('assets.sh draft')).toBe(at('assets.sh provenance'));
  });
});
