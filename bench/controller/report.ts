import { median } from '../statistics.ts';
import type { RolloutFigures } from './rollout.ts';

/** What was measured of a controller with many versions. */
export interface FleetFigures {
  readonly models: number;
  readonly versions: number;
  readonly bytesPerVersion: number;
  readonly phases: Readonly<Record<string, number>>;
  /** MB: the most that the controller had in memory while it settled the versions; after a restart, the most and the last. */
  readonly settlingPeakMb: number;
  readonly peakMb: number;
  readonly rssMb: number;
  /** Seconds from spawn to the last thing done, after SIGTERM; after SIGKILL, where the lease has to expire first. */
  readonly restarts: readonly number[];
  readonly afterKill: number;
  readonly quietSeconds: number;
  /** Writes while quiet, those to the lease left out; objects whose resourceVersion changed; renewals of the lease. */
  readonly writes: number;
  readonly changedObjects: number;
  readonly leaseUpdates: number;
  readonly reconciles: number;
  readonly cpuPercent: number;
}

/** One goal and how it came out. */
interface Goal {
  readonly name: string;
  readonly value: number;
  readonly sign: '<=' | '<';
  readonly goal: number;
  readonly met: boolean;
}

/** The goals; those of real pods only where they were measured. */
export function summarize(fleet: FleetFigures, rollouts: RolloutFigures | undefined) {
  const goals = [
    goal('RSS at most since a restart, MB', fleet.peakMb, '<', 150),
    goal('restart to quiet, s', Math.max(...fleet.restarts), '<', 15),
    goal('writes while quiet', fleet.writes, '<=', 0),
    goal('objects changed while quiet', fleet.changedObjects, '<=', 0),
    goal('CPU while quiet, % of a core', fleet.cpuPercent, '<', 1),
    ...(rollouts === undefined
      ? []
      : [
          goal('apply to 3 pods on new weights, s', median(rollouts.applyToServing), '<', 15),
          goal('verdict to the last request at the canary, s', Math.max(...rollouts.verdictToLastAnswer), '<', 0.5),
          goal('requests lost meanwhile', rollouts.lost, '<=', 0),
        ]),
  ];
  return { fleet, rollouts, goals };
}

function goal(name: string, value: number, sign: Goal['sign'], limit: number): Goal {
  return { name, value, sign, goal: limit, met: sign === '<=' ? value <= limit : value < limit };
}

/** Prints the tables. */
export function printReport({ fleet, rollouts, goals }: ReturnType<typeof summarize>): void {
  const row = (name: string, value: number | string, digits = 1) => {
    const text = typeof value === 'number' ? value.toFixed(digits) : value;
    console.log(`  ${name.padEnd(48)}${text.padStart(24)}`);
  };
  const list = (values: readonly number[], digits = 2) => values.map((value) => value.toFixed(digits)).join(', ');
  console.log(`\n${fleet.versions} ModelVersions of ${fleet.models} models, ${fleet.bytesPerVersion} bytes each`);
  for (const [phase, count] of Object.entries(fleet.phases)) row(phase, count, 0);
  console.log('memory, MB');
  row('at most while it settled them', fleet.settlingPeakMb, 0);
  row('at most after a restart', fleet.peakMb, 0);
  row('at the end', fleet.rssMb, 0);
  console.log('seconds from its start to the last thing done');
  row('after SIGTERM', list(fleet.restarts));
  row('after SIGKILL (the lease of 15 s has to expire)', fleet.afterKill);
  console.log(`quiet for ${fleet.quietSeconds} s`);
  row('writes, without the lease', fleet.writes, 0);
  row('objects with another resourceVersion', fleet.changedObjects, 0);
  row('renewals of the lease', fleet.leaseUpdates, 0);
  row('reconciles', fleet.reconciles, 0);
  row('CPU, % of a core', fleet.cpuPercent, 2);
  if (rollouts !== undefined) {
    console.log('on real pods');
    row('apply to 3 of 3 stable pods, canary off, s', list(rollouts.applyToServing));
    row('verdict to the last request at the canary, s', list(rollouts.verdictToLastAnswer));
    row('requests sent, lost', `${rollouts.sent}, ${rollouts.lost}`);
  }
  console.log('');
  for (const { name, value, sign, goal: wanted, met } of goals)
    console.log(`${met ? 'met   ' : 'MISSED'}  ${name}: ${value.toFixed(3)} (goal ${sign} ${wanted})`);
}
