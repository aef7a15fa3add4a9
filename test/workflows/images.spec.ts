import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { Machine } from './support/machine.ts';
import { ROOT } from './support/workflow.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
let machine: Machine;
beforeEach(async () => {
  machine = await Machine.create();
});
afterEach(() => machine.delete());

describe('what an image is built from', () => {
  it('has the digest that each base of the Dockerfile has now', async () => {
    await machine.stub('docker', `echo '${DIGEST}'`);
    const { code, out } = await machine.run('build-args.sh', [], { GITHUB_REF: 'refs/heads/main' });
    expect(code).toBe(0);
    const bases = [...readFileSync(join(ROOT, 'Dockerfile'), 'utf8').matchAll(/^ARG (\w+_IMAGE=.+)$/gm)];
    expect(bases.length).toBeGreaterThan(0);
    for (const [, base = ''] of bases) expect(out.split('\n')).toContain(`${base}@${DIGEST}`);
    expect(out).toMatch(/^VERSION=sha-[0-9a-f]{7}\nREVISION=[0-9a-f]{40}\nSOURCE_DATE_EPOCH=\d{10}\n/m);
    expect(await machine.calls()).toHaveLength(bases.length);
  });

  it('has the number of a release', async () => {
    await machine.stub('docker', `echo '${DIGEST}'`);
    const { out } = await machine.run('build-args.sh', [], { GITHUB_REF: 'refs/tags/v1.2.3' });
    expect(out).toContain('VERSION=1.2.3\n');
  });

  it('is not guessed where the registry does not say', async () => {
    await machine.stub('docker', 'echo none');
    const { code, err } = await machine.run('build-args.sh', []);
    expect([code, err]).toEqual([1, expect.stringContaining('[DIGEST_INVALID]')]);
    expect(await machine.run('build-args.sh', ['none'])).toMatchObject({ code: 2 });
  });
});

describe('a push of an archive', () => {
  const names = ['ghcr.io/a/b:latest', 'ghcr.io/a/b:sha-0123456'];
  /** A skopeo that writes a digest for each name. */
  const skopeo = async (digestOf: string) => {
    await machine.stub('skopeo', `while [ "$1" != --digestfile ]; do shift; done\nname=\${@: -1}\n${digestOf} >"$2"`);
  };

  it('takes every platform to every name, and says one digest', async () => {
    await skopeo(`echo ${DIGEST}`);
    const { code, out } = await machine.run('push-image.sh', ['image.tar', ...names]);
    expect([code, out]).toEqual([0, `${DIGEST}\n`]);
    const calls = await machine.calls();
    expect(calls.map((call) => call.split(' ').at(-1))).toEqual(names.map((name) => `docker://${name}`));
    for (const call of calls) expect(call).toContain('copy --all --preserve-digests');
  });

  it('stops when the names would not be one image', async () => {
    await skopeo('echo "$name" | sha256sum | sed "s/^/sha256:/; s/ .*//"');
    const { code, out, err } = await machine.run('push-image.sh', ['image.tar', ...names]);
    expect([code, out, err]).toEqual([1, '', expect.stringContaining('[DIGEST_DIFFERS]')]);
  });

  it('stops when nothing says what was pushed', async () => {
    await skopeo('echo');
    expect((await machine.run('push-image.sh', ['image.tar', 'a:b'])).err).toContain('[DIGEST_INVALID]');
    expect(await machine.run('push-image.sh', ['image.tar'])).toMatchObject({ code: 2 });
  });
});

describe('the check of who built an image', () => {
  const env = { GITHUB_REPOSITORY: 'Pawl-Dev/pawl.js' };
  const verify = async (image: string) => {
    await machine.delete();
    machine = await Machine.create(['node']);
    const says = JSON.stringify([{ critical: { image: { 'docker-manifest-digest': DIGEST } } }]);
    await machine.stub('cosign', `case $* in *unsigned*) exit 1 ;; *silent*) echo '[]' ;; *) echo '${says}' ;; esac`);
    return await machine.run('verify-image.sh', [image], env);
  };

  it.each([
    ['ghcr.io/a/b:1.0.0', 'ghcr.io/a/b'],
    ['localhost:5000/a/b', 'localhost:5000/a/b'],
    [`ghcr.io/a/b@${DIGEST}`, 'ghcr.io/a/b'],
  ])('names %s by what was verified', async (image, name) => {
    expect(await verify(image)).toMatchObject({ code: 0, out: `${name}@${DIGEST}\n` });
    // The workflow of this repository alone, and a dot is a dot.
    expect((await machine.calls())[0]).toContain(
      String.raw`--certificate-identity-regexp ^https://github\.com/Pawl-Dev/pawl\.js/\.github/workflows/build\.yml@refs/ `,
    );
  });

  it('refuses an image that it did not sign', async () => {
    expect((await verify('ghcr.io/a/unsigned:1')).err).toContain('[IMAGE_UNVERIFIED]');
    expect((await verify('ghcr.io/a/silent:1')).err).toContain('[DIGEST_INVALID]');
  });
});

describe('the summary of an image', () => {
  const layout = () => join(machine.folder, 'layout');
  const put = async (content: object) => {
    const text = JSON.stringify(content);
    const hex = createHash('sha256').update(text).digest('hex');
    await writeFile(join(layout(), 'blobs/sha256', hex), text);
    return { digest: `sha256:${hex}`, size: text.length };
  };
  const IMAGE = 'application/vnd.oci.image.manifest.v1+json';

  /** A layout as buildx writes it: an index in an index, with what it attests beside each platform. */
  async function aLayout(sizes: Readonly<Record<string, readonly number[]>>, attested: readonly string[] = []) {
    await mkdir(join(layout(), 'blobs/sha256'), { recursive: true });
    const manifests: object[] = [];
    for (const [architecture, layers] of Object.entries(sizes)) {
      const config = { ...(await put({ os: 'linux', architecture })), size: 1000 };
      const image = await put({ config, layers: layers.map((size) => ({ size })) });
      manifests.push({ mediaType: IMAGE, ...image, platform: { os: 'linux', architecture } });
      const statement = await put({
        layers: attested.map((type) => ({ annotations: { 'in-toto.io/predicate-type': type } })),
      });
      if (attested.length > 0)
        manifests.push({
          ...{ mediaType: IMAGE, ...statement, platform: { os: 'unknown', architecture: 'unknown' } },
          annotations: { 'vnd.docker.reference.type': 'attestation-manifest' },
        });
    }
    const index = { mediaType: 'application/vnd.oci.image.index.v1+json', ...(await put({ manifests })) };
    await writeFile(join(layout(), 'index.json'), JSON.stringify({ manifests: [index] }));
  }

  const summary = (words: readonly string[], input = '') =>
    execFileSync(process.execPath, [join(ROOT, 'scripts/ci/image-summary.js'), layout(), ...words], {
      input,
    }).toString();

  it('has tags, platforms, sizes, bases and usage', async () => {
    await aLayout({ amd64: [50_000_000, 49_999_000], arm64: [47_000_000] }, [
      'https://spdx.dev/Document',
      'https://slsa.dev/provenance/v1',
    ]);
    const names = ['ghcr.io/a/pawl-inference:latest', 'ghcr.io/a/pawl-inference:sha-0123456'];
    const text = summary([DIGEST, ...names], `NODE_IMAGE=node:24@${DIGEST}\nVERSION=1.0.0\n`);
    expect(text).toContain('| linux/amd64 | 100.0 MB | 2 |\n| linux/arm64 | 47.0 MB | 1 |\n');
    expect(text).toContain('Tags: `latest`, `sha-0123456`');
    expect(text).toContain('SBOM: yes; provenance: yes');
    expect(text).toContain(`- NODE_IMAGE: \`node:24@${DIGEST}\``);
    expect(text).toContain(`docker pull ghcr.io/a/pawl-inference@${DIGEST}`);
    expect(text).toContain('-e MODEL_URI=file:///model ghcr.io/a/pawl-inference:latest');
  });

  it('has an example of compose for the server of MLflow, and says what was not pushed', async () => {
    await aLayout({ amd64: [1_000_000] });
    const text = summary(['-', 'localhost:5000/a/pawl-mlflow:pr-7']);
    expect(text).toContain('### localhost:5000/a/pawl-mlflow\n');
    expect(text).toContain('Built, and not pushed.');
    expect(text).toContain('SBOM: no; provenance: no');
    expect(text).toContain('    image: localhost:5000/a/pawl-mlflow:pr-7\n');
    expect(text).not.toContain('docker pull');
  });
});
