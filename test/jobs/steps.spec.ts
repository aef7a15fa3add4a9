import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { createProgram } from '../../apps/cli/src/program.ts';
import type { Session } from '../../apps/cli/src/commands/session.ts';
import { JOBS, readSettings, readSteps } from './support/jobs.ts';

interface Container {
  readonly name: string;
  readonly command: readonly string[];
  readonly resources: { readonly requests: { readonly memory: string }; readonly limits: { readonly memory: string } };
  readonly securityContext: object;
}

const cronJob = parse(readFileSync(join(JOBS, 'retrain/cronjob.yaml'), 'utf8'));
const job = cronJob.spec.jobTemplate.spec;
const pod = job.template.spec;
const containers = [...pod.initContainers, ...pod.containers] as readonly Container[];
const steps = readSteps();

describe('the steps of a retraining', () => {
  it('are prepare, train, publish and release, on a fresh clone', () => {
    expect(steps.map(({ name }) => name)).toEqual(['checkout', 'prepare', 'train', 'publish', 'release']);
  });

  it('are what the CronJob runs, in order', () => {
    expect(containers.map(({ name, command }) => ({ name, command }))).toEqual(
      steps.map(({ name, run }) => ({ name, command: ['sh', '-euc', run] })),
    );
  });

  it('leave a SIGTERM to pawl: the shell, as process 1, would not hear it', () => {
    const last = steps.filter(({ name }) => name !== 'checkout').map(({ run }) => run.split('\n').at(-1));
    expect(last).toHaveLength(4);
    for (const line of last) expect(line).toMatch(/^exec pawl /);
  });

  it('need nothing that is not set', () => {
    const settings = readSettings();
    const named = steps.flatMap(({ run }) => [...run.matchAll(/\$\{?([A-Z_]+)/g)].map(([, name]) => name!));
    expect(named.length).toBeGreaterThan(8);
    expect([...new Set(named)].filter((name) => !(name in settings))).toEqual([]);
  });

  it('call commands and options of pawl that there are', () => {
    const session = { context: { stdout: {}, stderr: {}, env: {} }, exitCode: 0 } as unknown as Session;
    const lines = steps.flatMap(({ run }) => run.split('\n')).filter((line) => line.startsWith('exec pawl '));
    expect(lines).toHaveLength(4);
    for (const line of lines) {
      const words = line.split(' ').slice(2);
      let command = createProgram(session);
      for (const word of words) {
        const inner = command.commands.find((each) => each.name() === word);
        if (inner === undefined) break;
        command = inner;
      }
      expect(command.name()).not.toBe('pawl');
      const known = command.options.map(({ long }) => long);
      const used = [...line.matchAll(/(--[a-z-]+)/g)].map(([, flag]) => flag);
      expect(used.filter((flag) => !known.includes(flag))).toEqual([]);
    }
  });
});

describe('the CronJob', () => {
  it('runs one at a time, for a limited time', () => {
    expect(cronJob.spec).toMatchObject({ concurrencyPolicy: 'Forbid', startingDeadlineSeconds: expect.any(Number) });
    expect(job.activeDeadlineSeconds).toBeGreaterThan(0);
  });

  it('does not try again what pawl said no to', () => {
    expect(job.podFailurePolicy.rules[0]).toMatchObject({ action: 'FailJob', onExitCodes: { values: [1, 2, 4] } });
    expect(pod.restartPolicy).toBe('Never');
  });

  it('has no way to the API server', () => {
    const account = parse(readFileSync(join(JOBS, 'base/serviceaccount.yaml'), 'utf8'));
    expect(account).toMatchObject({ metadata: { name: 'retrain' }, automountServiceAccountToken: false });
    expect(pod).toMatchObject({ serviceAccountName: 'retrain', automountServiceAccountToken: false });
  });

  it('locks every container', () => {
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    for (const { securityContext } of containers)
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
  });

  it('gives each step the memory that steps.yaml says', () => {
    expect(containers.map(({ name, resources }) => [name, resources.limits.memory])).toEqual(
      steps.map(({ name, memory }) => [name, memory]),
    );
  });
});
