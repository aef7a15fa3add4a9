/**
 * `npm run bench:drift`: how often the drift of a model is seen where there is none, and after how many pictures where there is
 * some. Half of the pictures make the reference, the other half is served.
 *
 *   npm run bench:drift -- PETS_FOLDER OTHERS_FOLDER [--model models/catdog] [--windows 1000] [--detections 100]
 *
 * PETS_FOLDER has a folder a label, OTHERS_FOLDER pictures of neither. Takes some minutes.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ALARM_EVIDENCE, DriftDetector } from '@pawl/shared/drift/drift-detector';
import { buildReference } from '@pawl/shared/drift/build-reference';
import { inputNumbersOf, observationOf, type ObservedPicture } from '@pawl/shared/drift/observation';
import { watchedStatistics } from '@pawl/shared/drift/watched-statistic';
import { createRandom, type RandomStream } from '@pawl/shared/statistics/random';
import { alterations } from './alterations.ts';
import { observeAll, withObserver } from './observe.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string', default: 'models/catdog' },
    windows: { type: 'string', default: '1000' },
    detections: { type: 'string', default: '100' },
  },
});
const [pets, others] = positionals;
if (pets === undefined || others === undefined) throw new Error('usage: bench:drift -- PETS_FOLDER OTHERS_FOLDER');
const [windows, detections] = [Number(options.windows), Number(options.detections)];
/** Pictures of a window, at most as many as are held back. */
const WINDOW = 500;
const PROJECTIONS = { output: 'features', count: 4 };
const alarm = Math.log(ALARM_EVIDENCE);

const pictures = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(jpe?g|png)$/i.test(file))
    .sort()
    .map((file) => join(folder, file));
const random = createRandom(1);
const shuffled = <T>(items: readonly T[]): T[] =>
  Array.from(random.permutation(items.length), (index) => items[index]).filter((item) => item !== undefined);

const all = shuffled(pictures(pets));
const [ofReference, heldBack] = [all.slice(0, all.length / 2), all.slice(all.length / 2)];

const seen = await withObserver(options.model, PROJECTIONS, async (observe) => ({
  reference: await observeAll(observe, ofReference),
  same: await observeAll(observe, heldBack),
  others: await observeAll(observe, pictures(others)),
  altered: new Map(
    await Promise.all(
      alterations.map(async ({ name, apply }) => [name, await observeAll(observe, heldBack, apply)] as const),
    ),
  ),
}));

const watched = watchedStatistics(
  buildReference({
    inputs: seen.reference.map(inputNumbersOf),
    labels: [...new Set(seen.reference.map(({ label }) => label))].sort(),
    answers: seen.reference,
    projections: PROJECTIONS,
  }),
);

/** Pictures until the alarm, and which statistic spoke loudest then; undefined: none. */
function serve(next: () => ObservedPicture | undefined, most: number) {
  const detector = new DriftDetector(watched, () => 0);
  for (let count = 1; count <= most; count++) {
    const picture = next();
    if (picture === undefined) return undefined;
    const observation = observationOf(picture);
    detector.observe(watched.map((statistic) => statistic.binOf(observation)));
    const evidence = detector.evidence();
    if (evidence.all < alarm) continue;
    const [[blamed] = ['']] = [...evidence.byStatistic].sort(([, a], [, b]) => b - a);
    return { count, blamed };
  }
  return undefined;
}

/** Pictures in random order, each once. */
function once(from: readonly ObservedPicture[], stream: RandomStream) {
  const order = stream.permutation(from.length);
  let at = 0;
  return () => from[order[at++] ?? from.length];
}

let alarms = 0;
for (let window = 1; window <= windows; window++)
  if (serve(once(seen.same, createRandom(window)), WINDOW) !== undefined) alarms += 1;
process.stdout.write(
  `${seen.reference.length} pictures make the reference, ${seen.same.length} are served; ${watched.length} statistics\n` +
    `No change: ${alarms} alarms in ${windows} windows of ${WINDOW} pictures, a look after each\n\n` +
    `| change | pictures to the alarm: median | 9 of 10 within | missed | blamed |\n|---|---|---|---|---|\n`,
);

function report(name: string, nextOf: (stream: RandomStream) => () => ObservedPicture | undefined): void {
  const found = Array.from({ length: detections }, (_, i) => serve(nextOf(createRandom(10_000 + i)), 2 * WINDOW));
  const counts = found.map((each) => each?.count ?? Infinity).sort((a, b) => a - b);
  const blamed = new Map<string, number>();
  for (const each of found) if (each !== undefined) blamed.set(each.blamed, (blamed.get(each.blamed) ?? 0) + 1);
  const names = [...blamed].sort(([, a], [, b]) => b - a).map(([statistic, n]) => `${statistic} ${n}`);
  const at = (share: number) => counts[Math.ceil(share * counts.length) - 1] ?? Infinity;
  const shown = (count: number) => (count === Infinity ? '-' : String(count));
  const missed = counts.filter((count) => count === Infinity).length;
  process.stdout.write(
    `| ${name} | ${shown(at(0.5))} | ${shown(at(0.9))} | ${missed} of ${detections} | ${names.slice(0, 3).join(', ')} |\n`,
  );
}

for (const [name, altered] of seen.altered) report(name, (stream) => once(altered, stream));
report('90 % cats', (stream) => {
  const cats = seen.same.filter(({ label }) => label === 'cat');
  const dogs = seen.same.filter(({ label }) => label === 'dog');
  return () => {
    const from = stream.next() < 0.9 ? cats : dogs;
    return from[stream.below(from.length)];
  };
});
report(`other animals (${seen.others.length} pictures, drawn again and again)`, (stream) => () => {
  return seen.others[stream.below(seen.others.length)];
});
report('a tenth is other animals', (stream) => () => {
  const from = stream.next() < 0.1 ? seen.others : seen.same;
  return from[stream.below(from.length)];
});
