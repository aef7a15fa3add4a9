import { median } from '../statistics.ts';
import type { Overload, PeerTurn } from './measure.ts';

/** What was measured of one server with one set of photographs. */
export interface SetResult {
  /** Of each photograph; undefined where it was not answered. */
  readonly labels: readonly (string | undefined)[];
  readonly turns: readonly PeerTurn[];
  readonly overload?: Overload;
}

/** What was measured of one server. */
export interface PeerResult {
  readonly title: string;
  /** Why it is not there, or not to the end. */
  readonly problem: string | undefined;
  readonly sets: Readonly<Record<string, SetResult>>;
}

/** What decides the figures beside the servers. */
export interface Context {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly model: string;
  /** Of each Python environment. */
  readonly versions: readonly string[];
}

const columns = [
  'server',
  'images/s, 8 clients',
  '32 clients',
  'p99 at 8, ms',
  'at 32, ms',
  'CPU an image, ms',
  'memory, MB',
  'labels as the first',
  'failed',
  'good answers/s at 4 x overload',
  'refused',
  'timed out',
  'other',
];

/** Markdown: one table a set. Medians over the rounds; memory is the largest. */
export function tables(context: Context, sets: readonly string[], results: readonly PeerResult[]): string {
  const parts = sets.map((set) => {
    const reference = results.find((result) => result.sets[set] !== undefined)?.sets[set]?.labels ?? [];
    const rows = results.map((result) => row(result, result.sets[set], reference));
    const table = [columns, columns.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
    return [`Photographs ${set}:`, '', ...table, ''].join('\n');
  });
  const { date, cpu, cores, model, versions } = context;
  return [`${date}, ${model}, ${cores} cores, ${cpu}`, '', ...parts, ...versions.map((each) => `- ${each}`)].join('\n');
}

function row({ title, problem }: PeerResult, result: SetResult | undefined, reference: SetResult['labels']): string[] {
  if (result === undefined || result.turns.length === 0)
    return [title, problem ?? 'not measured', ...columns.slice(2).map(() => '')];
  const { turns, labels, overload } = result;
  const at = (concurrency: number, pick: (turn: PeerTurn) => number, digits: number) =>
    median(turns.filter((turn) => turn.concurrency === concurrency).map(pick)).toFixed(digits);
  const same = labels.filter((label, index) => label === reference[index]).length;
  return [
    problem === undefined ? title : `${title} (${problem})`,
    at(8, ({ perSecond }) => perSecond, 1),
    at(32, ({ perSecond }) => perSecond, 1),
    at(8, ({ p99Ms }) => p99Ms, 0),
    at(32, ({ p99Ms }) => p99Ms, 0),
    median(turns.map(({ cpuMs }) => cpuMs)).toFixed(1),
    Math.max(...turns.map(({ memoryMb }) => memoryMb)).toFixed(0),
    `${same} of ${labels.length}`,
    String(turns.reduce((sum, { failed }) => sum + failed, 0)),
    ...(overload === undefined
      ? ['', '', '', '']
      : [
          overload.goodPerSecond.toFixed(1),
          ...[overload.refused, overload.timedOut, overload.other].map((count) => String(count)),
        ]),
  ];
}
