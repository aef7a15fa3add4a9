import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { SimulationReport } from '../src/service/report.ts';
import { FakeCluster, pawl, type Surroundings } from './support/fake-cluster.ts';
import { SimulationFolder } from './support/simulation-folder.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const run = (line: string, surroundings?: Surroundings) => pawl(line, new FakeCluster(), surroundings);

const folder = new SimulationFolder();
beforeEach(() => folder.open());
afterEach(() => folder.close());

describe('against the real service', () => {
  let service: ChildProcess;
  let url: string;
  beforeAll(async () => {
    service = spawn(process.execPath, ['apps/inference/dist/bundle/main.js'], {
      cwd: root,
      env: {
        PATH: process.env['PATH'],
        PORT: '0',
        HOST: '127.0.0.1',
        MODEL_URI: 'file:models/catdog',
        DRAIN_DELAY_MS: '0',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    for await (const line of createInterface(service.stdout!)) {
      const { message, url: address } = JSON.parse(line) as { message: string; url?: string };
      url = address ?? url;
      if (message === 'listening') break;
    }
  });
  afterAll(async () => {
    service.kill('SIGKILL');
    await once(service, 'exit');
  });

  it('waits for it, checks it, and scores it with the bundled photographs', async () => {
    const smoke = await run(`smoke ${url} --wait 120s`, { onSleep: () => undefined, now: () => new Date() });
    expect(smoke).toMatchObject({ code: 0, err: '' });
    expect(smoke.out.match(/^ok /gm)).toHaveLength(4);
    expect(smoke.out).toMatch(/\npassed: http/);

    const { code, out: text, err } = await run(`simulate --n 20 --url ${url} --out ${folder.out} --min-accuracy 0.9`);
    expect([code, err]).toEqual([0, '']);
    expect(text.match(/^ ?\d+\/20 {2}(cat|dog) +(cat|dog) +\d+\.\d % +\d+ ms {2}(right|WRONG)/gm)).toHaveLength(20);
    expect(text).toMatch(/^accuracy +\d+\.\d % +\d+ of 20 right$/m);

    const saved = await folder.report();
    const { version } = JSON.parse(await readFile(join(root, 'models/catdog/manifest.json'), 'utf8')) as {
      version: string;
    };
    expect(saved).toMatchObject({ total_requests: 20, answered: 20, errors: 0, model_version: version, seed: 42 });
    expect(saved.model_digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(Object.keys(saved.accuracy_by_label)).toEqual(['cat', 'dog']);
    expect(saved.requests).toHaveLength(20);
    // 16 photographs: four come twice, none three times.
    expect(new Set(saved.requests.map(({ file }) => file)).size).toBe(16);
  });

  it('sends several at once and reports the same answers', async () => {
    await run(`simulate --n 12 --url ${url} --out ${folder.out}`);
    const one = await folder.report();
    await run(`simulate --n 12 --url ${url} --out ${folder.out} --concurrency 4`);
    const four = await folder.report();
    const answers = ({ requests }: SimulationReport) => requests.map(({ file, confidence }) => [file, confidence]);
    expect(answers(four)).toEqual(answers(one));
  });

  it('says what is wrong with a photograph that it cannot read', async () => {
    const path = await folder.photos('cat/no-image.jpg');
    const { code, out: text } = await run(`simulate --n 1 --url ${url} --out ${folder.out} --photos ${path}`);
    expect(code).toBe(1);
    expect(text).toMatch(/error {2}IMAGE_FORMAT_UNSUPPORTED: .*no-image\.jpg/);
    const { code: smoked, out: list } = await run(`smoke ${url} --image ${join(path, 'cat/no-image.jpg')}`);
    expect([smoked, list]).toEqual([1, expect.stringMatching(/^FAILED {2}\/predict answers 200/m)]);
  });
});
