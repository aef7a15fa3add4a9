import { readFileSync } from 'node:fs';
import { inRepository } from '@pawl/test-kit/repository';

const read = (path: string) => readFileSync(inRepository(path), 'utf8');
const wanted = read('images/mlflow/requirements.in')
  .split('\n')
  .filter((line) => /^[a-z]/.test(line));
/** Name and version of each locked package, with the hashes that its files may have. */
const locked = new Map(
  read('images/mlflow/requirements.txt')
    .split(/\n(?=\S)/)
    .flatMap((entry) => {
      const [, name = '', version = ''] = /^([a-z0-9-]+)==(\S+)/.exec(entry) ?? [];
      return name === ''
        ? []
        : [[name, { version, hashes: entry.match(/--hash=sha256:[0-9a-f]{64}\b/g) ?? [] }] as const];
    }),
);

describe("the packages of MLflow's image", () => {
  it('are those that Pawl is tested with', () => {
    const [, tested = ''] = /install_venv mlflow (.*)$/m.exec(read('.ci/run')) ?? [];
    const exact = wanted.filter((line) => line.includes('=='));
    expect(exact).toHaveLength(3);
    for (const line of exact) expect(tested.split(' ')).toContain(line);
  });

  it('are locked as they are wanted', () => {
    for (const line of wanted) {
      const [, name = '', operator, version = ''] = /^([a-z0-9-]+)(==|<)(.+)$/.exec(line) ?? [];
      const there = locked.get(name)?.version;
      if (operator === '==') expect([name, there]).toEqual([name, version]);
      // MLflow's migrations fail from SQLAlchemy 2.1 on.
      else expect([name, there]).toEqual(['sqlalchemy', expect.stringMatching(/^2\.0\.\d+$/)]);
    }
  });

  it('have a hash each, and no place of their own to come from', () => {
    expect(locked.size).toBeGreaterThan(50);
    for (const [name, { hashes }] of locked) expect([name, hashes.length > 0]).toEqual([name, true]);
    expect(read('images/mlflow/requirements.txt')).not.toMatch(/:\/\/|--(extra-)?index-url|--find-links/);
  });

  it('are installed by hash, from wheels alone, which need no compiler', () => {
    const [, install = ''] =
      /( install .*?requirements\.txt)/s.exec(read('Dockerfile').split('AS mlflow-packages')[1] ?? '') ?? [];
    expect(install).toContain('--require-hashes');
    expect(install).toContain('--only-binary=:all:');
  });
});
