/** What makes the name of an object of the log. */
export interface ObjectOrigin {
  /** When its first line was written, milliseconds since 1970. */
  readonly begunAt: number;
  /** Of the process that writes, by chance: no two processes share it. */
  readonly instance: string;
  /** Counts the objects of the process, from 1 on. */
  readonly number: number;
}

/**
 * Pure: `2026-11-30/20261130T034457123Z-<instance>-000001.jsonl.gz`. Names sort by time, across days too. The instance keeps
 * processes apart and the number the objects of one, so a clock that is set back, or stands still, overwrites nothing.
 */
export function objectName({ begunAt, instance, number }: ObjectOrigin): string {
  const iso = new Date(begunAt).toISOString();
  const time = iso.replaceAll(/[-:.]/g, '');
  return `${iso.slice(0, 10)}/${time}-${instance}-${String(number).padStart(6, '0')}.jsonl.gz`;
}

/** Pure: when the first line of an object was written, milliseconds since 1970; undefined for another name. */
export function begunAtOf(path: string): number | undefined {
  const found = /(?:^|\/)(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z-[^/]*\.jsonl\.gz$/.exec(path);
  if (found === null) return undefined;
  const [year, month, day, hour, minute, second, ms] = found.slice(1);
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`);
  return Number.isNaN(at) ? undefined : at;
}
