import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import type { Context } from '../terminal/context.ts';
import { CliError } from '../errors/cli-error.ts';
import { writeError } from '../errors/write-error.ts';
import { plain, widthOf } from '../terminal/text.ts';
import type { Theme } from '../terminal/theme.ts';
import { bundledPhotos, readLabelledPhotos, sendingOrder, type LabelledPhoto } from './labelled-photos.ts';
import { renderHeading, renderRecord, renderSummary, type LineLayout } from './render.ts';
import { summarizeRequests, type RequestRecord, type SimulationReport } from './report.ts';
import { ServiceClient } from './service-client.ts';
import { asCliError, simulate } from './simulate.ts';

/** What is sent where. */
export interface SimulationRequest {
  readonly url: string;
  readonly count: number;
  /** As on the command line; undefined: the bundled ones. */
  readonly photos: string | undefined;
  readonly concurrency: number;
  readonly seed: number;
  readonly timeoutMs: number;
}

export interface RunSimulationOptions extends SimulationRequest {
  /** As on the command line. */
  readonly out: string;
}

/** Told of a simulation as it goes. */
interface SimulationListener {
  /** Before the first request. */
  readonly begins?: (layout: LineLayout) => void;
  readonly record?: (record: RequestRecord, layout: LineLayout) => void;
}

/** What a simulation came to, and why it ended early, where it did. */
export interface SimulationOutcome {
  readonly report: SimulationReport;
  readonly gaveUp: CliError | undefined;
}

/**
 * Sends, writes a line a request and the summary, and saves the report, also of a simulation that ended early.
 *
 * @throws CliError SERVICE_UNREACHABLE, SERVICE_REFUSED, USAGE, FILE_NOT_FOUND, DATA_EMPTY, FILE_WRITE_FAILED, DISK_FULL.
 */
export async function runSimulation(
  context: Context,
  theme: Theme,
  options: RunSimulationOptions,
): Promise<SimulationOutcome> {
  const { stdout, cwd } = context;
  const { report, gaveUp, labels, photos } = await send(context, options, {
    begins: (layout) => stdout.write(`${renderHeading(layout, theme)}\n`),
    record: (record, layout) => stdout.write(`${renderRecord(record, layout, theme)}\n`),
  });
  stdout.write(`\n${renderSummary(report, theme).join('\n')}\n`);
  warnOfStrangers(photos, labels, context);
  await save(resolve(cwd, options.out), report);
  stdout.write(`\nwrote ${options.out}\n`);
  return { report, gaveUp };
}

/** {@link runSimulation} that writes nothing but warnings. Errors as there, but for those of files that are written. */
export async function makeSimulation(context: Context, request: SimulationRequest): Promise<SimulationOutcome> {
  const { report, gaveUp, labels, photos } = await send(context, request);
  warnOfStrangers(photos, labels, context);
  return { report, gaveUp };
}

async function send(
  context: Context,
  request: SimulationRequest,
  listener: SimulationListener = {},
): Promise<SimulationOutcome & { readonly labels: ReadonlySet<string>; readonly photos: readonly LabelledPhoto[] }> {
  const { stderr, cwd, signal, now } = context;
  const { url, count, concurrency, seed, timeoutMs } = request;
  const service = new ServiceClient(url, timeoutMs, signal);
  const folder = request.photos === undefined ? bundledPhotos : resolve(cwd, request.photos);
  const photos = await readLabelledPhotos(folder);

  const health = await service.health();
  if (!health.ok) throw asCliError(service.url, health.failure);
  if (!health.value.modelLoaded) stderr.write('warning: the service has no model loaded yet\n');

  const begin = now();
  const layout = { total: count, labelWidth: Math.max(4, ...photos.map(({ label }) => widthOf(label))) };
  listener.begins?.(layout);
  const { records, labels, gaveUp } = await simulate(service, sendingOrder(photos, count, seed), {
    context,
    concurrency,
    onRecord: (record) => {
      listener.record?.(record, layout);
    },
  });
  const report = summarizeRequests(
    {
      started_at: begin.toISOString(),
      seconds: (now().getTime() - begin.getTime()) / 1000,
      url: service.url,
      photos: relative(cwd, folder) || '.',
      seed,
      concurrency,
    },
    records,
  );
  return { report, gaveUp, labels, photos };
}

/** Photographs of a label that the model does not have are all wrong for a reason that has nothing to do with its weights. */
function warnOfStrangers(photos: readonly LabelledPhoto[], known: ReadonlySet<string>, { stderr }: Context): void {
  const strange = new Set(photos.map(({ label }) => label).filter((label) => !known.has(label)));
  if (known.size === 0 || strange.size === 0) return;
  const list = (labels: ReadonlySet<string>) => [...labels].sort().slice(0, 10).map(plain).join(', ');
  stderr.write(`warning: photographs are labelled ${list(strange)}; the model knows ${list(known)}\n`);
}

/** @throws CliError FILE_WRITE_FAILED, DISK_FULL. */
async function save(path: string, report: SimulationReport): Promise<void> {
  const partial = `${path}.partial`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(partial, `${JSON.stringify(report, null, 2)}\n`);
    await rename(partial, path);
  } catch (cause) {
    throw writeError(path, cause, { elsewhere: 'name another place with --out' });
  }
}
