import { z } from 'zod';

/** A number as JSON can have it: JSON has no word for NaN and the infinities. */
const figure = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity']).transform(Number)]);
const texts = z.record(z.string(), z.string());
/** Unix milliseconds; grows from one metrics event of a run to the next, so that time and step name a point. */
const time = z.number();

/** What may happen to a run: one line of `events.jsonl`. A later version of Pawl adds events and fields, and renames none. */
const runEventSchema = z.discriminatedUnion('event', [
  /** The first line. Again where the same run is taken up a second time. */
  z.object({ event: z.literal('started'), time, name: z.string(), experiment: z.string() }),
  /** A parameter never changes: the first value counts. */
  z.object({ event: z.literal('params'), time, values: texts }),
  /** The last value counts. */
  z.object({ event: z.literal('tags'), time, values: texts }),
  /** `step` is the epoch for what is measured per epoch. */
  z.object({ event: z.literal('metrics'), time, step: z.number(), values: z.record(z.string(), figure) }),
  /** `hash` is `sha256:<hex>` of the data set, `source` where it lies as the user named it. */
  z.object({ event: z.literal('dataset'), time, name: z.string(), hash: z.string(), source: z.string() }),
  /** A file below `artifacts/`, by its `/`-separated path; the last of a path counts. `digest` is `sha256:<hex>`. */
  z.object({ event: z.literal('artifact'), time, path: z.string(), digest: z.string() }),
  /** Version `version` (1, 2, 3) of a registered model, made of the artifacts below `path`. */
  z.object({
    event: z.literal('registered'),
    time,
    name: z.string(),
    version: z.number(),
    path: z.string(),
    alias: z.string(),
    tags: texts,
  }),
  /** Tags that a registered version of this run got later, such as where its bundle was published. */
  z.object({ event: z.literal('modelTags'), time, name: z.string(), version: z.number(), tags: texts }),
  z.object({ event: z.literal('ended'), time, status: z.enum(['FINISHED', 'FAILED', 'KILLED']) }),
]);

/** One thing that happened to a run. */
export type RunEvent = z.infer<typeof runEventSchema>;
/** The event of one name. */
export type EventOf<Name extends RunEvent['event']> = Extract<RunEvent, { event: Name }>;

/** Pure: the event that a line means; undefined for what this version of Pawl does not know. */
export const readEvent = (json: unknown): RunEvent | undefined => runEventSchema.safeParse(json).data;

/** Pure: an event as a line holds it. */
export function writeEvent(event: RunEvent): object {
  if (event.event !== 'metrics') return event;
  const values = Object.entries(event.values).map(
    ([name, value]) => [name, Number.isFinite(value) ? value : String(value)] as const,
  );
  return { ...event, values: Object.fromEntries(values) };
}

/** How a run ended, by MLflow's names. */
export type RunStatus = EventOf<'ended'>['status'];

/** A version of a registered model, as the run that made it has it. */
export type RegisteredVersion = Pick<EventOf<'registered'>, 'name' | 'version' | 'path' | 'alias' | 'tags' | 'time'>;

/** A measured value. */
export interface MetricPoint {
  /** Unix milliseconds. */
  readonly timestamp: number;
  readonly step: number;
  readonly value: number;
}

/** What the events of a run come to. */
export interface RunSummary {
  readonly name: string;
  readonly experiment: string;
  readonly status: RunStatus | 'RUNNING';
  /** Unix milliseconds. */
  readonly startTime: number;
  readonly endTime: number | undefined;
  /** Of its last event. */
  readonly lastTime: number;
  readonly params: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  /** In the order of time. */
  readonly metrics: Readonly<Record<string, readonly MetricPoint[]>>;
  /** Digest by path. */
  readonly artifacts: Readonly<Record<string, string>>;
  /** Oldest first, with the tags that they have now. */
  readonly models: readonly RegisteredVersion[];
}

/** Pure: what the events of a run come to; undefined where its start is not among them. */
export function summarise(events: readonly RunEvent[]): RunSummary | undefined {
  const started = ofKind(events, 'started');
  const [first] = started;
  const last = started.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const ended = events.slice(events.indexOf(last)).findLast((event) => event.event === 'ended');
  const metrics: Record<string, MetricPoint[]> = {};
  for (const point of ofKind(events, 'metrics').flatMap(pointsOf)) (metrics[point.key] ??= []).push(strip(point));
  return {
    name: last.name,
    experiment: first.experiment,
    status: ended?.status ?? 'RUNNING',
    startTime: first.time,
    endTime: ended?.time,
    lastTime: Math.max(...events.map((event) => event.time)),
    params: firstValues(ofKind(events, 'params')),
    tags: lastValues(ofKind(events, 'tags')),
    metrics,
    artifacts: Object.fromEntries(ofKind(events, 'artifact').map(({ path, digest }) => [path, digest])),
    models: ofKind(events, 'registered').map((model) => ({ ...model, tags: tagsOf(model, events) })),
  };
}

/** Pure: the events of one kind, in order. */
export const ofKind = <Kind extends RunEvent['event']>(
  events: readonly RunEvent[],
  kind: Kind,
): readonly EventOf<Kind>[] => events.filter((event): event is EventOf<Kind> => event.event === kind);

/** Pure: the points of one event, with the names of their metrics. */
export const pointsOf = ({ time, step, values }: EventOf<'metrics'>): readonly (MetricPoint & { key: string })[] =>
  Object.entries(values).map(([key, value]) => ({ key, timestamp: time, step, value }));

/** Pure: the first value of each name. */
export const firstValues = (events: readonly EventOf<'params'>[]): Readonly<Record<string, string>> =>
  Object.assign({}, ...events.map(({ values }) => values).reverse()) as Record<string, string>;

/** Pure: the last value of each name. */
export const lastValues = (events: readonly EventOf<'tags'>[]): Readonly<Record<string, string>> =>
  Object.assign({}, ...events.map(({ values }) => values)) as Record<string, string>;

const strip = ({ timestamp, step, value }: MetricPoint): MetricPoint => ({ timestamp, step, value });

const tagsOf = (model: EventOf<'registered'>, events: readonly RunEvent[]): Record<string, string> => {
  const later = ofKind(events, 'modelTags').filter(
    ({ name, version }) => name === model.name && version === model.version,
  );
  return Object.assign({ ...model.tags }, ...later.map(({ tags }) => tags)) as Record<string, string>;
};
