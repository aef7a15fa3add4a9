import { join } from 'node:path';
import { Machine } from './support/machine.ts';

const NEW = 'ghcr.io/pawl-dev/pawl-inference:sha-2222222';
const OLD = 'ghcr.io/pawl-dev/pawl-inference:sha-1111111';

/** A Docker that remembers which image it was told to run, and a smoke test that fails where that image is broken. */
async function aMachine({ broken = '', unhealthy = '', missing = '', runs = '', down = 0 } = {}): Promise<Machine> {
  const machine = await Machine.create();
  const state = join(machine.folder, 'running');
  await machine.stub(
    'docker',
    `case "$*" in
  *' up '*)
    echo "$INFERENCE_IMAGE" >'${state}'
    echo "up $INFERENCE_IMAGE" >>'${join(machine.folder, 'history')}'
    [ "$INFERENCE_IMAGE" != '${unhealthy}' ] ;;
  *' ps '*) echo '${runs}' ;;
  *' down '*) exit ${down} ;;
  *' logs '*) echo 'the last words of the service' ;;
  'inspect --format {{.Config.Image}}'*) echo '${runs}' ;;
  'inspect --format {{.Image}}'*) echo 'sha256:of-what-runs' ;;
  'image inspect'*) [ '${missing}' = '' ] ;;
  pull*) [[ "$*" != *'${missing}'* ]] ;;
esac`,
  );
  await machine.stub('npx', `read -r image <'${state}'; [ "$image" != '${broken}' ]`);
  return machine;
}

let machine: Machine;
afterEach(() => machine.delete());
const deploy = async (env: Readonly<Record<string, string>> = {}, words: readonly string[] = ['staging', NEW]) => {
  const run = await machine.run('deploy.sh', words, { DEPLOY_OUTCOME: join(machine.folder, 'outcome'), ...env });
  const history = ((await machine.read('history')) ?? '').trim().split('\n');
  return { ...run, history, outcome: (await machine.read('outcome'))?.trim(), calls: await machine.calls() };
};
const downs = (calls: readonly string[]) => calls.filter((call) => call.includes(' down '));

describe('a deployment', () => {
  it('starts the image, asks it, and takes it down on a runner that is thrown away', async () => {
    machine = await aMachine();
    const { code, history, outcome, calls } = await deploy({ PREVIOUS_IMAGE: OLD });
    expect([code, outcome, history]).toEqual([0, 'deployed', [`up ${NEW}`]]);
    expect(calls).toContain('npx pawl smoke http://localhost:8000 --wait 60s');
    expect(calls.find((call) => call.includes(' up '))).toMatch(
      /^docker compose --project-name pawl-staging up .*--no-build --wait /,
    );
    expect(downs(calls)).toHaveLength(1);
  });

  it('leaves it where it shall go on', async () => {
    machine = await aMachine();
    const { code, calls } = await deploy({ KEEP_RUNNING: 'true', SERVICE_URL: 'http://10.0.0.1:8000' });
    expect([code, downs(calls)]).toEqual([0, []]);
    expect(calls).toContain('npx pawl smoke http://10.0.0.1:8000 --wait 60s');
  });

  it.each([
    ['answers wrongly', { broken: NEW }],
    ['is not healthy in time', { unhealthy: NEW }],
    ['cannot be pulled', { missing: NEW }],
  ])('goes back when the new one %s, and fails', async (_, how) => {
    machine = await aMachine(how);
    const { code, history, outcome, err } = await deploy({ PREVIOUS_IMAGE: OLD, KEEP_RUNNING: 'true' });
    expect([code, outcome, history.at(-1)]).toEqual([1, 'rolled-back', `up ${OLD}`]);
    expect(err).toContain('[DEPLOY_FAILED]');
    expect(err).toContain('the last words of the service');
  });

  it('goes back to what runs, by its id where its tag has been moved', async () => {
    machine = await aMachine({ broken: NEW, runs: OLD });
    expect((await deploy({ KEEP_RUNNING: 'true' })).history).toEqual([`up ${NEW}`, `up ${OLD}`]);
    await machine.delete();
    machine = await aMachine({ broken: NEW, runs: NEW });
    expect((await deploy({ KEEP_RUNNING: 'true' })).history).toEqual([`up ${NEW}`, 'up sha256:of-what-runs']);
  });

  it('says that there is nothing to go back to', async () => {
    machine = await aMachine({ broken: NEW });
    const { code, outcome, err, history, calls } = await deploy();
    expect([code, outcome, history]).toEqual([3, 'failed', [`up ${NEW}`]]);
    expect(err).toContain('[ROLLBACK_IMPOSSIBLE]');
    expect(downs(calls)).toHaveLength(1);
  });

  it('says that the previous image does not serve either', async () => {
    machine = await aMachine({ broken: NEW, unhealthy: OLD });
    const { code, outcome, err } = await deploy({ PREVIOUS_IMAGE: OLD });
    expect([code, outcome]).toEqual([3, 'failed']);
    expect(err).toContain('[ROLLBACK_FAILED]');
  });

  it('is one although it could not be taken down afterwards', async () => {
    machine = await aMachine({ down: 1 });
    const { code, outcome, err } = await deploy();
    expect([code, outcome]).toEqual([0, 'deployed']);
    expect(err).toContain('could not be taken down');
  });

  it.each([
    [['staging'], 'USAGE'],
    [['Staging!', NEW], 'ENVIRONMENT_INVALID'],
    [['staging', '--privileged'], 'IMAGE_INVALID'],
  ])('refuses %j, and touches nothing', async (words, code) => {
    machine = await aMachine();
    const refused = await deploy({}, words);
    expect([refused.code, refused.calls]).toEqual([2, []]);
    expect(refused.err).toContain(`[${code}]`);
  });
});

describe('what was deployed before', () => {
  const env = { GITHUB_REPOSITORY: 'Pawl-Dev/pawl', GITHUB_SHA: '2222222222222222222222222222222222222222' };
  /** A record of GitHub: the newest deployment first. */
  const aRecord = async (rows: readonly (readonly [id: number, sha: string, succeeded: boolean])[]) => {
    machine = await Machine.create();
    const cases = rows.map(([id, , succeeded]) => `  */deployments/${id}/statuses*) echo ${succeeded} ;;`);
    const list = rows.map(([id, sha]) => `${id}\\t${sha}\\n`).join('');
    await machine.stub('gh', `case "$*" in\n${cases.join('\n')}\n  *) printf '${list}' ;;\nesac`);
  };
  const previous = () => machine.run('previous-image.sh', ['staging', 'pawl-inference'], env);

  it('is the last one that succeeded, of another commit', async () => {
    await aRecord([
      [5, '2222222222222222222222222222222222222222', true],
      [4, '4444444444444444444444444444444444444444', false],
      [3, '3333333333333333333333333333333333333333', true],
      [1, '1111111111111111111111111111111111111111', true],
    ]);
    const { code, out } = await previous();
    expect([code, out]).toEqual([0, 'ghcr.io/pawl-dev/pawl-inference:sha-3333333\n']);
    expect((await machine.calls())[0]).toContain('repos/Pawl-Dev/pawl/deployments?environment=staging');
  });

  it('is nothing where none succeeded', async () => {
    await aRecord([[4, '4444444444444444444444444444444444444444', false]]);
    expect(await previous()).toMatchObject({ code: 0, out: '' });
  });
});
