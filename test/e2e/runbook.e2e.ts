import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRunbook } from '../../monitoring/src/runbook/read-runbook.ts';
import { runRunbook } from '../../monitoring/src/runbook/run-block.ts';
import { MODEL, RELEASE } from './support/environment.ts';
import { portForward } from './support/port-forward.ts';
import { prepare } from './support/prepare.ts';
import { scenario } from './support/scenario.ts';
import { repositoryFile } from './support/settings.ts';

describe('the runbook', () => {
  const { fixture, first, offer } = prepare();
  let bin: string;
  beforeAll(() => {
    // A person has `pawl` on the PATH; here it is the one that was built.
    bin = mkdtempSync(join(tmpdir(), 'pawl-e2e-bin-'));
    const command = `#!/bin/sh\nexec "${process.execPath}" "${repositoryFile('apps/cli/bin/pawl.js')}" "$@"\n`;
    writeFileSync(join(bin, 'pawl'), command);
    chmodSync(join(bin, 'pawl'), 0o755);
  });
  afterAll(() => {
    rmSync(bin, { recursive: true });
  });

  scenario(
    fixture,
    '18',
    'every command of RUNBOOK.md that may be tried out works, while one version serves and another one has failed',
    async (run) => {
      const { env } = run;
      const bad = await offer('swapped');
      await env.waitForFailure(bad.name, 'AcceptanceFailed');
      const sections = readRunbook(readFileSync(repositoryFile('RUNBOOK.md'), 'utf8'));
      const forward = await portForward(env.namespace, RELEASE, 80);
      try {
        const environment = {
          PATH: `${bin}:${process.env['PATH'] ?? ''}`,
          NODE_OPTIONS: '',
          KUBECONFIG: process.env['KUBECONFIG'] ?? '',
          NAMESPACE: env.namespace,
          CONTROLLER_NAMESPACE: env.namespace,
          MODEL,
          VERSION: first,
          URL: forward.url,
        };
        const results = await runRunbook(sections, environment);
        const failed = results.filter(({ code }) => code !== 0);
        expect(failed.map(({ block, code, output }) => ({ commands: block.commands, code, output }))).toEqual([]);
        expect(results.length).toBeGreaterThan(20);
        const silent = results.filter(({ output }) => output.trim() === '');
        run.note(`${results.length} blocks, ${silent.length} of them with nothing to tell`);
      } finally {
        await forward.close();
      }
    },
  );
});
