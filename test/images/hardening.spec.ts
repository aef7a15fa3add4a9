import { eventually } from '@pawl/test-kit/eventually';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { Namespace } from '../chart/support/cluster.ts';

/** Programs that people expect in a container, and that help whoever breaks into one. */
const TOOLS = ['sh', 'bash', 'ls', 'cat', 'apt-get', 'dpkg', 'curl', 'wget', 'perl', 'python3', 'mount', 'su'];

/** What a process of the image finds: run by the image's own entry point. */
const PROBE = `
const fs = require('node:fs'), path = require('node:path'), { spawnSync } = require('node:child_process');
const status = Object.fromEntries(fs.readFileSync('/proc/self/status', 'utf8').split('\\n').map((line) => line.split(':\\t')));
const written = (file) => { try { fs.writeFileSync(file, ''); return 'written'; } catch (error) { return error.code; } };
const files = ['/app', '/bin', '/etc', '/lib', '/tmp', '/usr', '/var'].filter(fs.existsSync)
  .flatMap((root) => fs.readdirSync(root, { recursive: true, withFileTypes: true }).map((each) => path.join(each.parentPath, each.name)));
const modes = files.map((file) => [file, fs.lstatSync(file)]).filter(([, stat]) => !stat.isSymbolicLink());
console.log(JSON.stringify({
  ids: [process.getuid(), process.getgid()], parent: fs.readFileSync('/proc/1/comm', 'utf8').trim(),
  capabilities: [status.CapEff, status.CapPrm, status.CapBnd], noNewPrivs: status.NoNewPrivs, seccomp: status.Seccomp,
  root: written('/app/x'), tmp: written('/tmp/x'),
  tools: ${JSON.stringify(TOOLS)}.filter((tool) => spawnSync(tool, ['-c', 'true']).error === undefined),
  setuid: modes.filter(([, stat]) => (stat.mode & 0o6000) !== 0).map(([file]) => file),
  writable: modes.filter(([, stat]) => (stat.mode & 0o002) !== 0).map(([file]) => file).filter((file) => !file.startsWith('/tmp')),
  owned: modes.filter(([, stat]) => stat.uid !== 0).map(([file]) => file).filter((file) => !file.startsWith('/tmp')),
  packages: fs.readdirSync('/var/lib/dpkg/status.d'), notices: fs.readFileSync('/app/THIRD-PARTY-NOTICES', 'utf8').length,
  joined: JSON.parse(fs.readFileSync('/app/packages.cdx.json', 'utf8')).components.map(({ name }) => name),
}));`;

/** A pod as the chart's are, that runs the probe and ends. */
const pod = (image: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'probe' },
  spec: {
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'probe',
        image,
        imagePullPolicy: 'IfNotPresent',
        args: ['-e', PROBE],
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
        volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
      },
    ],
    volumes: [{ name: 'tmp', emptyDir: {} }],
  },
});

interface Found {
  readonly tools: readonly string[];
  readonly packages: readonly string[];
  readonly joined: readonly string[];
  readonly notices: number;
}

/** @param tools that the image may have. @param packages that it must say it has files of. @param joined packages of npm. */
function anImage(
  tools: readonly string[],
  packages: readonly string[],
  joined: readonly string[],
  image: string,
): void {
  const namespace = new Namespace();
  let found: Found;

  beforeAll(async () => {
    namespace.create();
    namespace.must(['create', '-f', '-'], pod(image));
    const phase = () => (namespace.get('pod', 'probe').status as { phase: string }).phase;
    await eventually('the probe to end', () => ['Succeeded', 'Failed'].includes(phase()), {
      timeoutMs: 240_000,
      everyMs: 500,
    });
    found = JSON.parse(namespace.must(['logs', 'probe'])) as Found;
  }, 300_000);
  afterAll(() => {
    namespace.delete();
  });

  it('runs as user 1000 behind its init, without any capability, and writes to /tmp alone', () => {
    const none = '0000000000000000';
    expect(found).toMatchObject({
      ids: [1000, 1000],
      parent: 'tini-static',
      capabilities: [none, none, none],
      noNewPrivs: '1',
      seccomp: '2',
      root: 'EROFS',
      tmp: 'written',
    });
  });

  it('holds nothing that makes its user another one, or that its user may change', () => {
    expect(found).toMatchObject({ setuid: [], writable: [], owned: [] });
  });

  it('has of the tools that people expect what it needs', () => {
    expect(found.tools).toEqual(tools);
  });

  it('tells scanners and people what it is made of', () => {
    expect(found.packages).toEqual(
      expect.arrayContaining([...packages, 'ca-certificates', 'libc6', 'libstdc++6', 'tini']),
    );
    expect(found.joined).toEqual(expect.arrayContaining([...joined, 'node', 'zod']));
    expect(found.notices).toBeGreaterThan(50_000);
  });
}

describeWhenSet('PAWL_TEST_INFERENCE_IMAGE', 'the image of the service, in a pod', (image) => {
  anImage(['sh'], ['dash', 'libjemalloc2'], ['onnxruntime-node', 'sharp', '@nestjs/core'], image);
});

describeWhenSet('PAWL_TEST_CONTROLLER_IMAGE', 'the image of the controller, in a pod', (image) => {
  anImage([], [], ['@kubernetes/client-node'], image);
});
