import type { Command } from 'commander';
import { createProgram } from '../../apps/cli/src/program.ts';
import { readWorkflow, readWorkflows, stepsOf, type Workflow } from './support/workflow.ts';

const workflows = readWorkflows().map((workflow): [string, Workflow] => [workflow.file, workflow]);
const ours = workflows.filter(([file]) => ['promote.yml', 'rollback.yml', 'verify-environment.yml'].includes(file));

describe.each(workflows)('%s', (_, workflow) => {
  it('takes actions by the hash of their commit, and says the version', () => {
    const uses = workflow.text.split('\n').filter((line) => /^\s*(- )?uses:/.test(line));
    expect(uses.length).toBeGreaterThan(0);
    for (const line of uses) expect(line).toMatch(/uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  it('puts nothing that somebody else writes into a script', () => {
    for (const { run = '', name } of stepsOf(workflow))
      expect([name, run.match(/\$\{\{[^}]*\}\}/g)]).toEqual([name, null]);
  });

  it('ends by itself', () => {
    for (const job of Object.values(workflow.jobs)) expect(job['timeout-minutes']).toBeGreaterThan(0);
  });

  it('leaves no token behind for what is installed and built', () => {
    for (const { uses = '', with: given } of stepsOf(workflow))
      if (uses.startsWith('actions/checkout@')) expect(given).toMatchObject({ 'persist-credentials': false });
  });
});

describe.each(ours)('%s', (file, workflow) => {
  it('has no right that it does not name', () => {
    expect(workflow.permissions).toEqual({});
    const rights = Object.fromEntries(
      Object.entries(workflow.jobs).map(([name, { permissions }]) => [name, permissions]),
    );
    expect(rights).toEqual(
      {
        'promote.yml': {
          plan: { contents: 'read', packages: 'read' },
          promote: { contents: 'write', packages: 'read', 'pull-requests': 'write' },
        },
        'rollback.yml': { rollback: { contents: 'write' } },
        'verify-environment.yml': {
          touched: { contents: 'read' },
          check: { contents: 'read' },
          comment: { actions: 'read', 'pull-requests': 'write' },
        },
      }[file],
    );
  });

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
