import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { aFolder, cleanFolders } from '@pawl/test-kit/bundles';
import { catdog, inRepository } from '@pawl/test-kit/repository';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { publishBundle } from '@pawl/shared/bundle/publish-bundle';
import { assignments, command, commands } from './page.ts';
import { pushSmallImage } from './small-image.ts';

const fixture = (name: string) => inRepository(`test/verify/fixtures/${name}`);
const TIMEOUT_MS = 120_000;

/** Of the page, and run here. */
const image = command('cosign verify --certificate', '"$BUILD"', '"$IMAGE"');
const imageProvenance = command('cosign verify-attestation');
const sign = command('cosign sign ');
const imageByKey = command('cosign verify --key');
const chart = command('cosign verify --certificate', '"$RELEASE"', '"$CHART"');
const file = command('cosign verify-blob --bundle');
const fileProvenance = command('cosign verify-blob-attestation');
const weights = command('pawl verify');
const manifest = command('cosign verify-blob --key');
const sums = command('node --eval');
const applied = command('kubectl apply');
const listed = command('kubectl get');

/** Of the page, and not run here, with the reason. */
const elsewhere: Readonly<Record<string, string>> = {
  [command('gh attestation verify')]: 'asks GitHub',
  [command('docker buildx', '.SBOM')]: 'needs buildx, and an image that it built',
  [command('docker buildx', '.Provenance')]: 'needs buildx, and an image that it built',
  [command('helm install')]: 'test/chart installs the chart; this only names another place',
};

const WORKFLOW = 'https://github.com/pawl-dev/pawl/.github/workflows';
/** Who signed the fixture: a workflow of another project. */
const STRANGER = 'https://github.com/sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main';
/** sha512 of what the fixture is about, the npm package sigstore 2.0.0. */
const DIGEST =
  '46d4e2f74c4877316640000a6fdf8a8b59f1e0847667973e9859f774dd31b8f1e0937813b777fb66a2ac67d50540fe34640966eee9fc2ccca387082b4c85cd3c';

interface Ended {
  readonly code: number;
  readonly out: string;
}

describe('docs/verify.md', () => {
  it('has no command that is neither run nor said why not', () => {
    const run = [image, imageProvenance, sign, imageByKey, chart, file, fileProvenance, weights, manifest, sums];
    expect([...commands].sort()).toEqual([...run, applied, listed, ...Object.keys(elsewhere)].sort());
  });

  it.each([
    ['BUILD', 'build.yml'],
    ['RELEASE', 'release.yml'],
  ])('%s is a release tag of its workflow and nothing else', (variable, workflow) => {
    const identity = new RegExp(assignments.get(variable) ?? '');
    expect(identity.test(`${WORKFLOW}/${workflow}@refs/tags/v1.20.3`)).toBe(true);
    for (const other of [
      `${WORKFLOW}/${workflow}@refs/heads/main`,
      `${WORKFLOW}/${workflow}@refs/tags/v1.20.3-rc.1`,
      `${WORKFLOW}/test.yml@refs/tags/v1.20.3`,
      `${WORKFLOW.replace('pawl-dev', 'evil')}/${workflow}@refs/tags/v1.20.3`,
      `https://evil.example/${WORKFLOW}/${workflow}@refs/tags/v1.20.3`,
    ])
      expect([other, identity.test(other)]).toEqual([other, false]);
  });

  it('has the identity that the policies for the cluster have', async () => {
    for (const policy of ['cluster-image-policy', 'kyverno']) {
      const text = await readFile(inRepository(`k8s/admission/signatures/${policy}.yaml`), 'utf8');
      expect(text).toContain(`issuer: ${assignments.get('ISSUER') ?? '?'}\n`);
      expect(text).toContain(`subjectRegExp: ${assignments.get('BUILD') ?? '?'}\n`);
    }
  });
});

describe.each(['PAWL_TEST_COSIGN3', 'PAWL_TEST_COSIGN'])('commands of docs/verify.md', (variable) => {
  const isNew = variable === 'PAWL_TEST_COSIGN3';
  describeWhenSet(variable, `by cosign ${isNew ? 3 : 2}`, (cosign) => {
    let folder = '';
    /** Runs a command of the page in a folder, by bash; `more` are further words for each cosign. */
    const run = async (line: string, env: Readonly<Record<string, string>> = {}, more = ''): Promise<Ended> => {
      const path = `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`;
      const all = {
        ...process.env,
        COSIGN_PASSWORD: '',
        ...Object.fromEntries(assignments),
        ...env,
        PATH: path,
        MORE: more,
      };
      const options = { cwd: folder, env: all, timeout: TIMEOUT_MS };
      return await promisify(execFile)('bash', ['--norc', '-euo', 'pipefail', '-c', line], options).then(
        ({ stdout, stderr }) => ({ code: 0, out: stdout + stderr }),
        (error: unknown) => {
          const { code, stdout, stderr } = error as { code?: number; stdout?: string; stderr?: string };
          return { code: code ?? -1, out: `${stdout ?? ''}${stderr ?? ''}` };
        },
      );
    };
    const passes = async (...args: Parameters<typeof run>) => {
      const ended = await run(...args);
      expect(ended).toMatchObject({ code: 0 });
      return ended.out;
    };

    beforeAll(async () => {
      folder = await aFolder();
      await mkdir(join(folder, 'bin'));
      const program = async (name: string, text: string) => {
        await writeFile(join(folder, 'bin', name), `#!/bin/bash\n${text}\n`);
        await chmod(join(folder, 'bin', name), 0o755);
      };
      // Words that depend on where a test runs come behind the command, before what it is about.
      await program('cosign', `command=$1; shift; exec '${cosign}' "$command" $MORE "$@"`);
      await program('pawl', `exec '${process.execPath}' '${inRepository('apps/cli/dist/bundle/main.js')}' "$@"`);
      await program('node', `exec '${process.execPath}' "$@"`);
      await passes('cosign generate-key-pair && mkdir other && cd other && cosign generate-key-pair');
    }, TIMEOUT_MS);
    afterAll(cleanFolders);

    describe('without a key', () => {
      const root = `--trusted-root ${fixture('trusted_root.json')}`;
      // The fixture has no file: its digest is what the last word of the command would be read for.
      const line = fileProvenance
        .replace('"$FILE.intoto.jsonl"', fixture('sigstore-2.0.0.sigstore.json'))
        .replace(/"\$FILE"$/, '');
      const about = (digest: string) =>
        `${root} --digest ${digest} --digestAlg sha512 ${isNew ? '' : '--new-bundle-format'}`;

      it('accept a file’s provenance by the workflow that made it', async () => {
        expect(await passes(line, { RELEASE: `^${STRANGER}$` }, about(DIGEST))).toContain('Verified OK');
      });

      it('refuse it by the identity of the page, another issuer, and for another file', async () => {
        const byPage = await run(line, {}, about(DIGEST));
        expect([byPage.code > 0, byPage.out]).toEqual([true, expect.stringContaining(STRANGER)]);
        const issuer = await run(line, { RELEASE: `^${STRANGER}$`, ISSUER: 'https://issuer.example' }, about(DIGEST));
        expect([issuer.code > 0, issuer.out]).toEqual([true, expect.stringContaining('issuer')]);
        const other = await run(line, { RELEASE: `^${STRANGER}$` }, about('00'.repeat(64)));
        expect([other.code > 0, other.out]).toEqual([true, expect.stringContaining('digest')]);
      });

      it('refuse a file that a key signed', async () => {
        await writeFile(join(folder, 'file'), 'x');
        const none = isNew ? '--use-signing-config=false' : '--new-bundle-format';
        await passes(
          `cosign sign-blob --yes --key cosign.key --tlog-upload=false --bundle file.sigstore.json file`,
          {},
          none,
        );
        const ended = await run(file, { FILE: 'file' }, `${root} ${isNew ? '' : '--new-bundle-format'}`);
        expect([ended.code > 0, ended.out]).toEqual([true, expect.stringContaining('transparency log')]);
      });
    });

    it('verify a signed folder of weights, and no other', async () => {
      const work = join(folder, 'weights');
      await cp(catdog, work, { recursive: true });
      await passes(`pawl keys generate --out keys && pawl sign weights --key keys/pawl.key`);
      await cp(fixture('trusted_root.json'), join(work, 'trusted_root.json'));
      const there = (line: string) => `cd weights && ${line.replace('keys/', '../keys/')}`;
      const more = isNew ? '' : '--new-bundle-format';
      expect(await passes(there(manifest), {}, more)).toContain('Verified OK');
      await passes(there(sums));
      const stranger = await run(there(manifest).replace('../keys/pawl.pub', '../other/cosign.pub'), {}, more);
      expect([stranger.code > 0, stranger.out]).toEqual([true, expect.stringMatching(/signature/)]);
      await writeFile(join(work, 'model.onnx'), 'other bytes');
      const changed = await run(there(sums));
      expect([changed.code, changed.out]).toEqual([1, expect.stringContaining('model.onnx: FAILED')]);
      await rm(work, { recursive: true });
    });

    // The page asks registries by cosign 3 alone.
    if (!isNew) return;

    describeWhenSet('PAWL_TEST_REGISTRY', 'against a real registry', (registry) => {
      const plain = '--allow-http-registry';
      const fresh = `pawl-verify/${randomBytes(4).toString('hex')}`;

      it('sign and verify an image by a key, and refuse another key and an unsigned image', async () => {
        const IMAGE = await pushSmallImage(registry, fresh, 'one');
        const unsigned = await run(imageByKey, { IMAGE }, plain);
        expect([unsigned.code > 0, unsigned.out]).toEqual([true, expect.stringMatching(/no (matching )?signatures/)]);
        await passes(sign, { IMAGE }, plain);
        expect(await passes(imageByKey, { IMAGE }, plain)).toContain(IMAGE.slice(IMAGE.indexOf('@') + 1));
        const stranger = await run(imageByKey.replace('cosign.pub', 'other/cosign.pub'), { IMAGE }, plain);
        expect([stranger.code > 0, stranger.out]).toEqual([true, expect.stringMatching(/signature/)]);
      });

      it.each([
        ['an image', image, 'IMAGE'],
        ['an image’s provenance', imageProvenance, 'IMAGE'],
        ['a chart', chart, 'CHART'],
      ])('refuse %s that a key signed where a workflow should have', async (_, line, name) => {
        const signed = await pushSmallImage(registry, fresh, line);
        await passes(sign, { IMAGE: signed }, plain);
        const ended = await run(line, { [name]: signed }, `${plain} --trusted-root ${fixture('trusted_root.json')}`);
        expect([ended.code > 0, ended.out]).toEqual([
          true,
          expect.stringMatching(/certificate|no matching|no signatures/),
        ]);
      });

      it('verify published weights by address', async () => {
        await passes('rm -rf w && mkdir w && pawl keys generate --out w/keys');
        await cp(catdog, join(folder, 'w/bundle'), { recursive: true });
        await passes('pawl sign w/bundle --key w/keys/pawl.key');
        const { uri } = await publishBundle(join(folder, 'w/bundle'), `oci://${registry}/${fresh}-weights:1`, {
          insecureRegistry: true,
        });
        const env = { ADDRESS: uri, REGISTRY_PLAIN_HTTP: 'true' };
        expect(await passes(`cd w && ${weights}`, env)).toContain('by the given key');
        const stranger = await run(weights.replace('keys/pawl.pub', 'other/cosign.pub'), env);
        expect([stranger.code, stranger.out]).toEqual([1, expect.stringContaining('BUNDLE_SIGNATURE_INVALID')]);
      });
    });

    describeWhenSet('KUBECONFIG', 'against a real API server', () => {
      it('apply the rules of admission', async () => {
        const out = await passes(`cd '${inRepository('')}' && ${applied} --dry-run=server`);
        expect(out.match(/^validatingadmissionpolic.*server dry run/gm)).toHaveLength(8);
        expect(await passes(listed)).toMatch(/^(NAME +WARNINGS|No resources found)/);
      });
    });
  });
});
