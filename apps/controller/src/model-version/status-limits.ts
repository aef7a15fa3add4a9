import { boundedText } from '@pawl/shared/modelversion/bounded-text';
import { type ModelVersionStatus, modelVersionStatusSchema } from '@pawl/shared/modelversion/model-version';
import { z } from 'zod';

/** What the schema of the status says of one of its values, as far as the API server refuses what does not fit. */
interface Limits {
  readonly type?: string;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxItems?: number;
  readonly items?: Limits;
  readonly properties?: Readonly<Record<string, Limits>>;
  readonly additionalProperties?: Limits;
}

const limits = z.toJSONSchema(modelVersionStatusSchema, { io: 'input' }) as Limits;

/**
 * A status as the API server takes it: it refuses the whole of one in which a single value does not fit, and the version would
 * stand still with nobody being told. Texts that are too long are cut, whoever wrote them; numbers are moved to their limits,
 * and left out where they are none. What a text identifies fits already, see `handled` of the request annotations.
 */
export const withinLimits = ({ handled, ...status }: ModelVersionStatus): ModelVersionStatus => ({
  ...(fitted(status, limits) as ModelVersionStatus),
  ...(handled && { handled }),
});

function fitted(value: unknown, limit: Limits | undefined): unknown {
  if (limit === undefined || value === undefined) return value;
  if (typeof value === 'string') return limit.maxLength === undefined ? value : boundedText(value, limit.maxLength);
  if (typeof value === 'number') return fittedNumber(value, limit);
  if (Array.isArray(value)) return value.slice(0, limit.maxItems).map((item) => fitted(item, limit.items));
  if (typeof value !== 'object' || value === null) return value;
  const { properties = {}, additionalProperties } = limit;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key, fitted(part, properties[key] ?? additionalProperties)]),
  );
}

function fittedNumber(value: number, { type, minimum = -Infinity, maximum = Infinity }: Limits): number | undefined {
  if (Number.isNaN(value)) return type === 'integer' ? 0 : undefined;
  const within = Math.min(Math.max(value, minimum), maximum);
  if (type === 'integer') return Math.round(within);
  return Number.isFinite(within) ? within : undefined;
}
