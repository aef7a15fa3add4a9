import {
  modelVersionSpecSchema,
  modelVersionStatusSchema,
  type ModelVersionSpec,
  type ModelVersionStatus,
} from '@pawl/shared/modelversion/model-version';
import { annotations, API_VERSION, MODEL_VERSION } from '@pawl/shared/modelversion/names';
import { z } from 'zod';
import { CliError } from '../../errors/cli-error.ts';

/** A ModelVersion as an environment had it at one moment: what a promotion is judged by. */
export interface ObservedVersion {
  readonly name: string;
  /** Undefined where nothing said so. */
  readonly namespace: string | undefined;
  readonly generation: number;
  readonly deleting: boolean;
  readonly spec: ModelVersionSpec;
  /** Undefined: no controller has seen it yet. */
  readonly status: ModelVersionStatus | undefined;
  /** When it was so. */
  readonly observedAt: Date;
}

const time = z.iso.datetime({ offset: true });

const objectSchema = z.looseObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal(MODEL_VERSION.kind),
  metadata: z.looseObject({
    name: z.string().min(1),
    namespace: z.string().optional(),
    generation: z.int(),
    deletionTimestamp: z.string().optional(),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
  spec: modelVersionSpecSchema,
  status: modelVersionStatusSchema.optional(),
});

/**
 * Pure: a ModelVersion as JSON data.
 *
 * @param where it was read, for messages.
 * @param observedAt when it was so; undefined: its annotation `pawl.dev/observed-at` says so.
 * @throws CliError VERDICT_INVALID.
 */
export function parseVerdict(data: unknown, where: string, observedAt?: Date): ObservedVersion {
  const parsed = objectSchema.safeParse(data);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const path = issue?.path.join('.') ?? '';
    throw invalid(where, `${path === '' ? '' : `${path}: `}${issue?.message ?? ''}`);
  }
  const { metadata, spec, status } = parsed.data;
  return {
    name: metadata.name,
    namespace: metadata.namespace,
    generation: metadata.generation,
    deleting: metadata.deletionTimestamp !== undefined,
    spec,
    status,
    observedAt: observedAt ?? readTime(metadata.annotations?.[annotations.observedAt], where),
  };
}

function readTime(text: string | undefined, where: string): Date {
  if (text === undefined)
    throw invalid(
      where,
      `it does not say when it was true: the annotation ${annotations.observedAt} is missing`,
      `Take it from the controller, which writes the time: GET /verdicts/NAME. Or let a reader of the cluster write it.`,
    );
  if (!time.safeParse(text).success)
    throw invalid(where, `${annotations.observedAt} is ${text}; expected a time such as 2026-11-22T12:00:00Z`);
  return new Date(text);
}

/** What was read is not the ModelVersion that a verdict has to be. */
export function invalid(where: string, problem: string, hint?: string, cause?: unknown): CliError {
  return new CliError(
    'VERDICT_INVALID',
    `${where} is not a verdict: ${problem}.`,
    hint ?? 'A verdict is the ModelVersion of the environment before, with its status, as JSON.',
    cause,
  );
}
