import { readdirSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateSigningKeyPair } from '@pawl/shared/bundle/signature';
import { writeBundle } from '@pawl/shared/bundle/write-bundle';
import { aFolder, cleanFolders, someDraft, someSources } from '@pawl/test-kit/bundles';
import { FakeService } from '@pawl/test-kit/fake-service';
import { withStatus } from '@pawl/test-kit/model-versions';
import { catPhoto, inRepository } from '@pawl/test-kit/repository';
import { FakeCluster, pawl } from '../../apps/cli/test/support/fake-cluster.ts';
import { anEvent, aStableDeployment, aTrackPod, aVersion, failedFor } from '../../apps/cli/test/support/objects.ts';
import { pawlIn, type CommandRun } from '../../apps/cli/test/support/pawl-in.ts';

/*
 * Names and texts of strangers reach the terminal of whoever looks: they must not move its cursor, colour or reorder its text,
 * set its title or write to its clipboard; and the browser of whoever opens a report must not run them.
 */

/** Red, cursor up, a title, the clipboard, a link, 8-bit sequences, a bidi override and isolate, zero width, a tag. */
const EVIL =
  '\u001b[31m\u001b[1A\u001b]0;t\u0007\u001b]52;c;eA==\u0007\u001b]8;;http://x\u0007\u009b2J\r\u202e\u2066\u200b\u{e0041}EVIL';

function expectHarmless({ out, err }: Pick<CommandRun, 'out' | 'err'>): void {
  const written = out + err;
  // The text itself is there: a command that shows nothing of it proves nothing.
  expect(written).toContain('EVIL');
  expect(written.match(/(?!\n)[\p{Cc}\p{Cf}]/gu)).toBeNull();
}

afterEach(cleanFolders);

describe('a bundle by a stranger', () => {
  async function anEvilBundle(): Promise<string> {
    const folder = await aFolder();
    const { publicKeyPem, privateKeyPem } = generateSigningKeyPair();
    const draft = someDraft({
      description: EVIL,
      lineage: { [EVIL]: EVIL, data: EVIL },
      metrics: { [EVIL]: 0.5 },
    });
    await writeBundle(join(folder, 'bundle'), draft, someSources(), { privateKeyPem });
    await writeBundle(join(folder, 'other'), someDraft({ version: '1.5.0' }), someSources(), {});
    await writeFile(join(folder, 'key.pub'), publicKeyPem);
    return folder;
  }

  it.each([
    ['inspect', ['inspect', 'bundle']],
    ['diff', ['diff', 'other', 'bundle']],
  ])('shows what it says without its escape sequences: %s', async (_, argv) => {
    expectHarmless(await pawlIn(await anEvilBundle(), argv));
  });

  it.each<[string, (manifest: Record<string, unknown>) => void]>([
    ['a key that is not known', (manifest) => (manifest[EVIL] = 1)],
    [
      'a label',
      (manifest) =>
        (manifest['golden'] = { tolerance: 0.1, images: [{ file: 'x', label: EVIL, probabilities: { [EVIL]: 1 } }] }),
    ],
  ])('is refused in harmless words: %s', async (_, spoil) => {
    const folder = await anEvilBundle();
    const path = join(folder, 'bundle/manifest.json');
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    spoil(manifest);
    await writeFile(path, JSON.stringify(manifest));
    for (const argv of [
      ['inspect', 'bundle'],
      ['verify', 'bundle'],
      ['publish', 'bundle', `file://${folder}/out`],
    ]) {
      const ran = await pawlIn(folder, argv);
      expect(ran.code).not.toBe(0);
      expect((ran.out + ran.err).match(/(?!\n)[\p{Cc}\p{Cf}]/gu)).toBeNull();
    }
  });
});

describe('a service by a stranger', () => {
  const service = new FakeService();
  afterEach(() => {
    service.close();
  });

  it.each<[string, number, object | string]>([
    ['its label', 200, { label: EVIL, confidence: 0.9, model_version: EVIL, model_digest: EVIL, prediction_id: EVIL }],
    ['its error', 422, { error: { code: EVIL, message: EVIL, hint: EVIL, request_id: EVIL } }],
    ['its page', 500, `<title>${EVIL}</title>`],
  ])('is shown without its escape sequences: %s', async (_, status, body) => {
    const url = await service.predicting(() => [status, body]);
    const folder = await aFolder();
    for (const argv of [
      ['simulate', '--n', '2', '--url', url, '--out', 'report.json'],
      ['smoke', url],
    ]) {
      const { out, err } = await pawlIn(folder, argv);
      expect((out + err).match(/(?!\n)[\p{Cc}\p{Cf}]/gu)).toBeNull();
    }
  });
});

describe('a data set by a stranger', () => {
  const FILE = EVIL.replaceAll('/', '');
  const HTML = '"><img src=x onerror=alert(1)>';

  it('shows file names without their escape sequences, and writes none of their HTML', async () => {
    const folder = await aFolder();
    for (const label of ['cat', 'dog']) {
      await mkdir(join(folder, 'raw', label), { recursive: true });
      await copyFile(catPhoto, join(folder, 'raw', label, `${FILE}.jpg`));
      await writeFile(join(folder, 'raw', label, `${FILE}-broken.jpg`), 'x');
      await writeFile(join(folder, 'raw', label, `${HTML}.jpg`), 'x');
    }
    const ran = await pawlIn(folder, ['data', 'prepare', '--raw', 'raw', '--out', 'processed', '--report', 'report']);
    expect((ran.out + ran.err).match(/(?!\n)[\p{Cc}\p{Cf}]/gu)).toBeNull();
    const page = readFileSync(join(folder, 'report/report.html'), 'utf8');
    expect(page).toContain('onerror=alert(1)');
    expect(page).not.toContain('<img src=x');
  });
});

describe('a cluster with objects by strangers', () => {
  it.each(['get', 'explain catdog-1-4-0', 'rollout status catdog-1-4-0'])(
    'is shown without their escape sequences: %s',
    async (line) => {
      const cluster = new FakeCluster();
      const version = aVersion('1.4.0', failedFor('Aborted', EVIL), withStatus({ message: EVIL }));
      cluster.versions = [version];
      cluster.stable = [aStableDeployment('1.3.0')];
      cluster.allPods = [
        aTrackPod('canary', 'catdog-1-4-0', {
          initContainerStatuses: [
            { name: 'fetch-model', state: { terminated: { exitCode: 1, message: EVIL, reason: EVIL } } },
          ],
        } as never),
      ];
      cluster.allEvents = [anEvent('Failed', EVIL, version)];
      expectHarmless(await pawl(line, cluster));
    },
  );
});

describe('the pages of the service', () => {
  const folder = inRepository('apps/inference/public');
  const scripts = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.js'));

  it('write what a file or a model is called as text, never as HTML', () => {
    expect(scripts.length).toBeGreaterThan(5);
    for (const file of scripts)
      expect([
        file,
        readFileSync(join(folder, file), 'utf8').match(
          /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/g,
        ),
      ]).toEqual([file, null]);
  });
});
