import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const FOLDER = join(ROOT, '.github/workflows');

export interface Step {
  readonly name?: string;
  readonly id?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
}

interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly environment?: string;
  readonly needs?: string | readonly string[];
  readonly if?: string;
  /** A workflow that is called instead of steps. */
  readonly uses?: string;
  readonly secrets?: Readonly<Record<string, string>> | 'inherit';
  readonly 'timeout-minutes'?: number;
  readonly steps: readonly Step[];
}

export interface Workflow {
  readonly file: string;
  readonly text: string;
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly concurrency?: { readonly group: string; readonly 'cancel-in-progress'?: boolean };
  readonly env?: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

/** A workflow of this repository. */
export function readWorkflow(file: string): Workflow {
  const text = readFileSync(join(FOLDER, file), 'utf8');
  const workflow = parse(text) as Omit<Workflow, 'file' | 'text'>;
  // A job that calls a workflow has no steps.
  const jobs = Object.fromEntries(
    Object.entries(workflow.jobs).map(([name, job]) => [name, { ...job, steps: (job as Partial<Job>).steps ?? [] }]),
  );
  return { ...workflow, jobs, file, text };
}

/** All of them. */
export const readWorkflows = (): readonly Workflow[] =>
  readdirSync(FOLDER)
    .filter((file) => file.endsWith('.yml'))
    .map(readWorkflow);

/** Every step of a workflow, with the name of its job. */
export const stepsOf = ({ jobs }: Workflow): readonly (Step & { readonly job: string })[] =>
  Object.entries(jobs).flatMap(([job, { steps }]) => steps.map((step) => ({ ...step, job })));

/** The step of that name. */
export function step(workflow: Workflow, job: string, name: string): Step {
  const found = workflow.jobs[job]?.steps.find((one) => one.name === name);
  if (found === undefined) throw new Error(`${workflow.file}: no step "${name}" in ${job}`);
  return found;
}
