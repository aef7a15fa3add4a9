/** One measured value, as a line of MLflow's file store has it. */
export interface MetricPoint {
  /** Unix milliseconds; grows within a metric, so that `timestamp:step` names a point. */
  readonly timestamp: number;
  readonly value: number;
  readonly step: number;
}

/** Lines `timestamp value step` of MLflow's file store; the last counts only when it ends. Pure. */
export function parseMetric(text: string): readonly MetricPoint[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split(' '))
    .filter((parts) => parts.length === 3)
    .map(([timestamp, value, step]) => ({
      timestamp: Number(timestamp),
      value: numberOfPython(value ?? ''),
      step: Number(step),
    }));
}

/** A number as Python's `float()` reads it. */
export function pythonFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? 'inf' : '-inf';
}

/** A number as Python's `repr(float)` writes it. */
function numberOfPython(text: string): number {
  const special: Readonly<Record<string, number>> = { nan: NaN, inf: Infinity, '-inf': -Infinity };
  return special[text.toLowerCase()] ?? Number(text);
}
