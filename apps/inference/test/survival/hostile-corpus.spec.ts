import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openBundle } from '@pawl/shared/bundle/open-bundle';
import { forEachLimited } from '@pawl/shared/concurrency/for-each-limited';
import { errorCodes } from '@pawl/shared/errors/error-codes';
import sharp from 'sharp';
import { batchSchema, errorBodySchema, predictionSchema } from '../../src/prediction/prediction.schema.ts';
import { eventually } from '@pawl/test-kit/eventually';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { catdog, catPhoto } from '@pawl/test-kit/repository';
import { startService, type RunningService } from '../support/start-service.ts';
import { productionRuntime } from '@pawl/test-kit/production-runtime';
import { metric, report, residentMb, statusOf } from './support/facts.ts';

/** Hard bound on an answer, ms: none takes a second, so that what hangs is told from what a busy machine delays. */
const ANSWER_MS = 60_000;
/** Requests at once: enough to keep two workers busy, few enough that the queue never refuses. */
const AT_ONCE = 6;
/** Images of one batch, the good photograph included. */
const BATCH = 9;
/** What an allocator may keep once it has met every kind of file, MB; it depends on what ran at the same time. */
const MET_MB = 100;
/** What a round may leave behind, MB: 35 kB a file of 1,400, a quarter of one decoded picture. */
const LEAKED_MB = 50;
/** What the answers are made of. */
const { manifest } = await openBundle(catdog);
const photo = readFileSync(catPhoto);

interface HostileFile {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Every file below a folder, by its path in it. */
function corpus(folder: string): HostileFile[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'README.md')
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => ({ name: path.slice(folder.length + 1), bytes: readFileSync(path) }));
}

function form(files: readonly HostileFile[]): FormData {
  const body = new FormData();
  for (const { name, bytes } of files) body.append('file', new Blob([Uint8Array.from(bytes)]), name);
  return body;
}

/** "200 cat" or "422 IMAGE_UNREADABLE", after the body was held against its schema. */
function outcomeOf(status: number, body: unknown): string {
  if (status === 200) return `200 ${predictionSchema(manifest).parse(body).label}`;
  return `${status} ${errorBodySchema.parse(body).error.code}`;
}

describeWhenSet('PAWL_TEST_HOSTILE', 'files that break image services', (folder) => {
  const rounds = Number(process.env['PAWL_TEST_HOSTILE_ROUNDS'] ?? '1');
  const files = corpus(folder);
  const groups = Array.from({ length: Math.ceil(files.length / (BATCH - 1)) }, (_, i) =>
    files.slice(i * (BATCH - 1), (i + 1) * (BATCH - 1)),
  );
  let service: RunningService;

  /** Resident memory before any hostile file, MB. */
  let warm: number;

  beforeAll(async () => {
    const limits = { REQUEST_DEADLINE_MS: String(ANSWER_MS), IMAGE_TIMEOUT_MS: String(ANSWER_MS) };
    service = await startService({ ...productionRuntime().env, ...limits });
    await warmUp();
    warm = await settledMb();
  }, 600_000);
  afterAll(async () => {
    await service.stop();
  });

  /** Sends a request; its answer must come in time and be no failure of the service. */
  async function ask(what: string, path: string, init: RequestInit): Promise<{ status: number; body: unknown }> {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const response = await fetch(service.url + path, { method: 'POST', signal, ...init }).catch((error: unknown) => {
      throw new Error(`${what}: no answer`, { cause: error });
    });
    const body: unknown = await response.json();
    if (response.status >= 500 || response.status === 429)
      throw new Error(`${what}: ${response.status} ${JSON.stringify(body)}`);
    return { status: response.status, body };
  }

  const asForm = async (file: HostileFile): Promise<string> => {
    const { status, body } = await ask(`${file.name} as multipart`, '/predict', { body: form([file]) });
    return outcomeOf(status, body);
  };
  const asBody = async (file: HostileFile): Promise<string> => {
    const headers = { 'content-type': 'application/octet-stream' };
    const request = { body: Uint8Array.from(file.bytes), headers };
    const { status, body } = await ask(`${file.name} as the body`, '/predict', request);
    return outcomeOf(status, body);
  };
  /** Sends a group around the good photograph; gives the group's outcomes in order. */
  const asBatch = async (group: readonly HostileFile[]): Promise<string[]> => {
    const middle = Math.floor(group.length / 2);
    const mixed = [...group.slice(0, middle), { name: 'good.jpg', bytes: photo }, ...group.slice(middle)];
    const { body } = await ask(`batch from ${group[0]!.name}`, '/predict/batch', { body: form(mixed) });
    const outcomes = batchSchema(manifest)
      .parse(body)
      .predictions.map((entry) => {
        if (!('error' in entry)) return `200 ${entry.label}`;
        const { code } = errorBodySchema.parse(entry).error;
        return `${errorCodes[code as keyof typeof errorCodes].status} ${code}`;
      });
    expect([group[0]!.name, ...outcomes.splice(middle, 1)]).toEqual([group[0]!.name, '200 cat']);
    return outcomes;
  };

  /** What any service has seen after a while: each format at 12 Mpx, photographs, batches of them. */
  const warmUp = async (): Promise<void> => {
    const large = sharp({
      create: {
        width: 4000,
        height: 3000,
        channels: 3,
        background: 'teal',
        noise: { type: 'gaussian', mean: 128, sigma: 9 },
      },
    });
    const raw = await large.jpeg().toBuffer();
    const pictures = await Promise.all(
      (['jpeg', 'png', 'webp', 'gif', 'avif'] as const).map(async (format) => ({
        name: `large.${format}`,
        bytes: await sharp(raw).resize(4000, 3000).toFormat(format, { effort: 1 }).toBuffer(),
      })),
    );
    const small = pictures.filter(({ bytes }) => bytes.length < 10_000_000);
    for (let i = 0; i < 5; i++) for (const picture of small) await asForm(picture);
    const good = { name: 'good.jpg', bytes: photo };
    await forEachLimited(Array.from({ length: 400 }), AT_ONCE, () => asForm(good));
    // One after another: several batches of large pictures at once would pass their deadline on a busy machine.
    const batch = [...small.slice(0, 2), ...Array.from({ length: 6 }, () => good)];
    for (let i = 0; i < 24; i++) await asBatch(batch);
  };

  /** What is left when the allocator has given back what it will: when three seconds bring no less, 15 at most. */
  const settledMb = async (): Promise<number> => {
    const looks: number[] = [];
    const settled = () => {
      looks.push(residentMb(service.pid));
      const last = looks.slice(-3);
      return looks.length > 15 || (looks.length > 3 && Math.min(...last) >= Math.min(...looks.slice(0, -3)));
    };
    await eventually('memory that falls no more', settled, { everyMs: 1_000 });
    return Math.min(...looks);
  };

  const stillWell = async (): Promise<void> => {
    expect(await statusOf(`${service.url}/readyz`)).toBe(200);
    expect(await metric(service.url, 'catdog_worker_deaths')).toBe(0);
    expect(await metric(service.url, 'catdog_images_in_flight')).toBe(0);
    expect(await metric(service.url, 'catdog_upload_buffered_bytes')).toBe(0);
    expect(service.log.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
  };

  it(`each of ${files.length} gets the same prediction or clear 4xx, alone, as a body and beside a good photograph`, async () => {
    expect(files.length).toBeGreaterThan(0);
    const asked = new Map<HostileFile, string[]>();
    await forEachLimited(files, AT_ONCE, async (file) => {
      asked.set(file, [await asForm(file), await asBody(file)]);
    });
    await forEachLimited(groups, AT_ONCE, async (group) => {
      const outcomes = await asBatch(group);
      group.forEach((file, i) => asked.get(file)!.push(outcomes[i]!));
    });
    const table: Record<string, number> = {};
    const torn: string[] = [];
    for (const [{ name }, [first, ...others]] of asked) {
      table[first!] = (table[first!] ?? 0) + 1;
      if (others.some((other) => other !== first)) torn.push(`${name}: ${[first, ...others].join(', ')}`);
    }
    report(`${files.length} hostile files`, Object.fromEntries(Object.entries(table).sort()));
    expect(torn).toEqual([]);
    await stillWell();
  }, 1_200_000);

  it(
    `${rounds} more round(s) of them leave no memory behind`,
    async () => {
      // The test before was round 0.
      const after = [await settledMb()];
      for (let round = 1; round <= rounds; round++) {
        await forEachLimited(files, AT_ONCE, asForm);
        await forEachLimited(groups, AT_ONCE, asBatch);
        after.push(await settledMb());
      }
      report('resident memory, MB', { warm, ...Object.fromEntries(after.map((mb, i) => [`after round ${i}`, mb])) });
      for (const mb of after) expect(mb).toBeLessThanOrEqual(warm + MET_MB);
      // Round 0 has met everything; what comes after may not grow on it.
      for (const mb of after.slice(1)) expect(mb).toBeLessThanOrEqual(after[0]! + LEAKED_MB);
      await stillWell();
    },
    600_000 + rounds * 600_000,
  );
});
