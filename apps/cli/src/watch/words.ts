/** How both reports write times and figures. */

/** `2026-11-30 04:05`, UTC. */
export const minute = (iso: string): string => iso.slice(0, 16).replace('T', ' ');

/** A share with one decimal: the difference between two models is often below a percent. */
export const share = (value: number | null): string => (value === null ? '-' : `${(value * 100).toFixed(1)} %`);

export const ms = (value: number | null): string => (value === null ? '-' : `${value.toFixed(value < 10 ? 1 : 0)} ms`);

/** `12,345`. */
export const whole = (value: number): string => value.toLocaleString('en');

/** Begin, middle and end of a period, for below an axis. */
export function ticksOf(at: readonly string[]): string[] {
  const last = at.length - 1;
  return [0, 1 / 2, 1].map((part) => minute(at[Math.round(last * part)] ?? '').slice('2026-'.length));
}
