/**
 * Writes what is made from the rules (`npm run generate`): the rule files of `monitoring/rules` and of the chart, their unit
 * tests for promtool, and the table in docs/alerts.md. generate.spec.ts fails while one of them is stale.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { format } from 'prettier';
import { alertsPage } from './alerts-page.ts';
import { promtoolTests } from './promtool-tests.ts';
import { ruleFiles } from './rule-files.ts';

/** The generated files, by path from the root of the repository. */
export async function generateMonitoring(): Promise<ReadonlyMap<string, string>> {
  const texts = [
    ...ruleFiles(),
    ...promtoolTests(),
    ['docs/alerts.md', alertsPage(readFileSync('docs/alerts.md', 'utf8'))] as const,
  ].map(
    async ([path, text]) => [path, await format(text, { filepath: path, singleQuote: true, printWidth: 120 })] as const,
  );
  return new Map(await Promise.all(texts));
}

if (import.meta.main)
  for (const [path, text] of await generateMonitoring()) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
