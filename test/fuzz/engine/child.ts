/**
 * The process that reads hostile inputs: `child.ts TARGET-MODULE SEED`. It may die of them, which is what its parent looks
 * for; it tries what it is asked, one at a time, and answers.
 */
import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import { procFile } from '@pawl/test-kit/process-tree';
import { inputOf } from './input.ts';
import { judge } from './judge.ts';
import type { Answer, Question } from './protocol.ts';
import type { FuzzTarget } from './target.ts';

const [, , module = '', seed = '0'] = process.argv;
const { target } = (await import(pathToFileURL(module).href)) as { readonly target: FuzzTarget };
const seeds = await target.seeds();

/**
 * Most memory that this process has had. Linux's getrusage(2) also counts what its parent had when it was started, which in
 * a test is much.
 */
function mostResidentBytes(): number {
  const kilobytes = /^VmHWM:\s+(\d+)/m.exec(procFile(process.pid, 'status'))?.[1];
  return (kilobytes === undefined ? process.resourceUsage().maxRSS : Number(kilobytes)) * 1024;
}

async function answer(question: Question): Promise<Answer> {
  const input =
    'input' in question ? question.input : inputOf(basename(module), target, seeds, Number(seed), question.iteration);
  const judged = await judge(target, input);
  // What is rejected and heard by nobody ends the process now, and not while the next input is read.
  await new Promise((resolve) => setImmediate(resolve));
  return { ...judged, maxRssBytes: mostResidentBytes() };
}

process.on('message', (question: Question) => {
  void answer(question).then((given) => process.send?.(given));
});
process.once('disconnect', () => process.exit());
process.send?.({ outcome: 'ready', maxRssBytes: 0 } satisfies Answer);
