import { globSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A run begins with an empty table, unless PAWL_E2E_ADD=1 says that it adds to the last one. */
export default function setup() {
  if (process.env.PAWL_E2E_ADD === '1') return;
  const reports = fileURLToPath(new URL('../../reports', import.meta.url));
  for (const file of ['e2e.json', 'e2e.md', ...globSync('e2e-*.txt', { cwd: reports })])
    rmSync(`${reports}/${file}`, { force: true });
}
