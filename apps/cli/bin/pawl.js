#!/usr/bin/env node
/**
 * `npx pawl` in a checkout: the built CLI on a Node that is new enough. Plain JavaScript, because the Node that reads this
 * may be older.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../dist/bundle/main.js', import.meta.url));
if (!existsSync(program)) {
  console.error('pawl is not built yet. Run "npm run build" first.');
  process.exit(1);
}
process.argv.splice(2, 0, program);
await import('../../../scripts/with-node.js');
