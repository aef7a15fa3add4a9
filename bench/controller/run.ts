/**
 * `npm run bench:controller`: what a controller with many versions costs, and how soon it acts. Needs KUBECONFIG; a control
 * plane is enough. With PAWL_TEST_INFERENCE_IMAGE, PAWL_TEST_CONTROLLER_IMAGE and PAWL_TEST_REGISTRY (see CONTRIBUTING.md)
 * it also measures rollouts of real pods.
 *
 *   npm run bench:controller -- [--models 50] [--versions 20] [--quiet-seconds 300] [--rounds 3]
 *                               [--runtime small|default] [--out reports/bench-controller.json]
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { cpuLimit } from '@pawl/shared/execution/cpu-limit';
import { ControllerProcess, smallRuntime } from './controller-process.ts';
import { Fleet } from './fleet.ts';
import { type FleetFigures, printReport, summarize } from './report.ts';
import { measureRollouts } from './rollout.ts';

const { values: options } = parseArgs({
  options: {
    models: { type: 'string', default: '50' },
    versions: { type: 'string', default: '20' },
    'quiet-seconds': { type: 'string', default: '300' },
    rounds: { type: 'string', default: '3' },
    runtime: { type: 'string', default: 'small' },
    out: { type: 'string', default: 'reports/bench-controller.json' },
  },
});
const kubeconfig = process.env['KUBECONFIG'];
if (kubeconfig === undefined || kubeconfig === '') throw new Error('KUBECONFIG is not set: a cluster is needed');
const [models, versions, quietSeconds, rounds] = (['models', 'versions', 'quiet-seconds', 'rounds'] as const).map(
  (name) => Number(options[name]),
) as [number, number, number, number];
/** `default` is Node as it comes. */
const runtime = options.runtime === 'default' ? { NODE_OPTIONS: '' } : smallRuntime;
/** Time for a restarted controller to come to rest; far beyond the goal. */
const PATIENCE_MS = 180_000;
const say = (text: string) => {
  process.stderr.write(`${text}\n`);
};

const fleet = await measureFleet(kubeconfig);
const needed = ['PAWL_TEST_INFERENCE_IMAGE', 'PAWL_TEST_CONTROLLER_IMAGE', 'PAWL_TEST_REGISTRY'];
const missing = needed.filter((name) => (process.env[name] ?? '') === '');
if (missing.length > 0) say(`real pods are left out: set ${missing.join(', ')}`);
else say('rollouts of real pods ...');
const rollouts = missing.length > 0 ? undefined : await measureRollouts(rounds);

const summary = summarize(fleet, rollouts);
printReport(summary);
mkdirSync(dirname(options.out), { recursive: true });
const context = {
  cpu: cpus()[0]?.model,
  cores: cpuLimit(),
  load: loadavg(),
  node: process.version,
  runtime,
};
writeFileSync(options.out, `${JSON.stringify({ ...context, ...summary }, undefined, 2)}\n`);
say(`written to ${options.out}`);

async function measureFleet(config: string): Promise<FleetFigures> {
  const fleet = new Fleet(config, models);
  const running: ControllerProcess[] = [];
  const start = async () => {
    const controller = await ControllerProcess.start(config, fleet.namespace, runtime);
    running.push(controller);
    return controller;
  };
  const stop = async (controller: ControllerProcess, signal: 'SIGTERM' | 'SIGKILL') => {
    await controller.stop(signal);
    running.splice(running.indexOf(controller), 1);
  };
  try {
    await fleet.make();
    const first = await start();
    for (let minor = 0; minor < versions; minor++) {
      say(`version ${minor + 1} of ${versions} of ${models} models ...`);
      await fleet.offer(minor);
    }
    await first.quiet(models, PATIENCE_MS);
    const settlingPeakMb = first.memory().peakMb;
    await stop(first, 'SIGTERM');

    say('restarts ...');
    const restarts: number[] = [];
    for (let round = 1; round <= rounds; round++) {
      const again = await start();
      restarts.push((await again.quiet(models, PATIENCE_MS)) / 1000);
      await stop(again, round < rounds ? 'SIGTERM' : 'SIGKILL');
    }
    const last = await start();
    const afterKill = (await last.quiet(models, PATIENCE_MS)) / 1000;

    say(`quiet for ${quietSeconds} s ...`);
    const before = { objects: await fleet.resourceVersions(), requests: await last.requests(), cpuMs: last.cpuMs() };
    const since = performance.now();
    await pause(quietSeconds * 1000);
    const cpuPercent = ((last.cpuMs() - before.cpuMs) / (performance.now() - since)) * 100;
    const requests = await last.requests();
    const { peakMb, rssMb } = last.memory();
    const objects = await fleet.resourceVersions();
    const { bytes, phases } = await fleet.describe();
    return {
      models,
      versions: models * versions,
      bytesPerVersion: bytes,
      phases,
      settlingPeakMb,
      peakMb,
      rssMb,
      restarts,
      afterKill,
      quietSeconds,
      writes: requests.writes - before.requests.writes,
      changedObjects: [...objects].filter(([key, version]) => before.objects.get(key) !== version).length,
      leaseUpdates: requests.leaseUpdates - before.requests.leaseUpdates,
      reconciles: requests.reconciles - before.requests.reconciles,
      cpuPercent,
    };
  } finally {
    for (const controller of [...running]) await controller.stop('SIGKILL');
    await fleet.remove();
  }
}
