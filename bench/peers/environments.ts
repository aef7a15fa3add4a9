import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { environments } from './peers.ts';

/** Written when an environment is whole. */
const DONE = 'pawl-bench-peers';

/**
 * Makes the Python environment of a name in a folder, unless it is there: a `venv` of `$BENCH_PEERS_PYTHON`, or python3.
 * @returns undefined, or one sentence why it cannot be had.
 */
export function provide(name: keyof typeof environments, folder: string): string | undefined {
  const home = join(folder, name);
  const mark = join(home, DONE);
  if (existsSync(mark)) return undefined;
  rmSync(home, { recursive: true, force: true });
  const python = process.env['BENCH_PEERS_PYTHON'] ?? 'python3';
  const pip = [join(home, 'bin/pip'), 'install', '--quiet', '--disable-pip-version-check', ...environments[name]];
  for (const [program = '', ...args] of [[python, '-m', 'venv', home], pip]) {
    const { status, error, stderr } = spawnSync(program, args, { encoding: 'utf8' });
    if (status === 0) continue;
    const reason = (error?.message ?? stderr).trim().split('\n').at(-1) ?? '';
    return `${program} ${args.slice(0, 2).join(' ')} failed: ${reason}`;
  }
  writeFileSync(mark, '');
  return undefined;
}

/** What of an environment decides the figures: its Python, and the packages that were asked for with their versions. */
export function versions(name: keyof typeof environments, folder: string): string {
  const names = environments[name].map((requirement) => requirement.replace(/[[<].*/, ''));
  const program = [
    'import sys, platform, importlib.metadata as m',
    'print("Python " + platform.python_version(), *(f"{n} {m.version(n)}" for n in sys.argv[1:]), sep=", ")',
  ].join('; ');
  return spawnSync(join(folder, name, 'bin/python'), ['-c', program, ...names], { encoding: 'utf8' }).stdout.trim();
}
