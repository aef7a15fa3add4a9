/** A number in the words of Grafana's units, as far as the dashboards use them. */
export function inUnit(value: number, unit: string): string {
  if (!Number.isFinite(value)) return 'none';
  if (unit === 'percentunit') return `${figure(value * 100)} %`;
  if (unit === 's') return value < 1 ? `${figure(value * 1000)} ms` : `${figure(value)} s`;
  if (unit === 'bytes') return value >= 1e6 ? `${figure(value / 1e6)} MB` : `${figure(value / 1e3)} kB`;
  if (unit === 'reqps' || unit === 'ops') return `${figure(value)} /s`;
  return figure(value);
}

/** The same as an expression of Vega, for the labels of an axis. */
export function axisLabels(unit: string): string {
  const number = (factor: number) => `format(datum.value * ${factor}, '~r')`;
  if (unit === 'percentunit') return `${number(100)} + ' %'`;
  if (unit === 's') return `datum.value < 1 ? ${number(1000)} + ' ms' : ${number(1)} + ' s'`;
  if (unit === 'bytes') return `datum.value >= 1e6 ? ${number(1e-6)} + ' MB' : ${number(1e-3)} + ' kB'`;
  return number(1);
}

/** Three digits at most, none behind the point that say nothing. */
const figure = (value: number): string => {
  const size = Math.abs(value);
  return String(Number(value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2)));
};
