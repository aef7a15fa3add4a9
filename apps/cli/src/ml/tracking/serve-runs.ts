import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CliError } from '../../errors/cli-error.ts';
import type { Context } from '../../terminal/context.ts';
import { choosePort, startMlflow } from './mlflow-process.ts';
import { pushRuns } from './push-runs.ts';
import { onDisk } from './store-files.ts';

/** MLflow's own default. */
export const DEFAULT_PORT = 5000;
/** Milliseconds between two looks for new runs and new figures. */
const REFRESH_MS = 5000;

/** What {@link serveRuns} serves, and how. */
export interface ServeOptions {
  /** Absolute path of the folder of all runs. */
  readonly root: string;
  /** Absolute path of `mlflow`. */
  readonly executable: string;
  /** Default: {@link DEFAULT_PORT}, or any where that is in use. */
  readonly port?: number | undefined;
  /** Absolute path of a folder that keeps the server's data; default: one that is deleted at the end. */
  readonly store?: string | undefined;
  /** Told once the runs are there. */
  readonly onReady: (server: { readonly url: string; readonly runs: number }) => void;
  /** Told of artifacts that are not what the record says; once for each run. */
  readonly onChangedArtifacts: (run: string, paths: readonly string[]) => void;
}

/**
 * Shows the runs of a folder in MLflow: starts its server with a store of its own, replays every run to it, and then what
 * is new, runs in progress included. Returns after the signal, when the server is gone.
 *
 * @throws CliError USAGE for a port in use; TRACKING_UNREACHABLE when the server ends by itself; FILE_WRITE_FAILED,
 * DISK_FULL; the signal's reason when it comes before the runs are there.
 */
export async function serveRuns(
  context: Pick<Context, 'env' | 'signal' | 'sleep'>,
  options: ServeOptions,
): Promise<void> {
  const { executable } = options;
  const port = await choosePort(options.port ?? DEFAULT_PORT, options.port !== undefined);
  const store = options.store ?? (await mkdtemp(join(tmpdir(), 'pawl-runs-')));
  try {
    await onDisk(store, () => mkdir(store, { recursive: true }));
    const server = await startMlflow(context, { executable, store, port });
    try {
      await Promise.race([replay(context, options, store, server.url), endedByItself(server.ended, context.signal)]);
    } finally {
      await server.stop();
    }
  } finally {
    if (options.store === undefined) await rm(store, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Sends what there is, and then what is new until the signal. */
async function replay(
  context: Pick<Context, 'env' | 'signal' | 'sleep'>,
  { root, onReady, onChangedArtifacts }: ServeOptions,
  store: string,
  url: string,
): Promise<void> {
  const settings = { kind: 'server', url, authorization: undefined } as const;
  // The notes live and die with the store: beside the record they would speak of a server that is gone.
  const notes = ({ runId }: { readonly runId: string }) => join(store, 'sent', `${runId}.json`);
  const send = async (): Promise<number> => {
    let runs = 0;
    await pushRuns(
      root,
      settings,
      context,
      ({ name, changedArtifacts }) => {
        runs += 1;
        if (changedArtifacts.length > 0) onChangedArtifacts(name, changedArtifacts);
      },
      { notes, withBusy: true },
    );
    return runs;
  };
  onReady({ url, runs: await send() });
  for (;;) {
    await context.sleep(REFRESH_MS);
    if (context.signal.aborted) return;
    await send().catch((error: unknown) => {
      if (!context.signal.aborted) throw error;
    });
  }
}

async function endedByItself(ended: Promise<string>, signal: AbortSignal): Promise<void> {
  const output = await ended;
  if (signal.aborted) return;
  throw new CliError('TRACKING_UNREACHABLE', `mlflow server ended:\n${output.trim()}`, 'Run the same command again.');
}
