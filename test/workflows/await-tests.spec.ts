import { Machine } from './support/machine.ts';

const COMMIT = '2222222222222222222222222222222222222222';
const RUN = 'https://github.com/pawl-dev/pawl/actions/runs/7';

let machine: Machine;
afterEach(() => machine.delete());

/** Waits with a GitHub that gives these answers, one after the other and then the last one for ever; `!`: it does not answer. */
async function awaitTests(answers: readonly string[], env: Readonly<Record<string, string>> = {}) {
  machine = await Machine.create(['sleep']);
  const cases = answers.map((answer, at) => {
    const when = at === answers.length - 1 ? '*' : String(at + 1);
    return `  ${when}) ${answer === '!' ? 'exit 1' : `echo '${answer}'`} ;;`;
  });
  const log = `${machine.folder}/asked`;
  await machine.stub('gh', `echo x >>'${log}'\ncase $(grep -c x '${log}') in\n${cases.join('\n')}\nesac`);
  return await machine.run('await-tests.sh', [COMMIT], {
    GITHUB_REPOSITORY: 'pawl-dev/pawl',
    POLL_SECONDS: '1',
    ...env,
  });
}

describe('waiting for the tests of a commit', () => {
  it('goes on once they passed, however long they and GitHub took', async () => {
    const { code, out } = await awaitTests(['', 'queued - ', '!', `in_progress - ${RUN}`, `completed success ${RUN}`], {
      GITHUB_REF_NAME: 'main',
    });
    expect([code, out.trim().split('\n').at(-1)]).toEqual([0, `the tests of 2222222 passed: ${RUN}`]);
    expect((await machine.calls())[0]).toContain(
      `repos/pawl-dev/pawl/actions/workflows/test.yml/runs?head_sha=${COMMIT}&per_page=1&branch=main`,
    );
  });

  it.each([
    ['failed', 'failure', 'TESTS_FAILED'],
    ['ran out of time', 'timed_out', 'TESTS_FAILED'],
    ['were cancelled by a newer commit', 'cancelled', 'TESTS_CANCELLED'],
  ])('ends when they %s, and says where to look', async (_, conclusion, errorCode) => {
    const { code, err } = await awaitTests([`completed ${conclusion} ${RUN}`]);
    expect(code).toBe(1);
    expect(err).toContain(`[${errorCode}]`);
    expect(err).toContain(RUN);
  });

  it('ends when they do not', async () => {
    const { code, err } = await awaitTests([`in_progress - ${RUN}`], { WAIT_SECONDS: '2' });
    expect(code).toBe(1);
    expect(err).toContain('[TESTS_LATE]');
  });

  it('wants the whole hash, since a part of one finds nothing', async () => {
    machine = await Machine.create();
    const { code, err } = await machine.run('await-tests.sh', ['2222222'], { GITHUB_REPOSITORY: 'pawl-dev/pawl' });
    expect([code, err]).toEqual([2, expect.stringContaining('[USAGE]')]);
  });
});
