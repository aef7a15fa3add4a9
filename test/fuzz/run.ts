/**
 * `npm run fuzz`: tries the readers of what strangers send with changed inputs, until the time is over. The same seed and
 * number of inputs give the same inputs. What does harm is saved, with the line that tries it again.
 *
 *   npm run fuzz -- [--seconds 20] [--iterations N] [--seed 1] [--target NAME]... [--out reports/fuzz]
 *   npm run fuzz -- --target NAME --replay FILE
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { replay, runCampaign, type Finding } from './engine/campaign.ts';
import { targetModule, targetNames } from './engine/targets.ts';

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    iterations: { type: 'string' },
    seed: { type: 'string', default: '1' },
    target: { type: 'string', multiple: true },
    out: { type: 'string', default: 'reports/fuzz' },
    replay: { type: 'string' },
  },
});

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

function fail(problem: string): never {
  process.stderr.write(`${problem}\n`);
  process.exit(2);
}

function wholeNumber(name: 'seconds' | 'iterations' | 'seed', text: string): number {
  if (!/^\d{1,15}$/.test(text)) fail(`--${name} ${JSON.stringify(text)}: expected a whole number from 0 on`);
  return Number(text);
}

/** Saves an input and what it did. */
function save({ target, iteration, kind, detail, input }: Finding, seed: number): void {
  mkdirSync(options.out, { recursive: true });
  const name = target.replace(/\.ts$/, '');
  const file = join(options.out, `${name}-${seed}-${iteration}`);
  writeFileSync(file, input);
  const again = `npm run fuzz -- --target ${name} --replay ${file}`;
  writeFileSync(`${file}.txt`, `${kind}: ${detail}\n${again}\n`);
  say(`  ${kind}: ${detail.split('\n')[0] ?? ''}\n  again: ${again}`);
}

const names = options.target ?? targetNames;
for (const name of names)
  if (!targetNames.includes(name)) fail(`there is no target ${name}; there are ${targetNames.join(', ')}`);

if (options.replay !== undefined) {
  const [name] = names;
  if (name === undefined || options.target?.length !== 1) fail('--replay needs one --target');
  const found = await replay(targetModule(name), readFileSync(options.replay));
  say(found === undefined ? 'no harm' : `${found.kind}: ${found.detail}`);
  process.exit(found === undefined ? 0 : 1);
}

const seed = wholeNumber('seed', options.seed);
const seconds = wholeNumber('seconds', options.seconds);
const most = options.iterations === undefined ? Infinity : wholeNumber('iterations', options.iterations);
let findings = 0;
for (const [index, name] of names.entries()) {
  const begin = performance.now();
  // What one target leaves of its share goes to none: each has the same time whatever the others do.
  const end = begin + (seconds * 1000) / names.length;
  const report = await runCampaign({
    module: targetModule(name),
    seed,
    goOn: (iteration) => iteration < most && (options.iterations !== undefined || performance.now() < end),
  });
  const spent = ((performance.now() - begin) / 1000).toFixed(1);
  const outcomes = Object.entries(report.outcomes)
    .sort(([, a], [, b]) => b - a)
    .map(([outcome, count]) => `${outcome} ${count}`)
    .join(', ');
  say(`${index + 1}/${names.length} ${name}: ${report.iterations} inputs in ${spent} s: ${outcomes}`);
  for (const finding of report.findings) save(finding, seed);
  findings += report.findings.length;
}
say(findings === 0 ? `no harm done, seed ${seed}` : `${findings} findings, seed ${seed}; inputs are in ${options.out}`);
process.exitCode = findings === 0 ? 0 : 1;
