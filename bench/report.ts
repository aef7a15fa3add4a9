import type { LoadReport } from './load-client.ts';
import { median } from './statistics.ts';

/** Milliseconds of one core an image. */
interface PartMs {
  readonly infer: number;
  readonly decode: number;
}

/** One turn over everything. */
export interface Round {
  readonly alone: PartMs;
  /** On all cores at once, measured right before each of `runs`. */
  readonly parallel: readonly PartMs[];
  /** CPU time of the empty Nest route a request. */
  readonly routeMs: number;
  readonly runs: readonly (LoadReport & {
    readonly concurrency: number;
    readonly cpuMs: number;
    readonly rssMb: number;
  })[];
}

/** What was measured. */
export interface Measurements {
  readonly cores: number;
  /** Milliseconds from spawn to ready. */
  readonly starts: readonly number[];
  readonly idleRssMb: number;
  readonly rounds: readonly Round[];
}

/** One goal and how it came out. */
interface Goal {
  readonly name: string;
  readonly value: number;
  readonly sign: '>=' | '<=' | '<';
  readonly goal: number;
  readonly met: boolean;
}

/** Medians over the rounds. The limit by parts is `cores / (infer + decode + route)`, in images a second. */
export function summarize({ cores, starts, idleRssMb, rounds }: Measurements) {
  const limit = ({ infer, decode }: PartMs, routeMs: number) => (cores * 1000) / (infer + decode + routeMs);
  const indices = rounds[0]?.runs.map((_, index) => index) ?? [];
  const service = indices.map((index) => {
    const runs = rounds.flatMap(({ runs: all }) => all.slice(index, index + 1));
    const perSecond = runs.map(({ requests, seconds }) => requests / seconds);
    const of = (pick: (run: (typeof runs)[number]) => number) => median(runs.map(pick));
    const ratios = rounds.map(({ parallel, routeMs }, round) => {
      const part = parallel[index];
      return part === undefined ? NaN : (perSecond[round] ?? NaN) / limit(part, routeMs);
    });
    return {
      concurrency: runs[0]?.concurrency ?? 0,
      perSecond: median(perSecond),
      ratio: median(ratios),
      ratios,
      p50: of(({ latency }) => latency.p50),
      p95: of(({ latency }) => latency.p95),
      p99: of(({ latency }) => latency.p99),
      livezP99: of(({ livez }) => livez.p99),
      cpuMs: of(({ cpuMs }) => cpuMs),
      clientCpuMs: of(({ clientCpuMs }) => clientCpuMs),
      rssMb: Math.max(...runs.map(({ rssMb }) => rssMb)),
      refused: runs.reduce((sum, { requests, statuses }) => sum + requests - (statuses['200'] ?? 0), 0),
    };
  });
  const parts = {
    alone: partMedians(rounds.map(({ alone }) => alone)),
    parallel: partMedians(rounds.flatMap(({ parallel }) => parallel)),
    routeMs: median(rounds.map(({ routeMs }) => routeMs)),
  };
  const latencyRatio = median(
    rounds.map(({ alone, runs }) => (runs[0]?.latency.mean ?? NaN) / (alone.infer + alone.decode)),
  );
  const saturated = service.filter(({ concurrency }) => concurrency > 1);
  const goals = [
    goal('throughput / limit by parts', Math.max(...saturated.map(({ ratio }) => ratio)), '>=', 0.92),
    goal('start to ready, s', median(starts) / 1000, '<', 1),
    goal('RSS under load, MB', Math.max(...service.map(({ rssMb }) => rssMb)), '<', 300),
    goal('/livez p99 while saturated, ms', Math.max(...saturated.map(({ livezP99 }) => livezP99)), '<', 25),
    goal('latency at concurrency 1 / (decode + infer)', latencyRatio, '<=', 1.15),
  ];
  return { cores, limit: limit(parts.parallel, parts.routeMs), parts, service, starts, idleRssMb, goals };
}

const partMedians = (sample: readonly PartMs[]): PartMs => ({
  infer: median(sample.map(({ infer }) => infer)),
  decode: median(sample.map(({ decode }) => decode)),
});

function goal(name: string, value: number, sign: Goal['sign'], limit: number): Goal {
  const met = sign === '>=' ? value >= limit : sign === '<=' ? value <= limit : value < limit;
  return { name, value, sign, goal: limit, met };
}

/** Prints the tables. */
export function printReport({ cores, limit, parts, service, starts, idleRssMb, goals }: ReturnType<typeof summarize>) {
  const row = (name: string, cells: readonly (string | number)[], digits = 2) => {
    const text = cells.map((cell) => (typeof cell === 'number' ? cell.toFixed(digits) : cell).padStart(12));
    console.log(`${name.padEnd(32)}${text.join('')}`);
  };
  console.log('\nmedians over the rounds\n');
  row('ms of one core an image', ['alone', `${cores} cores`]);
  row('  onnxruntime', [parts.alone.infer, parts.parallel.infer]);
  row('  sharp: decode + resize', [parts.alone.decode, parts.parallel.decode]);
  row('  empty Nest route, same bodies', ['', parts.routeMs]);
  console.log(`limit by parts: ${limit.toFixed(1)} images/s\n`);

  row(
    'service at concurrency',
    service.map(({ concurrency }) => String(concurrency)),
  );
  const line = (name: string, pick: (run: (typeof service)[number]) => number, digits: number) => {
    row(`  ${name}`, service.map(pick), digits);
  };
  line('images/s', ({ perSecond }) => perSecond, 1);
  line('of the limit by parts', ({ ratio }) => ratio, 3);
  line('p50, ms', ({ p50 }) => p50, 1);
  line('p95, ms', ({ p95 }) => p95, 1);
  line('p99, ms', ({ p99 }) => p99, 1);
  line('/livez p99, ms', ({ livezP99 }) => livezP99, 1);
  line('CPU, ms an image', ({ cpuMs }) => cpuMs, 2);
  line('client CPU, ms an image', ({ clientCpuMs }) => clientCpuMs, 2);
  line('RSS, MB, largest', ({ rssMb }) => rssMb, 0);
  line('not answered with 200', ({ refused }) => refused, 0);
  const spread = `${(Math.min(...starts) / 1000).toFixed(2)} to ${(Math.max(...starts) / 1000).toFixed(2)}`;
  console.log(`\nidle RSS ${idleRssMb.toFixed(0)} MB; ${starts.length} starts took ${spread} s\n`);
  for (const { name, value, sign, goal: wanted, met } of goals)
    console.log(`${met ? 'met   ' : 'MISSED'}  ${name}: ${value.toFixed(3)} (goal ${sign} ${wanted})`);
}
