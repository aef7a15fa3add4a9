/* eslint-disable @typescript-eslint/no-unsafe-argument, @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-return --
   What was compiled or read back is of many kinds; a field that is not there shows as a failed expectation. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { JOBS, readSettings, readSteps } from './support/jobs.ts';

import.meta.jest.setTimeout(900_000);

const steps = readSteps();
const settings = readSettings();
const mounts = ['/data', '/secrets/git', '/secrets/registry', '/secrets/signing', '/work'];
const commands = steps.map(({ name, run }) => ({ name, command: ['sh', '-euc', run] }));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pawl-jobs-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function python(executable: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): string {
  const ended = spawnSync(executable, args, {
    encoding: 'utf8',
    cwd: folder,
    timeout: 800_000,
    env: { PATH: process.env['PATH'], HOME: folder, PYTHONDONTWRITEBYTECODE: '1', ...env },
  });
  if (ended.status !== 0) throw new Error(`${args.join(' ')}: ${ended.stdout}${ended.stderr}`);
  return ended.stdout;
}

describeWhenSet('PAWL_TEST_KFP_PYTHON', 'the Kubeflow pipeline', (executable) => {
  it('compiles, and runs the steps in order', () => {
    const file = join(folder, 'pipeline.yaml');
    python(executable, [join(JOBS, 'kubeflow/pipeline.py'), file]);
    const [spec, platform] = parseAllDocuments(readFileSync(file, 'utf8')).map((document) => document.toJS());
    const executors = spec.deploymentSpec.executors;
    const container = (name: string) => executors[`exec-${name}`].container;
    expect(steps.map(({ name }) => ({ name, command: [...container(name).command, ...container(name).args] }))).toEqual(
      commands,
    );
    expect(Object.keys(executors)).toHaveLength(steps.length);
    const { tasks } = spec.root.dag;
    expect(steps.map(({ name }) => tasks[name].dependentTasks ?? [])).toEqual(
      steps.map((_, index) => (index === 0 ? [] : [steps[index - 1]!.name])),
    );
    for (const { name, retries, cpu, memory } of steps) {
      expect(tasks[name].cachingOptions.enableCache ?? false).toBe(false);
      expect(tasks[name].retryPolicy.maxRetryCount ?? 0).toBe(retries);
      expect(container(name)).toMatchObject({
        image: settings['IMAGE'],
        resources: { resourceCpuRequest: cpu, resourceMemoryLimit: memory },
      });
      const given = platform.platforms.kubernetes.deploymentSpec.executors[`exec-${name}`];
      expect([...given.pvcMount, ...given.secretAsVolume].map(({ mountPath }) => mountPath).sort()).toEqual(mounts);
      expect(given.secretAsVolume.every(({ optional }: { optional: boolean }) => optional)).toBe(true);
      expect(given.configMapAsEnv[0].keyToEnv).toHaveLength(Object.keys(settings).length);
      expect(given.securityContext).toMatchObject({ runAsNonRoot: true });
    }
  });
});

describeWhenSet('PAWL_TEST_AIRFLOW_PYTHON', 'the Airflow DAG', (executable) => {
  it('is read without an error, and runs the steps in order, one run at a time', () => {
    const script = fileURLToPath(new URL('support/describe-dag.py', import.meta.url));
    const out = python(executable, [script, join(JOBS, 'airflow')], {
      AIRFLOW_HOME: folder,
      AIRFLOW__CORE__LOAD_EXAMPLES: 'False',
    });
    const { errors, dags } = JSON.parse(/^RESULT (.*)$/m.exec(out)?.[1] ?? '{}');
    expect(errors).toEqual({});
    expect(Object.keys(dags)).toEqual(['pawl_retrain']);
    const { tasks, ...dag } = dags.pawl_retrain;
    expect(dag).toEqual({ max_active_runs: 1, catchup: false, schedule: settings['SCHEDULE'] });
    expect(tasks.map(({ name, command }: { name: string; command: string[] }) => ({ name, command }))).toEqual(
      commands,
    );
    for (const [index, { retries }] of steps.entries())
      expect(tasks[index]).toMatchObject({
        downstream: index === steps.length - 1 ? [] : [steps[index + 1]!.name],
        image: settings['IMAGE'],
        retries,
        token: false,
        mounts: [...mounts, '/tmp'].sort(),
      });
  });
});

describe('the shared folder of both', () => {
  it('is claimed by the names that they mount', () => {
    const claims = ['base', 'orchestrated'].map(
      (part) => parse(readFileSync(join(JOBS, part, 'persistentvolumeclaim.yaml'), 'utf8')).metadata.name,
    );
    const source = readFileSync(join(JOBS, 'retraining.py'), 'utf8');
    for (const claim of claims) expect(source).toContain(`"${claim}":`);
  });
});
