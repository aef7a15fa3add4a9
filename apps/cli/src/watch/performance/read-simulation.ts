import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { codeOf } from '@pawl/shared/errors/system-error';
import { z } from 'zod';
import { CliError } from '../../errors/cli-error.ts';
import type { SimulationReport } from '../../service/report.ts';
import type { Context } from '../../terminal/context.ts';

/** Bytes of a report: a million requests have 300 MB. */
const MOST_BYTES = 512 * 2 ** 20;

const share = z.number().min(0).max(1).nullable();
const count = z.int().min(0);
const tally = z.looseObject({ answered: count, correct: count, accuracy: share });
const duration = z.number().min(0).nullable();

/** `monitoring/performance_report.json` as `pawl simulate` writes it, and others before it did. */
const reportSchema = z.looseObject({
  started_at: z.string().refine((text) => !Number.isNaN(Date.parse(text)), 'expected a time'),
  seconds: z.number().min(0),
  url: z.string(),
  photos: z.string().nullable(),
  seed: z.number().nullable(),
  concurrency: z.number().nullable(),
  total_requests: count,
  answered: count,
  errors: count,
  errors_by_code: z.record(z.string(), count),
  throttled: count,
  correct: count,
  accuracy: share,
  accuracy_by_label: z.record(z.string(), tally),
  mean_confidence: share,
  mean_latency_ms: duration,
  p95_latency_ms: duration,
  abstained: count.optional(),
  model_version: z.string().nullable(),
  model_digest: z.string().nullable(),
  models: z.array(
    z.looseObject({ version: z.string(), digest: z.string(), answered: count, correct: count, accuracy: share }),
  ),
  requests: z.array(z.looseObject({})),
  source: z.string().optional(),
});

/**
 * Reads the report of a simulation.
 *
 * @throws CliError FILE_NOT_FOUND, SIMULATION_INVALID.
 */
export async function readSimulation({ cwd }: Pick<Context, 'cwd'>, file: string): Promise<SimulationReport> {
  const path = resolve(cwd, file);
  const invalid = (problem: string, cause?: unknown) =>
    new CliError(
      'SIMULATION_INVALID',
      `${file} is no report of a simulation: ${problem}.`,
      'Make one with pawl simulate --out FILE.',
      cause,
    );
  let text: string;
  try {
    if ((await stat(path)).size > MOST_BYTES) throw invalid(`it has more than ${MOST_BYTES / 2 ** 20} MiB`);
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw new CliError(
      'FILE_NOT_FOUND',
      `${file} cannot be read (${codeOf(cause) ?? 'unknown'}).`,
      'Name the report of pawl simulate with --simulation, or make one with --url.',
      cause,
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw invalid('it is not JSON', cause);
  }
  const { data, error } = reportSchema.safeParse(json);
  if (data === undefined) {
    const [issue] = error.issues;
    throw invalid(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'is invalid'}`);
  }
  if (data.source === 'production') throw invalid('it is one of production, which pawl report wrote');
  // What production said when it was reported is of then.
  const simulation = Object.entries(data).filter(([name]) => name !== 'production' && name !== 'source');
  return Object.fromEntries(simulation) as unknown as SimulationReport;
}
