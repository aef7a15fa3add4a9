import { globSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A run begins with an empty report. */
export default function setup() {
  const reports = fileURLToPath(new URL('../../reports', import.meta.url));
  for (const file of globSync('e2e-gitops*', { cwd: reports })) rmSync(`${reports}/${file}`, { force: true });
}
