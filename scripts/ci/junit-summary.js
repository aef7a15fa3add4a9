/**
 * What a JUnit report says, as Markdown: one line of counts, and every failure with its first lines.
 *
 *   node scripts/ci/junit-summary.js reports/junit.xml
 *
 * Plain JavaScript without a dependency, because a job may end before anything is installed. Exit code 0 whether tests failed or
 * not: the step that ran them said so. Without a report it says that there is none.
 */
import { existsSync, readFileSync } from 'node:fs';
import { argv, stdout } from 'node:process';
import { stripVTControlCharacters } from 'node:util';

/** How many failures are shown, and how many lines of each. A summary of GitHub may have 1 MiB. */
const FAILURES = 20;
const LINES = 12;

const ENTITIES = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
const plain = (text) =>
  stripVTControlCharacters(
    text
      .replace(/&#(x[0-9a-f]+|\d+);/gi, (_, code) => String.fromCodePoint(Number(code.replace(/^x/i, '0x'))))
      .replace(/&(lt|gt|quot|apos|amp);/g, (_, name) => ENTITIES[name]),
  );

/** @param {string} tag a start tag. @param {string} name of an attribute. @returns {string} its value, or ''. */
const attribute = (tag, name) => plain(new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1] ?? '');

/**
 * @param {string} xml as jest-junit writes it.
 * @returns {string} Markdown.
 */
function summaryOf(xml) {
  const cases = [...xml.matchAll(/<testcase\b([^>]*?)(?:\/>|>([^]*?)<\/testcase>)/g)].map(([, tag, body = '']) => ({
    name: `${attribute(tag, 'classname')} ${attribute(tag, 'name')}`.trim(),
    skipped: /<skipped\b/.test(body),
    failure: /<(?:failure|error)\b[^>]*>([^]*?)<\/(?:failure|error)>/.exec(body)?.[1],
  }));
  const failed = cases.filter(({ failure }) => failure !== undefined);
  const skipped = cases.filter(({ skipped }) => skipped).length;
  const passed = cases.length - failed.length - skipped;
  const lines = [`**${passed} passed, ${failed.length} failed, ${skipped} skipped**`];
  for (const { name, failure } of failed.slice(0, FAILURES))
    lines.push('', `- ${name}`, '', '````', ...plain(failure).trim().split('\n').slice(0, LINES), '````');
  if (failed.length > FAILURES) lines.push('', `… and ${failed.length - FAILURES} more, in the report.`);
  return lines.join('\n');
}

const [, , file = 'reports/junit.xml'] = argv;
stdout.write(
  `${existsSync(file) ? summaryOf(readFileSync(file, 'utf8')) : `There is no report ${file}: no test ran.`}\n`,
);
