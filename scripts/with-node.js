/**
 * Runs its arguments with a Node that is new enough, from any Node >= 20:
 *
 *   node scripts/with-node.js [node options] script.js [arguments]
 *
 * The package `node` brings Node 24, but in an install script, which npm may have been told not to run
 * (docs/decisions/0002-node-24-from-npm.md). Plain JavaScript, because the Node that reads this strips no types.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const NEEDED = 24;
const packageFolder = fileURLToPath(new URL('../node_modules/node', import.meta.url));
const binary = `${packageFolder}/bin/node${process.platform === 'win32' ? '.exe' : ''}`;

function major(file) {
  const { stdout } = spawnSync(file, ['-p', 'process.versions.node'], { encoding: 'utf8' });
  return Number.parseInt(stdout ?? '', 10);
}

function findNode() {
  if (Number.parseInt(process.versions.node, 10) >= NEEDED) return process.execPath;
  if (existsSync(binary) && major(binary) >= NEEDED) return binary;
  if (existsSync(`${packageFolder}/installArchSpecificPackage.js`)) {
    console.error(
      `Node ${process.version} is older than ${NEEDED}; fetching Node ${NEEDED} into node_modules, once ...`,
    );
    spawnSync(process.execPath, ['installArchSpecificPackage.js'], {
      cwd: packageFolder,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    if (existsSync(binary) && major(binary) >= NEEDED) return binary;
  }
  console.error(
    `Pawl needs Node >= ${NEEDED}; this is ${process.version}. Run "npm ci" first, or install Node ${NEEDED}.`,
  );
  process.exit(1);
}

const child = spawn(findNode(), process.argv.slice(2), { stdio: 'inherit' });
// The terminal sends Ctrl-C to both; a signal to this process alone is passed on. The child decides when to end.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  });
child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 130)));
