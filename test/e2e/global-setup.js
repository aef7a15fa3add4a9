import { globSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A run begins with an empty table, unless PAWL_E2E_ADD=1 says that it adds to the last one. */
export default function setup() {
  if (process.env.PAWL_E2E_ADD === '1') return;
  const reports = fileURLToPath(new URL('../../reports', import.meta.url));
  // Those of the GitOps walkthrough stay: it may run at the same time.
  const dumps = globSync('e2e-*.txt', { cwd: reports }).filter((file) => !file.startsWith('e2e-gitops'));
  for (const file of ['e2e', 'e2e.json', 'e2e.md', ...dumps])
    rmSync(`${reports}/${file}`, { recursive: true, force: true });
}
