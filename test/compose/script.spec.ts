import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { aFolder, cleanFolders } from '@pawl/test-kit/bundles';
import { inRepository } from '@pawl/test-kit/repository';

/** A `docker` that writes down how it is called. It has the images of HERE; compose is content unless UP_FAILS. */
const DOCKER = `#!/bin/bash
printf '%s\\n' "$*" >>calls
case "$*" in
  'image inspect '*) [[ " $HERE " = *" $3 "* ]] ;;
  'compose up '*) echo "$INFERENCE_IMAGE $MLFLOW_IMAGE" >images; [ -z "$UP_FAILS" ] ;;
  'compose port inference 8000') echo 127.0.0.1:28000 ;;
esac
`;
/** An `npx` that writes down how it is called. */
const NPX = `#!/bin/bash
printf '%s\\n' "$*" >>calls
`;
const UP = 'compose up --no-build --detach --wait --wait-timeout 300';

let root: string;
beforeEach(async () => {
  root = await aFolder();
  await mkdir(join(root, 'scripts/ci'), { recursive: true });
  await copyFile(inRepository('scripts/ci/compose.sh'), join(root, 'scripts/ci/compose.sh'));
  // pawl is built.
  await mkdir(join(root, 'apps/cli/dist/bundle'), { recursive: true });
  await writeFile(join(root, 'apps/cli/dist/bundle/main.js'), '');
  await mkdir(join(root, 'bin'));
  for (const [name, script] of Object.entries({ docker: DOCKER, npx: NPX })) {
    await writeFile(join(root, 'bin', name), script);
    await chmod(join(root, 'bin', name), 0o755);
  }
});
afterEach(cleanFolders);

/** Runs the script in a folder of its own, with nothing of this shell but the PATH. */
async function script(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return await new Promise<{ readonly code: number; readonly err: string }>((resolve) => {
    const path = `${join(root, 'bin')}:${process.env['PATH'] ?? ''}`;
    execFile(
      join(root, 'scripts/ci/compose.sh'),
      [...argv],
      { env: { PATH: path, ...env }, timeout: 60_000 },
      (error, _, err) => {
        resolve({ code: error === null ? 0 : Number(error.code), err });
      },
    );
  });
}
const lines = async (file: string) =>
  (await readFile(join(root, file), 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');

describe('compose.sh up', () => {
  it('builds the service, and starts what was built', async () => {
    expect((await script(['up'])).code).toBe(0);
    expect(await lines('calls')).toEqual(['compose build inference', UP]);
  });

  it.each([
    ['a tag', { INFERENCE_IMAGE: 'ghcr.io/o/pawl-inference:v1.2.3' }, 'ghcr.io/o/pawl-inference:v1.2.3'],
    [
      'a tag apart',
      { INFERENCE_IMAGE: 'ghcr.io/o/pawl-inference', TAG: 'sha-1a2b' },
      'ghcr.io/o/pawl-inference:sha-1a2b',
    ],
    ['a port and no tag', { INFERENCE_IMAGE: 'host:5000/pawl-inference' }, 'host:5000/pawl-inference:dev'],
    ['a digest', { INFERENCE_IMAGE: 'host/pawl@sha256:12', TAG: 'x' }, 'host/pawl@sha256:12'],
  ])('fetches an image that is named, with %s', async (_, env, image) => {
    expect((await script(['up'], env)).code).toBe(0);
    expect(await lines('calls')).toEqual([`image inspect ${image}`, `pull ${image}`, UP]);
    expect(await lines('images')).toEqual([`${image} `]);
  });

  it('takes a named image that is here already', async () => {
    await script(['up'], { INFERENCE_IMAGE: 'pawl-inference:dev', HERE: 'pawl-inference:dev' });
    expect(await lines('calls')).toEqual(['image inspect pawl-inference:dev', UP]);
  });

  it('reads .env as Compose does: the shell wins', async () => {
    await writeFile(join(root, '.env'), 'INFERENCE_IMAGE=a:1\nMLFLOW_IMAGE=b:2\nCOMPOSE_PROFILES=mlflow\n');
    await script(['up'], { INFERENCE_IMAGE: 'c:3', HERE: 'c:3 b:2' });
    expect(await lines('images')).toEqual(['c:3 b:2']);
  });

  it.each(['mlflow', 'registry,mlflow', '*'])('builds the server of MLflow for the profiles %s', async (profiles) => {
    await script(['up'], { COMPOSE_PROFILES: profiles });
    expect(await lines('calls')).toEqual(['compose build inference', 'compose build mlflow', UP]);
  });

  it('shows what is there when a start fails, and fails', async () => {
    const { code, err } = await script(['up'], { UP_FAILS: 'yes', WAIT_SECONDS: '5' });
    expect([code, err]).toEqual([
      1,
      expect.stringContaining('[STACK_UNHEALTHY]\nnext:  see docs/compose.md#when-it-does-not-start'),
    ]);
    expect(await lines('calls')).toEqual([
      'compose build inference',
      UP.replace('300', '5'),
      'compose ps --all',
      'compose logs --no-color --tail 20',
    ]);
  });
});

describe('compose.sh smoke and down', () => {
  it('asks the service where Docker says that it listens', async () => {
    expect((await script(['smoke', '--image', 'x.jpg'])).code).toBe(0);
    expect((await lines('calls')).at(-1)).toBe(
      '--no-install pawl smoke http://127.0.0.1:28000 --wait 60s --image x.jpg',
    );
  });

  it('takes down what any profile started, and volumes only when told to', async () => {
    await script(['down']);
    await script(['down', '--volumes']);
    expect(await lines('calls')).toEqual([
      'compose --profile * down --remove-orphans',
      'compose --profile * down --remove-orphans --volumes',
    ]);
  });

  it('says how it is used', async () => {
    const { code, err } = await script(['dwon']);
    expect([code, err]).toEqual([2, expect.stringContaining('scripts/ci/compose.sh down [--volumes]')]);
    expect(await lines('calls')).toEqual([]);
  });
});

describe('compose.sh secrets', () => {
  it('makes passwords once, for their owner alone', async () => {
    expect((await script(['secrets'])).code).toBe(0);
    const first = await lines('.env');
    expect(first).toEqual([
      expect.stringMatching(/^POSTGRES_PASSWORD=[0-9a-f]{48}$/),
      expect.stringMatching(/^S3_SECRET_KEY=[0-9a-f]{48}$/),
    ]);
    expect((await stat(join(root, '.env'))).mode & 0o777).toBe(0o600);

    const { code, err } = await script(['secrets']);
    expect([code, err]).toEqual([1, expect.stringContaining('[ENV_EXISTS]\nnext: ')]);
    expect(await lines('.env')).toEqual(first);
  });
});
