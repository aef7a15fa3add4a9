/**
 * `npm run bench:attacks`: what the service holds after everything that test/attacks sends has been sent to it, again and
 * again. Memory that stays grows from round to round.
 *
 *   npm run bench:attacks -- [--rounds 5] [--hostile FOLDER]
 */
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { forEachLimited } from '@pawl/shared/concurrency/for-each-limited';
import { costlyPictures, flat } from '@pawl/test-kit/costly-pictures';
import { productionRuntime } from '@pawl/test-kit/production-runtime';
import { startServer } from '../processes.ts';

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, hostile: { type: 'string' } },
});
/** Time for what was given up to be given back, ms. */
const REST_MS = 5_000;
const PIXELS = 6_000_000;

const service = await startServer(
  ['apps/inference/dist/bundle/main.js'],
  { PORT: '0', HOST: '127.0.0.1', MODEL_URI: 'file:models/catdog', ...productionRuntime().env },
  /^model loaded$/,
);
const { port } = new URL(service.url);

/** Status of an upload; 0 where it was broken off. */
async function predict(bytes: Uint8Array, signal?: AbortSignal): Promise<number> {
  try {
    const response = await fetch(`${service.url}/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: Uint8Array.from(bytes),
      signal: signal ?? null,
    });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 0;
  }
}

/** Opens a connection, writes the pieces one after the other, waits, and breaks it off. */
async function raw(pieces: Iterable<string | Uint8Array>, waitMs: number): Promise<void> {
  const socket = connect(Number(port), '127.0.0.1');
  socket.on('error', () => undefined);
  for (const piece of pieces) {
    if (socket.destroyed) break;
    if (!socket.write(piece))
      await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), sleep(1_000)]);
  }
  await sleep(waitMs);
  socket.destroy();
}

function* tinyChunks(count: number): Generator<string> {
  yield 'POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\n\r\n';
  for (let at = 0; at < count; at += 1_000) yield '1\r\nx\r\n'.repeat(1_000);
}

function* stalled(bytes: number): Generator<string | Uint8Array> {
  yield `POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: image/jpeg\r\nContent-Length: ${bytes + 1}\r\n\r\n`;
  yield new Uint8Array(bytes);
}

const pictures = await Promise.all(Object.values(costlyPictures(PIXELS)).map((make) => make().toBuffer()));
const whole = [
  await flat(6_324, 6_324).avif({ effort: 0, quality: 1 }).toBuffer(),
  await flat(6_324, 6_324).gif({ effort: 1 }).toBuffer(),
];
const hostile =
  options.hostile === undefined
    ? []
    : readdirSync(options.hostile, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name));

async function metric(name: string): Promise<string> {
  const text = await (await fetch(`${service.url}/metrics`)).text();
  return new RegExp(`^catdog_${name} (.+)$`, 'm').exec(text)?.[1] ?? '?';
}

const statuses = new Map<number, number>();
const count = (status: number): void => void statuses.set(status, (statuses.get(status) ?? 0) + 1);
console.log(
  `${pictures.length + whole.length} costly pictures, ${hostile.length} hostile files; at rest ${service.rssMb().toFixed(0)} MB`,
);
for (let round = 1; round <= Number(options.rounds); round++) {
  await forEachLimited([...pictures, ...pictures, ...whole, ...whole], 6, async (bytes) => {
    count(await predict(bytes));
  });
  await forEachLimited(hostile, 8, async (path) => {
    count(await predict(readFileSync(path)));
  });
  await Promise.all([
    ...Array.from({ length: 4 }, () => raw(tinyChunks(200_000), 0)),
    ...Array.from({ length: 11 }, () => raw(stalled(9_000_000), 3_000)),
    ...pictures.map((bytes) => predict(bytes, AbortSignal.timeout(300))),
  ]);
  await sleep(REST_MS);
  const [livez, decoders, workers] = await Promise.all([
    fetch(`${service.url}/livez`).then(({ status }) => status),
    metric('decoder_deaths'),
    metric('worker_deaths'),
  ]);
  console.log(
    `round ${round}: ${service.rssMb().toFixed(0)} MB, livez ${livez}, decoders replaced ${decoders}, workers ${workers}`,
  );
}
console.log(`answers by status (0: broken off): ${JSON.stringify(Object.fromEntries(statuses))}`);
await service.stop();
