/**
 * `npm run bench:peers`: the service beside the servers that people would pick instead, with the same weights and the same
 * photographs, by turns in one run. Prints Markdown; a peer that cannot be installed or started is in it too, with why.
 *
 *   npm run bench:peers -- [--peers pawl,fastapi-draft] [--model BUNDLE] [--photos FOLDER] [--sets 500x375,as-sent]
 *                          [--rounds 3] [--seconds 3] [--no-overload] [--out reports/peers.json]
 *
 * The Python environments are made in `.cache/peers` or $BENCH_PEERS_ENV, once.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { openBundle } from '@pawl/shared/bundle/open-bundle';
import { cpuLimit } from '@pawl/shared/execution/cpu-limit';
import { photoSetNames, photoSets } from '../photo-sets.ts';
import { provide, versions } from './environments.ts';
import { measureOverload, measureTurn, type PeerTurn } from './measure.ts';
import { PeerServer, type Served } from './peer-server.ts';
import { environments, type Peer, peers } from './peers.ts';
import { type PeerResult, type SetResult, tables } from './report.ts';

const { values: options } = parseArgs({
  allowNegative: true,
  options: {
    peers: { type: 'string', default: peers.map(({ name }) => name).join(',') },
    model: { type: 'string', default: process.env['BENCH_MODEL'] ?? 'models/catdog' },
    photos: { type: 'string', default: 'models/catdog/golden' },
    sets: { type: 'string', default: photoSetNames.toReversed().join(',') },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '3' },
    overload: { type: 'boolean', default: true },
    out: { type: 'string', default: 'reports/peers.json' },
  },
});
const folder = resolve(process.env['BENCH_PEERS_ENV'] ?? '.cache/peers');
const workers = cpuLimit();
const say = (text: string) => {
  process.stderr.write(`${text}\n`);
};
const chosen = options.peers.split(',').map((name) => {
  const peer = peers.find((each) => each.name === name);
  if (peer === undefined)
    throw new Error(`no peer is called ${name}; there are ${peers.map((each) => each.name).join(', ')}`);
  return peer;
});

const bundle = await openBundle(options.model);
const { labels, input, output, model, name, version } = bundle.manifest;
if (output.kind !== 'binary-logit' || input.layout !== 'NHWC' || input.dtype !== 'uint8')
  throw new Error('the peers serve graphs that take uint8 NHWC and give one logit');
const served: Served = {
  bundle: resolve(options.model),
  model: bundle.path(model),
  input: input.name,
  output: output.name,
  size: input.width,
  labels,
};

/** A running server, or why there is none; and what was measured of it, by set. */
interface Entry {
  readonly peer: Peer;
  server?: PeerServer;
  problem?: string;
  readonly sets: Map<string, SetResult>;
}

async function begin(peer: Peer): Promise<Entry> {
  const entry: Entry = { peer, sets: new Map() };
  say(`starting ${peer.title} ...`);
  const missing = peer.environment === undefined ? undefined : provide(peer.environment, folder);
  if (missing !== undefined) return { ...entry, problem: `not installed: ${missing}` };
  const server = await PeerServer.start(peer, served, workers, folder, join(folder, `${peer.name}.log`));
  return { ...entry, server };
}

/** Does something with each server that runs, one after the other; one that fails is left out from there on. */
async function byTurns(entries: readonly Entry[], work: (entry: Entry, server: PeerServer) => Promise<void>) {
  for (const entry of entries) {
    if (entry.server === undefined) continue;
    try {
      await work(entry, entry.server);
    } catch (error) {
      entry.problem = `failed: ${error instanceof Error ? error.message : String(error)}`;
      say(`  ${entry.peer.title} ${entry.problem}; see ${join(folder, `${entry.peer.name}.log`)}`);
      await entry.server.stop();
      delete entry.server;
    }
  }
}

async function measureSet(entries: readonly Entry[], set: string, photos: string): Promise<void> {
  await byTurns(entries, async ({ sets }, server) => {
    const { labels: answers } = await server.load({ mode: 'labels', photos });
    if (answers.every((label) => label === undefined)) throw new Error('no photograph was answered');
    sets.set(set, { labels: answers, turns: [] });
  });
  for (let round = 1; round <= Number(options.rounds); round++) {
    say(`  round ${round} of ${options.rounds} ...`);
    for (const concurrency of [8, 32])
      await byTurns(entries, async ({ sets }, server) => {
        const turn = await measureTurn(server, photos, concurrency, Number(options.seconds));
        (sets.get(set)?.turns as PeerTurn[]).push(turn);
      });
  }
  if (!options.overload) return;
  say('  overload ...');
  await byTurns(entries, async ({ sets }, server) => {
    const result = sets.get(set);
    if (result === undefined) return;
    sets.set(set, { ...result, overload: await measureOverload(server, photos, result.turns) });
  });
}

mkdirSync(folder, { recursive: true });
const { sets, remove } = await photoSets(resolve(options.photos), options.sets.split(','));
const entries: Entry[] = [];
try {
  for (const peer of chosen) entries.push(await begin(peer));
  for (const { name: set, folder: photos } of sets) {
    say(`photographs ${set}`);
    await measureSet(entries, set, photos);
  }
} finally {
  for (const { server } of entries) await server?.stop();
  remove();
}

const results: PeerResult[] = entries.map(({ peer: { title }, problem, sets: measured }) => ({
  title,
  problem,
  sets: Object.fromEntries(measured),
}));
const used = Object.keys(environments) as (keyof typeof environments)[];
const context = {
  date: new Date().toISOString().slice(0, 10),
  cpu: cpus()[0]?.model ?? 'unknown CPU',
  cores: workers,
  model: `${name} ${version}`,
  versions: used
    .filter((each) => entries.some(({ peer, problem }) => peer.environment === each && problem === undefined))
    .map((each) => versions(each, folder)),
};
console.log(
  tables(
    context,
    sets.map((set) => set.name),
    results,
  ),
);
mkdirSync(dirname(options.out), { recursive: true });
writeFileSync(options.out, `${JSON.stringify({ ...context, results }, undefined, 2)}\n`);
say(`written to ${options.out}`);
process.exit(0);
