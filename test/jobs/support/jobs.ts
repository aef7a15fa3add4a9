import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
export const JOBS = join(ROOT, 'k8s/jobs');

/** A step of k8s/jobs/steps.yaml. */
export interface Step {
  readonly name: string;
  readonly run: string;
  readonly retries: number;
  readonly cpu: string;
  readonly memory: string;
}

export const readSteps = (): readonly Step[] =>
  (parse(readFileSync(join(JOBS, 'steps.yaml'), 'utf8')) as { readonly steps: readonly Step[] }).steps;

/** k8s/jobs/base/settings.env, as kustomize reads it. */
export function readSettings(): Record<string, string> {
  const lines = readFileSync(join(JOBS, 'base/settings.env'), 'utf8').split('\n');
  const pairs = lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]);
  return Object.fromEntries(pairs) as Record<string, string>;
}
