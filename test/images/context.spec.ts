import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { inRepository } from '@pawl/test-kit/repository';
import dockerignore from '@balena/dockerignore';

// The package is CommonJS, and its types say that it is not.
const createFilter = dockerignore as unknown as typeof dockerignore.default;

/** Paths of the Dockerfile's directory that a build sends, as Docker reads .dockerignore. */
const sent = (paths: readonly string[]): string[] =>
  createFilter()
    .add(readFileSync(inRepository('.dockerignore'), 'utf8'))
    .filter([...paths]);

const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  cwd: inRepository(''),
  encoding: 'utf8',
})
  .split('\0')
  .filter((file) => file !== '');

describe('what a build of an image sees', () => {
  it.each([
    ...['.env', '.env.production', 'prod.env', '.npmrc.bak', '.netrc', '.aws/credentials', '.docker/config.json'],
    ...[
      'cosign.key',
      'tls.pem',
      'id_ed25519',
      '.ssh/id_rsa',
      'store.p12',
      'kubeconfig',
      'kind.kubeconfig',
      '.kube/config',
    ],
    ...['data/cat/1.jpg', 'runs/1/params.json', 'reports/junit.xml', '.git/config', 'node_modules/a/index.js'],
    ...['models/catdog/model.onnx', 'mlruns/0/meta.yaml', '.dvc/config.local'],
  ])('is never %s, in the root or beside the sources', (path) => {
    expect(sent([path, `apps/inference/${path}`])).toEqual([]);
  });

  it.each(['.env', 'cosign.key', 'tls.pem', '.npmrc', 'kubeconfig', 'kind.kubeconfig', '.git/config', 'model.onnx'])(
    'is never %s in the depth of a folder that is sent',
    (path) => {
      expect(sent([`apps/cli/src/${path}`, `images/licences/${path}`, `scripts/images/${path}`])).toEqual([]);
    },
  );

  it('has the .npmrc of the repository, which holds no secret', () => {
    expect(sent(['.npmrc'])).toEqual(['.npmrc']);
    expect(readFileSync(inRepository('.npmrc'), 'utf8')).not.toMatch(/_auth|_password|token|:\/\/|\bkey\b|cert/i);
  });

  it('has no test and nothing that is built elsewhere', () => {
    const context = sent([...files, 'apps/cli/dist/main.js', 'apps/cli/node_modules/a/index.js']);
    expect(context.filter((file) => /\.spec\.ts$|^apps\/[^/]+\/test\/|\/dist\/|node_modules/.test(file))).toEqual([]);
  });

  it('has all that the Dockerfile copies, and little else', () => {
    const dockerfile = readFileSync(inRepository('Dockerfile'), 'utf8');
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+)$/gm)].flatMap(([, words]) =>
      words!.trim().split(/\s+/).slice(0, -1),
    );
    expect(copied.length).toBeGreaterThan(10);
    const context = sent(files);
    /** Whether a file is what an argument of COPY names: itself, in that folder, or by a `*` in a name. */
    const isOf = (argument: string) => {
      const pattern = argument.replace(/[.]/g, '\\.').replaceAll('*', '[^/]*');
      return (file: string) => new RegExp(`^${pattern}(/|$)`).test(file);
    };
    for (const argument of copied) expect([argument, context.some(isOf(argument))]).toEqual([argument, true]);
    const tops = ['apps', 'scripts', 'images', 'charts'];
    for (const file of context.filter((each) => !tops.includes(each.split('/')[0]!)))
      expect([file, copied.some((argument) => isOf(argument)(file))]).toEqual([file, true]);
  });

  it('has every source of the apps', () => {
    const isSource = (file: string) => /^apps\/[^/]+\/src\/.*\.ts$/.test(file) && !file.endsWith('.spec.ts');
    const sources = files.filter((file) => isSource(file) && existsSync(inRepository(file)));
    expect(sources.length).toBeGreaterThan(300);
    const context = new Set(sent(files));
    expect(sources.filter((file) => !context.has(file))).toEqual([]);
  });
});
