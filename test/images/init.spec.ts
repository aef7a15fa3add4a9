import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { aFolder, cleanFolders } from '@pawl/test-kit/bundles';
import { eventually } from '@pawl/test-kit/eventually';
import { AS_PROCESS_ONE, canBeProcessOne, childrenOf } from '@pawl/test-kit/process-one';
import { inRepository } from '@pawl/test-kit/repository';
import { describeWhenSet } from '@pawl/test-kit/when-set';

const dockerfile = readFileSync(inRepository('Dockerfile'), 'utf8');

afterEach(cleanFolders);

/** Every entry point of the Dockerfile, as a list of words. */
const entryPoints = [...dockerfile.matchAll(/^ENTRYPOINT (.*)$/gm)].map(
  ([, words]) => JSON.parse(words ?? '') as string[],
);

describe('the first process of a container', () => {
  it('is the init, in every image', () => {
    expect(entryPoints).toEqual([
      ['tini-static', '--', 'node'],
      ['tini-static', '--', 'pawl'],
      // MLflow's server starts others, which are told as well.
      ['tini-static', '-g', '--'],
    ]);
  });

  it('is the init in the pods of the chart, too: nothing goes around the entry point of the image', () => {
    const folder = inRepository('charts/pawl/templates');
    const templates = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.yaml'),
    );
    expect(templates.length).toBeGreaterThan(15);
    for (const file of templates)
      expect([file, /^\s*command:/m.test(readFileSync(join(folder, file), 'utf8'))]).toEqual([file, false]);
  });
});

describeWhenSet('PAWL_TEST_INIT', 'a program behind the init, as process 1', (init) => {
  if (!canBeProcessOne) {
    it.skip('needs the right to make namespaces (unshare --pid)', () => undefined);
    return;
  }

  it.each(['inference', 'controller'])('%s ends by a SIGTERM from the first instant', async (app) => {
    const folder = await aFolder();
    const kubeconfig = join(folder, 'kubeconfig');
    // An API server that is not there: the controller would ask again and again.
    await writeFile(
      kubeconfig,
      JSON.stringify({
        'current-context': 'x',
        clusters: [{ name: 'x', cluster: { server: 'http://127.0.0.1:9' } }],
        users: [{ name: 'x', user: {} }],
        contexts: [{ name: 'x', context: { cluster: 'x', user: 'x' } }],
      }),
    );
    const program = [init, '--', process.execPath, inRepository(`apps/${app}/dist/bundle/main.js`)];
    const child = spawn(AS_PROCESS_ONE[0]!, [...AS_PROCESS_ONE.slice(1), ...program], {
      stdio: 'ignore',
      env: { PATH: process.env['PATH'], PORT: '0', HOST: '127.0.0.1', NAMESPACE: 'x', KUBECONFIG: kubeconfig },
    });
    const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
    const first = await eventually(
      'the init to have its child',
      () => childrenOf(child.pid!).find((own) => childrenOf(own).length > 0),
      { everyMs: 1 },
    );
    process.kill(first, 'SIGTERM');
    // 128 + 15: Node has no handler yet, and the default action ends it; as process 1 it would have none and run on. 0 on a
    // machine that kept this test waiting until it had one.
    const [code] = await ended;
    expect([143, 0]).toContain(code);
  });
});
