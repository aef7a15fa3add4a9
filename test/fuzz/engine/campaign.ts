import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import { FuzzProcess } from './fuzz-process.ts';
import { inputOf } from './input.ts';
import type { FuzzTarget } from './target.ts';

/** An input that did what none may do. */
export interface Finding {
  readonly target: string;
  readonly iteration: number;
  readonly kind: 'crash' | 'hang' | 'memory' | 'error';
  readonly detail: string;
  readonly input: Uint8Array;
}

/** Bounds of one input. */
interface FuzzLimits {
  /** Time without an answer after which an input counts as endless, ms: far more than any needs on a busy machine. */
  readonly hangMs: number;
  /** Largest resident memory of the process that reads, bytes. */
  readonly maxRssBytes: number;
}

const defaultFuzzLimits: FuzzLimits = { hangMs: 60_000, maxRssBytes: 700 * 1024 * 1024 };

/** What is tried. */
export interface CampaignOptions {
  /** Path of the target's module. */
  readonly module: string;
  readonly seed: number;
  /** Asked before each input, by its number; false ends the campaign. */
  readonly goOn: (iteration: number) => boolean;
  readonly limits?: FuzzLimits;
}

/** What came of it. */
export interface CampaignReport {
  readonly iterations: number;
  /** Inputs by how they ended: `ok`, or a code. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
}

/** A campaign ends with so many findings: the next ones would be the same. */
const MOST_FINDINGS = 10;

/** Tries a target with one input after another, in a process of its own that may die of any. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignReport> {
  const { module, seed, goOn, limits = defaultFuzzLimits } = options;
  const name = basename(module);
  const outcomes: Record<string, number> = {};
  const findings: Finding[] = [];
  let running = await FuzzProcess.start(module, seed);
  let iteration = 0;
  for (; findings.length < MOST_FINDINGS && goOn(iteration); iteration++) {
    const answer = await running.ask({ iteration }, limits.hangMs);
    const found = problemOf(answer, limits);
    if ('outcome' in answer) outcomes[answer.outcome] = (outcomes[answer.outcome] ?? 0) + 1;
    if (found === undefined) continue;
    findings.push({ target: name, iteration, ...found, input: await inputAgain(module, seed, iteration) });
    // Of a process that survived, too: the next input is tried as if there had been no other.
    await running.stop();
    running = await FuzzProcess.start(module, seed);
  }
  await running.stop();
  return { iterations: iteration, outcomes, findings };
}

/** Tries one saved input. @returns undefined when it does no harm. */
export async function replay(
  module: string,
  input: Uint8Array,
  limits = defaultFuzzLimits,
): Promise<Pick<Finding, 'kind' | 'detail'> | undefined> {
  const running = await FuzzProcess.start(module, 0);
  const found = problemOf(await running.ask({ input }, limits.hangMs), limits);
  await running.stop();
  return found;
}

/** An input as the other process had it, which may not be able to say it any more. */
async function inputAgain(module: string, seed: number, iteration: number): Promise<Uint8Array> {
  const { target } = (await import(pathToFileURL(module).href)) as { readonly target: FuzzTarget };
  return inputOf(basename(module), target, await target.seeds(), seed, iteration);
}

type Reply = Awaited<ReturnType<FuzzProcess['ask']>>;

function problemOf(reply: Reply, { maxRssBytes }: FuzzLimits): Pick<Finding, 'kind' | 'detail'> | undefined {
  if ('kind' in reply) return reply;
  if (reply.problem !== undefined) return { kind: 'error', detail: reply.problem };
  if (reply.maxRssBytes <= maxRssBytes) return undefined;
  return { kind: 'memory', detail: `the process took ${reply.maxRssBytes} bytes; at most ${maxRssBytes} are expected` };
}
