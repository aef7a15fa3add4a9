import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Manifest } from '@pawl/shared/bundle/manifest';
import { run } from '../src/program.ts';

import.meta.jest.setTimeout(400_000);

const root = fileURLToPath(new URL('../../../', import.meta.url));
let folder: string;

/** A command line of `pawl` in the folder; a failure shows what it said. */
async function pawl(line: string, expected = 0): Promise<string> {
  let said = '';
  const write = (text: string) => (said += text);
  const code = await run(line.split(' '), {
    stdout: { write },
    stderr: { write },
    env: { PATH: process.env['PATH'], LANG: 'C.UTF-8' },
    cwd: folder,
    signal: new AbortController().signal,
    now: () => new Date(),
    sleep: () => Promise.resolve(),
    random: () => 'abc123',
    connect: () => Promise.reject(new Error('no cluster is asked')),
  });
  if (code !== expected) throw new Error(`pawl ${line}: exit code ${code}\n${said}`);
  return said;
}

const manifest = (): Manifest & { readonly lineage: Record<string, string> } =>
  JSON.parse(readFileSync(join(folder, 'candidate/manifest.json'), 'utf8')) as Manifest;
const released = () => readdirSync(join(folder, 'k8s/environments/staging/models')).sort();
const params = (change: (text: string) => string) => {
  const path = join(folder, 'params.yaml');
  writeFileSync(path, change(readFileSync(path, 'utf8')));
};
const steps = {
  prepare: () => pawl('data prepare --raw raw --out processed --report reports/data'),
  retrain: (rest = '') => pawl(`retrain --env staging --data processed --out candidate --cache cache${rest}`),
  async release(): Promise<string> {
    rmSync(join(folder, 'address'), { force: true });
    await pawl(`publish candidate file://${folder}/store/{name}-{version}-{digest} --address-file address`);
    return pawl('release @address --env staging --no-commit');
  },
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pawl-retraining-'));
  const acceptance = join(root, 'charts/pawl/acceptance');
  for (const file of readdirSync(acceptance).filter((name) => name.endsWith('.jpg'))) {
    const label = file.slice(0, file.indexOf('.'));
    mkdirSync(join(folder, 'raw', label), { recursive: true });
    cpSync(join(acceptance, file), join(folder, 'raw', label, file));
  }
  mkdirSync(join(folder, 'k8s/environments/staging'), { recursive: true });
  cpSync(join(root, 'models/backbones/resnet18'), join(folder, 'models/backbones/resnet18'), { recursive: true });
  // Sixteen photographs: whether the steps work is the question, not how good the weights are.
  writeFileSync(
    join(folder, 'params.yaml'),
    [
      'preprocess: { split_ratios: { train: 0.5, val: 0.25, test: 0.25 } }',
      'train: { epochs: 3, augmentation: { variants: 0 } }',
      'gate: { confidence: 0, accuracy: 0.5 }',
      `bundle: { replaces: models/backbones/resnet18, drop_golden: [${readdirSync(join(root, 'models/backbones/resnet18/golden')).join(', ')}] }`,
      '',
    ].join('\n'),
  );
  await steps.prepare();
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('pawl retrain', () => {
  it('trains for an environment without versions, after the bundle of params.yaml', async () => {
    expect(await steps.retrain()).toMatch(/^staging has no version of catdog yet\./);
    expect(manifest().version).toBe('1.1.0');
    expect(await steps.release()).toMatch(/the first one in this environment/);
    expect(released()).toEqual(['catdog-1.1.0.yaml']);
  });

  it('takes the bundle that there is while nothing has changed, and nothing is released anew', async () => {
    const before = manifest();
    rmSync(join(folder, 'candidate'), { recursive: true });
    expect(await steps.retrain()).toMatch(/Nothing has changed since catdog 1\.1\.0/);
    expect(manifest()).toEqual(before);
    expect(await steps.release()).toMatch(/Already released/);
    expect(released()).toEqual(['catdog-1.1.0.yaml']);
  });

  it('trains the next version when a parameter has changed', async () => {
    params((text) => text.replace('epochs: 3', 'epochs: 4'));
    expect(await steps.retrain()).toMatch(/^staging has catdog 1\.1\.0; changed since: params\.yaml\.$/m);
    expect(manifest()).toMatchObject({ version: '1.2.0' });
    await steps.release();
    expect(released()).toEqual(['catdog-1.1.0.yaml', 'catdog-1.2.0.yaml']);
    expect(await steps.retrain()).toMatch(/Nothing has changed since catdog 1\.2\.0/);
  });

  it('trains the next version when a photograph is gone, and when it is told to', async () => {
    rmSync(join(folder, 'raw/cat/cat.black.jpg'));
    await steps.prepare();
    expect(await steps.retrain()).toMatch(/changed since: the photographs\.$/m);
    await steps.release();
    expect(await steps.retrain(' --force')).toMatch(/^staging has catdog 1\.3\.0; changed since: nothing\.$/m);
    // The same weights again, bit for bit: that is a patch.
    expect(manifest().version).toBe('1.3.1');
  });

  it('goes no further below the gate', async () => {
    params((text) => text.replace('gate: { confidence: 0, accuracy: 0.5 }', 'gate: { log_loss: 0.000001 }'));
    await expect(steps.retrain()).rejects.toThrow(/exit code 1[^]*GATE_FAILED/);
    expect(released()).toHaveLength(3);
  });

  it.each([
    ['retrain', 2, /required option '--env/],
    ['retrain --env nowhere --data processed', 4, /there is no environment nowhere/],
    ['release @nothing --env staging --no-commit', 4, /nothing cannot be read/],
    ['publish candidate file:///tmp/{size}', 2, /expected \{name\}, \{version\} or \{digest\}/],
  ])('%s: exit code %i', async (line, code, expected) => {
    expect(await pawl(line, code)).toMatch(expected);
  });
});
